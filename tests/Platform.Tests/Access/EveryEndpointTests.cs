using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Holdfast.Kernel;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Platform.Tests.Access;

/// <summary>Walks every mapped route as nobody, viewer, editor and admin, and compares the answer with the right it declares.</summary>
public sealed partial class EveryEndpointTests
{
    [Fact]
    public async Task Every_route_declares_a_right()
    {
        await using var host = await TestHost.Start();
        var silent = Routes(host).Where(e => e.Metadata.GetMetadata<RequiredRight>() is null).Select(e => e.DisplayName);
        Assert.Empty(silent);
    }

    [Fact]
    public async Task No_route_lets_in_who_lacks_its_right_and_none_refuses_who_has_it()
    {
        await using var host = await TestHost.Start(requireToken: true);
        var clients = new (string Who, Role? Role, bool Execute, HttpClient Client)[]
        {
            ("anonymous", null, false, host.With(null)),
            ("unknown token", null, false, host.With("hf_" + new string('0', 48))),
            ("viewer", Role.Viewer, false, host.With(await host.Token(Role.Viewer))),
            ("editor", Role.Editor, false, host.With(await host.Token(Role.Editor))),
            ("admin", Role.Admin, true, host.With(await host.Token(Role.Admin))),
        };
        var wrong = new List<string>();
        var walked = 0;
        foreach (var endpoint in Routes(host))
        {
            var right = endpoint.Metadata.GetMetadata<RequiredRight>()!;
            foreach (var method in Methods(endpoint))
            {
                foreach (var (who, role, execute, client) in clients)
                {
                    var expected = right.Role is null || (role >= right.Role && (!right.Execute || execute));
                    var status = await Send(client, method, Example(endpoint));
                    // The log-in itself answers 401 to a wrong token.
                    var refused = status is HttpStatusCode.Forbidden || (status is HttpStatusCode.Unauthorized && endpoint.RoutePattern.RawText != "/login");
                    if (expected == refused)
                        wrong.Add($"{method} {endpoint.RoutePattern.RawText} as {who}: {(int)status}, {(expected ? "should be let in" : "should be refused")}");
                    if (!expected && role is null && status != HttpStatusCode.Unauthorized)
                        wrong.Add($"{method} {endpoint.RoutePattern.RawText} as {who}: {(int)status} instead of 401");
                    walked++;
                    if (status == HttpStatusCode.InternalServerError)
                        wrong.Add($"{method} {endpoint.RoutePattern.RawText} as {who}: 500");
                }
            }
        }

        Assert.Empty(wrong);
        Assert.True(walked > 50, $"only {walked} requests were made");
    }

    [Fact]
    public async Task An_open_server_lets_nobody_execute_without_the_owners_token()
    {
        await using var host = await TestHost.Start();
        using var owner = host.AsOwner();
        foreach (var endpoint in Routes(host).Where(e => e.Metadata.GetMetadata<RequiredRight>() is { Execute: true }))
        {
            foreach (var method in Methods(endpoint))
            {
                Assert.Equal(HttpStatusCode.Forbidden, await Send(host.Client, method, Example(endpoint)));
                Assert.NotEqual(HttpStatusCode.Forbidden, await Send(owner, method, Example(endpoint)));
            }
        }
    }

    private static IEnumerable<RouteEndpoint> Routes(TestHost host) =>
        host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>();

    // The circuit's own POSTs read a protocol body first; GET stands for them.
    private static IEnumerable<string> Methods(RouteEndpoint endpoint) =>
        endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods is { Count: > 0 } methods ? methods : ["GET"];

    private static async Task<HttpStatusCode> Send(HttpClient client, string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (method is "POST" or "PUT" or "PATCH")
            request.Content = new StringContent("{}", Encoding.UTF8, "application/json");
        using var end = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        // A stream never ends: its headers are the answer.
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, end.Token);
        return response.StatusCode;
    }

    // "{name:int=5}" -> "1", "{**rest}" -> "x".
    private static string Example(RouteEndpoint endpoint) =>
        "/" + Parameter().Replace(endpoint.RoutePattern.RawText?.TrimStart('/') ?? "", m => m.Value.Contains(":int", StringComparison.Ordinal) || m.Value.Contains(":long", StringComparison.Ordinal) ? "1"
            // Of several parts, as one could be another route's parameter.
            : m.Value.Contains('*', StringComparison.Ordinal) ? "x/y/z"
            : "x");

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Parameter();
}
