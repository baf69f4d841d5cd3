using System.Text.Json;
using Holdfast.Platform.Tests;
using Holdfast.Wire.Mlflow;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Wire.Tests.Mlflow;

/// <summary>Holds <c>endpoints.json</c> to the truth: what it calls built is mapped, what is mapped stands in it, what is absent answers as such.</summary>
public sealed class EndpointsTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_list_and_the_routes_agree()
    {
        await using var host = await TestHost.Start();
        var listed = Listed().Where(e => e.State != "absent").SelectMany(Spellings).ToHashSet();
        var mapped = host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => IsMlflow(e.RoutePattern.RawText!) && !e.RoutePattern.RawText!.EndsWith("/{**rest}", StringComparison.Ordinal))
            .SelectMany(e => e.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods.Select(m => (m, e.RoutePattern.RawText!)))
            .ToHashSet();
        Assert.Empty(listed.Except(mapped).Select(e => $"listed, not mapped: {e}"));
        Assert.Empty(mapped.Except(listed).Select(e => $"mapped, not listed: {e}"));
    }

    [Fact]
    public async Task What_is_absent_answers_so_in_MLflows_shape()
    {
        await using var host = await TestHost.Start();
        foreach (var (_, method, path, _) in Listed().Where(e => e.State == "absent" && IsMlflow(e.Path)))
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), path.Replace("{", "", StringComparison.Ordinal).Replace("}", "", StringComparison.Ordinal));
            using var response = await host.Client.SendAsync(request, Ct);
            var body = await response.Content.ReadAsStringAsync(Ct);
            Assert.True((int)response.StatusCode == 404 && body.Contains("\"ENDPOINT_NOT_FOUND\"", StringComparison.Ordinal), $"{method} {path}: {(int)response.StatusCode} {body}");
        }
    }

    [Fact]
    public void Every_endpoint_of_tier_one_is_built() =>
        Assert.DoesNotContain(Listed(), e => e.Tier == 1 && e.State == "absent");

    private static bool IsMlflow(string path) =>
        path.StartsWith("/api/2.0/", StringComparison.Ordinal) || path.StartsWith("/api/3.0/", StringComparison.Ordinal) || path.StartsWith("/ajax-api/", StringComparison.Ordinal)
        || path is "/graphql" or "/v1/traces" or "/health" or "/version" or "/get-artifact" or "/model-versions/get-artifact";

    // Every endpoint of the SDKs also stands under the prefix of MLflow's pages.
    private static IEnumerable<(string Method, string Path)> Spellings((int Tier, string Method, string Path, string State) e) =>
        e.Path.StartsWith("/api/", StringComparison.Ordinal) ? [(e.Method, e.Path), (e.Method, "/ajax-api/" + e.Path[5..])] : [(e.Method, e.Path)];

    private static List<(int Tier, string Method, string Path, string State)> Listed()
    {
        using var stream = typeof(MlflowApi).Assembly.GetManifestResourceStream("Mlflow/endpoints.json")!;
        using var document = JsonDocument.Parse(stream);
        return [.. document.RootElement.GetProperty("endpoints").EnumerateArray().Select(e =>
            (e.GetProperty("tier").GetInt32(), e.GetProperty("method").GetString()!, e.GetProperty("path").GetString()!, e.GetProperty("state").GetString()!))];
    }
}
