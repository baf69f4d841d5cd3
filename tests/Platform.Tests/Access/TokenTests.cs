using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using Holdfast.Access;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Storage;
using Holdfast.Storage.Sql;

namespace Holdfast.Platform.Tests.Access;

public sealed class TokenTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_secret_is_long_enough_for_every_client_and_is_never_stored()
    {
        await using var host = await TestHost.Start();
        var secret = await host.Token(Role.Editor);
        Assert.True(secret.Length >= 40);
        var stored = await host.Service<Db>().Read(tx => tx.Query("select prefix || sha256 || name from access_token", r => r.Text(0)), Ct);
        Assert.DoesNotContain(stored, s => s.Contains(secret[8..], StringComparison.Ordinal));
        var listed = await host.Client.GetStringAsync("/api/v1/tokens", Ct);
        Assert.DoesNotContain(secret[8..], listed, StringComparison.Ordinal);
        Assert.DoesNotContain(secret[8..], await host.Client.GetStringAsync("/api/v1/journal", Ct), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Bearer {0}")]
    [InlineData("Basic user:{0}")]
    [InlineData("Basic api:{0}")]
    public async Task Bearer_and_Basic_carry_the_token(string form)
    {
        await using var host = await TestHost.Start(requireToken: true);
        var text = string.Format(null, CompositeFormat.Parse(form), await host.Token(Role.Viewer));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/whoami");
        request.Headers.Authorization = text.StartsWith("Basic ", StringComparison.Ordinal)
            ? new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(text[6..])))
            : AuthenticationHeaderValue.Parse(text);
        using var response = await host.Client.SendAsync(request, Ct);
        var who = await response.Content.ReadFromJsonAsync<WhoAmI>(HoldfastJson.Options, Ct);
        Assert.Equal(new WhoAmI("test-viewer", "viewer", "default", MayExecute: false), who);
    }

    [Fact]
    public async Task A_revoked_token_ends_at_once_and_an_expired_one_by_itself()
    {
        var clock = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        await using var host = await TestHost.Start(requireToken: true, change: o => o with { Time = clock });
        using var admin = host.AsOwner();
        async Task<string> New(CreateToken request) =>
            (await (await admin.PostAsJsonAsync("/api/v1/tokens", request, HoldfastJson.Options, Ct)).Content.ReadFromJsonAsync<CreatedToken>(HoldfastJson.Options, Ct))!.Secret;
        using var revoked = host.With(await New(new CreateToken("revoked")));
        using var expiring = host.With(await New(new CreateToken("expiring", ExpiresAt: clock.GetUtcNow().AddHours(1))));
        Assert.Equal(HttpStatusCode.OK, (await revoked.GetAsync("/api/v1/whoami", Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await expiring.GetAsync("/api/v1/whoami", Ct)).StatusCode);

        Assert.Equal(HttpStatusCode.NoContent, (await admin.DeleteAsync("/api/v1/tokens/revoked", Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await revoked.GetAsync("/api/v1/whoami", Ct)).StatusCode);
        clock.Advance(TimeSpan.FromHours(2));
        Assert.Equal(HttpStatusCode.Unauthorized, (await expiring.GetAsync("/api/v1/whoami", Ct)).StatusCode);
    }

    [Fact]
    public async Task A_token_reaches_only_its_own_workspace()
    {
        await using var host = await TestHost.Start(requireToken: true);
        using var owner = host.AsOwner();
        (await owner.PostAsJsonAsync("/api/v1/workspaces", new CreateWorkspace("other"), HoldfastJson.Options, Ct)).EnsureSuccessStatusCode();
        using var stranger = host.With(await host.Token(Role.Admin));
        stranger.DefaultRequestHeaders.Add(AccessMiddleware.WorkspaceHeader, "other");
        Assert.Equal("default", (await stranger.GetFromJsonAsync<WhoAmI>("/api/v1/whoami", HoldfastJson.Options, Ct))!.Workspace);
        owner.DefaultRequestHeaders.Add(AccessMiddleware.WorkspaceHeader, "other");
        Assert.Equal("other", (await owner.GetFromJsonAsync<WhoAmI>("/api/v1/whoami", HoldfastJson.Options, Ct))!.Workspace);
    }

    [Theory]
    [InlineData("api")]
    [InlineData("metrics")]
    [InlineData("_blazor")]
    public async Task A_workspace_may_not_take_the_name_of_a_route(string name)
    {
        await using var host = await TestHost.Start();
        using var response = await host.Client.PostAsJsonAsync("/api/v1/workspaces", new CreateWorkspace(name), HoldfastJson.Options, Ct);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task A_run_token_is_an_editor_that_cannot_execute_until_it_ends()
    {
        var clock = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        using var folder = new TemporaryFolder();
        using var data = DataFolder.Open(folder.Path);
        var tokens = new RunTokens(data, clock);
        var token = tokens.Issue(new Principal(7, "owner", Role.Admin, MayExecute: true), "a.b", TimeSpan.FromHours(1));
        Assert.Equal(new Principal(7, "run:a.b", Role.Editor), tokens.Verify(token));
        Assert.Null(tokens.Verify(token.Replace("hfr_7", "hfr_1", StringComparison.Ordinal)));
        Assert.Null(tokens.Verify("hfr_"));
        Assert.Null(tokens.Verify("hfr_1.2"));
        clock.Advance(TimeSpan.FromHours(2));
        Assert.Null(tokens.Verify(token));
    }
}
