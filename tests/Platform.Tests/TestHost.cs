using System.Net.Http.Headers;
using System.Net.Http.Json;
using Holdfast.Access;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Serve;
using Holdfast.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Holdfast.Platform.Tests;

/// <summary>The whole server, as it ships, on a free port and a folder of its own.</summary>
public sealed class TestHost : IAsyncDisposable
{
    private readonly TemporaryFolder? _own;

    private TestHost(WebApplication app, string url, TemporaryFolder? own)
    {
        App = app;
        Url = url;
        _own = own;
        Client = With(null);
    }

    public WebApplication App { get; }

    public string Url { get; }

    /// <summary>A client without credentials.</summary>
    public HttpClient Client { get; }

    public IServiceProvider Services => App.Services;

    public static async Task<TestHost> Start(string? data = null, bool requireToken = false, Func<ServeOptions, ServeOptions>? change = null, Action<IServiceCollection>? customize = null)
    {
        var own = data is null ? new TemporaryFolder() : null;
        var options = ServeOptions.Embedded(data ?? own!.Path) with { RequireToken = requireToken, LogLevel = LogLevel.Error };
        var app = HoldfastServer.Build(change?.Invoke(options) ?? options, customize);
        await HoldfastServer.Start(app);
        return new TestHost(app, ServerLife.Address(app.Services.GetRequiredService<IServer>()), own);
    }

    public T Service<T>()
        where T : notnull => App.Services.GetRequiredService<T>();

    /// <summary>A client with a token.</summary>
    public HttpClient With(string? token)
    {
        var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(Url) };
        if (token is not null)
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    /// <summary>A client with the token of the data folder's owner: it may execute.</summary>
    public HttpClient AsOwner() => With(Service<DataFolder>().Token);

    /// <summary>A new token of a role.</summary>
    public async Task<string> Token(Role role, string? name = null)
    {
        var owner = new Principal(Principal.DefaultWorkspaceId, "owner", Role.Admin, MayExecute: true);
        var word = role.ToString().ToLowerInvariant();
        return (await Service<AccessService>().CreateToken(owner, new CreateToken(name ?? "test-" + word, word))).Secret;
    }

    public async Task<Problem> Problem(HttpResponseMessage response)
    {
        ArgumentNullException.ThrowIfNull(response);
        return (await response.Content.ReadFromJsonAsync<Problem>(HoldfastJson.Options))!;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await App.StopAsync();
        await App.DisposeAsync();
        _own?.Dispose();
    }
}

/// <summary>One open server for all tests of a class that leave no trace for each other.</summary>
public sealed class SharedHost : IAsyncLifetime
{
    public TestHost Host { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Host = await TestHost.Start();

    public ValueTask DisposeAsync() => Host.DisposeAsync();
}
