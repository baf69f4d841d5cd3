using System.Text.Json;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Holdfast.Demo;

/// <summary>Stands where a team's Slack would be: a web server on loopback that takes messages in Slack's webhook format and shows them.</summary>
internal sealed class SlackInbox : IAsyncDisposable
{
    private readonly WebApplication _app;

    private SlackInbox(WebApplication app) => _app = app;

    /// <summary>Where to send messages.</summary>
    public string Url => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First() + "/services/demo";

    public static async Task<SlackInbox> Open(Action<string> show, CancellationToken ct)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRoutingCore();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Run(async context =>
        {
            using var message = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
            show(message.RootElement.TryGetProperty("text", out var text) ? text.GetString() ?? "" : message.RootElement.ToString());
            await context.Response.WriteAsync("ok", context.RequestAborted);
        });
        await app.StartAsync(ct);
        return new SlackInbox(app);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
