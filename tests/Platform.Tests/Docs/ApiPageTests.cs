using System.Text;
using Holdfast.Kernel;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Platform.Tests.Docs;

/// <summary>docs/api.md lists the routes of the native API with the right that each needs.</summary>
public sealed class ApiPageTests
{
    [Fact]
    public async Task The_page_lists_every_route_of_the_native_API()
    {
        await using var host = await TestHost.Start();
        var page = new StringBuilder("""
            # The native API

            JSON with snake_case names, times in RFC 3339 UTC, absent instead of null. Lists are `{"items": […], "next_token": …}`. Errors are RFC 9457 problems (`application/problem+json`) with `code`, `hint` (the remedy) and, for a rejected input, `faults`: all of them at once.

            | code | status |
            |---|---|

            """);
        foreach (var code in Enum.GetValues<Holdfast.Contracts.ErrorCode>())
            page.Append(null, $"| `{System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(code.ToString())}` | {Holdfast.Serve.Problems.Status(code)} |\n");
        page.Append("\nWith `--auth on`, send `Authorization: Bearer TOKEN`. *execute* means that the route can make the server run a command ([security.md](security.md)).\n");
        var routes = host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Select(e => (Path: "/" + e.RoutePattern.RawText!.Trim('/'), Endpoint: e))
            .Where(r => r.Path.StartsWith("/api/v1/", StringComparison.Ordinal) && r.Path != "/api/v1/{**rest}")
            .SelectMany(r => (r.Endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["ANY"]).Select(m => (r.Path, Method: m, Right: r.Endpoint.Metadata.GetMetadata<RequiredRight>()!)))
            .OrderBy(r => r.Path, StringComparer.Ordinal).ThenBy(r => r.Method, StringComparer.Ordinal);
        foreach (var group in routes.GroupBy(r => r.Path.Split('/')[3]))
        {
            page.Append(null, $"\n## {group.Key}\n\n| | route | right |\n|---|---|---|\n");
            foreach (var (path, method, right) in group)
                page.Append(null, $"| {method} | `{path}` | {right.Role?.ToString().ToLowerInvariant() ?? "open"}{(right.Execute ? ", *execute*" : "")} |\n");
        }

        WrittenDocument.Check("docs/api.md", page.ToString());
    }
}
