using System.Text;
using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Data;
using Holdfast.Kernel;
using Holdfast.Lineage;
using Holdfast.Registry;
using Holdfast.Serving;
using Holdfast.Tracking;

namespace Holdfast.Platform.Tests.Lineage;

/// <summary>Dataset version -> run -> model version -> endpoint, followed both ways on the real server.</summary>
public sealed class LineageTests : IDisposable
{
    private static readonly Principal Someone = new(1, "someone", Role.Admin, MayExecute: true);
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_chain_is_the_same_from_each_of_its_ends()
    {
        await using var host = await TestHost.Start();
        var (tracking, registry, lineage) = (host.Service<TrackingService>(), host.Service<RegistryService>(), host.Service<LineageService>());
        var data = await host.Service<DataService>().AddStream(Someone, "credit", "d.csv", new MemoryStream(Encoding.UTF8.GetBytes("a,b\n1,2\n")), "test", Ct);
        var run = await tracking.CreateRun(Someone, new NewRun("0", "trainer"), Ct);
        await tracking.LogInputs(Someone, run.RunId, [new RunInput("d.csv", data.Hash[..32], "local", "d.csv"), new RunInput("elsewhere", "77", "local", "x")], Ct);
        var fork = await tracking.ForkRun(Someone, run.RunId, new RunFork("fork"), Ct);
        var stranger = await tracking.CreateRun(Someone, new NewRun("0", "stranger"), Ct);
        await registry.CreateVersion(Someone, new NewModelVersion("m", Package(), run.RunId, data.Ref), Ct);
        await registry.SetAlias(Someone, "m", "champion", 1, Ct);
        await host.Service<ServingService>().ApplyEndpoint(Someone, new EndpointSpec("door", "m@champion", "", "wall", null, default, default, null), null, Ct);

        var down = await lineage.Trace(Someone, "dataset_version", data.Ref, up: false, ct: Ct);
        Assert.Equal(["dataset_version:credit@v1", $"run:{run.RunId}", $"run:{fork.RunId}", "model_version:m/1", "endpoint:door"], down.Nodes.Select(n => n.Id).OrderBy(Order));
        var up = await lineage.Trace(Someone, "endpoint", "door", down: false, ct: Ct);
        Assert.Equal(["dataset_version:credit@v1", "dataset:elsewhere#77", $"run:{run.RunId}", "model_version:m/1", "endpoint:door"], up.Nodes.Select(n => n.Id).OrderBy(Order));
        Assert.Contains(new LineageEdge("model_version:m/1", "endpoint:door", "serves as primary"), up.Edges);
        Assert.Contains(new LineageEdge("dataset_version:credit@v1", "model_version:m/1", "trained"), up.Edges);
        Assert.All([.. up.Edges, .. down.Edges], e => Assert.DoesNotContain(stranger.RunId, e.From + e.To, StringComparison.Ordinal));

        foreach (var reference in new[] { "credit@v1", run.RunId, "m/1", "m@champion", "door" })
        {
            var graph = JsonSerializer.Deserialize<LineageGraph>(await host.Client.GetStringAsync("/api/v1/lineage?ref=" + Uri.EscapeDataString(reference), Ct), HoldfastJson.Options)!;
            Assert.Contains(graph.Nodes, n => n.Id == graph.Root);
            Assert.Contains("endpoint:door", graph.Nodes.Select(n => n.Id));
            Assert.False(graph.Cut);
        }

        Assert.Equal(ErrorCode.NotFound, (await Assert.ThrowsAsync<HoldfastException>(() => lineage.Trace(Someone with { WorkspaceId = 2 }, "run", run.RunId, ct: Ct))).Code);
        Assert.Equal(404, (int)(await host.Client.GetAsync("/api/v1/lineage?ref=nothing", Ct)).StatusCode);
    }

    private static int Order(string id) => Array.IndexOf(["dataset_version", "dataset", "run", "model_version", "endpoint"], id.Split(':')[0]);

    private string Package()
    {
        var folder = _folder.File("package");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "model.txt"), """{"score": 0.5, "prediction": "1"}""");
        new ModelPackage(1, "constant", "model.txt", "binary", new Signature([new SignatureField("x", "FP64")], [new SignatureField("score", "FP64")])).Write(folder);
        return folder;
    }
}
