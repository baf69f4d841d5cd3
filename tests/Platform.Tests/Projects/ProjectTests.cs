using System.Net;
using System.Net.Http.Json;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Projects;

namespace Holdfast.Platform.Tests.Projects;

/// <summary>Projects applied to a whole server.</summary>
public sealed class ProjectTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Each_project_has_channels_and_policies_of_its_own_but_an_endpoint_has_one_owner()
    {
        await using var host = await TestHost.Start();
        using var owner = host.AsOwner();
        Assert.Equal(HttpStatusCode.OK, (await Apply(owner, "one", "a")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await Apply(owner, "two", "b")).StatusCode);
        var channels = await owner.GetFromJsonAsync<Page<ChannelInfo>>("/api/v1/channels", HoldfastJson.Options, Ct);
        Assert.Equal(["project:one", "project:two"], channels!.Items.Select(c => c.ManagedBy));

        var taken = await Apply(owner, "three", "a");
        Assert.Equal(HttpStatusCode.BadRequest, taken.StatusCode);
        Assert.Contains((await host.Problem(taken)).Faults!, f => f.Field == "endpoints.a" && f.Message.Contains("'one'", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_applied_again_is_unchanged_and_what_is_gone_goes_only_with_prune()
    {
        await using var host = await TestHost.Start();
        using var owner = host.AsOwner();
        await Apply(owner, "one", "a");
        Assert.All(await Changes(await Apply(owner, "one", "a")), c => Assert.Equal("unchanged", c.Action));
        Assert.Contains(new ProjectChange("endpoint", "a", "keep"), await Changes(await Apply(owner, "one", "b")));
        Assert.Contains(new ProjectChange("endpoint", "a", "delete"), await Changes(await Apply(owner, "one", "b", prune: true)));
        Assert.Equal(HttpStatusCode.NotFound, (await owner.GetAsync("/api/v1/endpoints/a", Ct)).StatusCode);
    }

    private async Task<HttpResponseMessage> Apply(HttpClient client, string project, string endpoint, bool prune = false)
    {
        var folder = Directory.CreateDirectory(_folder.File(project)).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "rules.yaml"), "inputs:\n  x: {type: number, default: 0}\nelse: {score: 0.1, prediction: \"0\"}\n", Ct);
        await File.WriteAllTextAsync(
            Path.Combine(folder, "holdfast.yaml"),
            $$"""
            channels:
              team: log
            endpoints:
              {{endpoint}}: {fallback: rules.yaml}
            monitors:
              {{endpoint}}: {every: 1h}
            responses:
              - on: {kind: data_fault}
                do: [notify: team, snapshot]
            """,
            Ct);
        return await client.PostAsJsonAsync("/api/v1/projects", new ApplyProject(folder, Prune: prune), HoldfastJson.Options, Ct);
    }

    private static async Task<IReadOnlyList<ProjectChange>> Changes(HttpResponseMessage response) =>
        (await response.Content.ReadFromJsonAsync<ProjectPlan>(HoldfastJson.Options, Ct))!.Changes;
}
