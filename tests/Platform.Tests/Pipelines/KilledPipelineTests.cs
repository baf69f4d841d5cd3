using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Pipelines;
using Holdfast.Projects;
using Holdfast.Storage;

namespace Holdfast.Platform.Tests.Pipelines;

/// <summary>A pipeline run outlives the server that started it: finished stages stay finished, a job under way is waited for.</summary>
public sealed class KilledPipelineTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string Count => _folder.File("count");

    private string Go => _folder.File("go");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("its job lives on", "x\ny\n")]
    [InlineData("its job ends meanwhile", "x\ny\n")]
    [InlineData("its job dies with it", "x\ny\ny\n")]
    public async Task A_run_goes_on_when_the_server_is_killed_and(string what, string counted)
    {
        var data = _folder.File("data");
        var server = await ServerProcess.Start(data, Ct);
        var id = await StartRun(server);
        await Until(() => File.Exists(Count) && File.ReadAllText(Count).EndsWith("y\n", StringComparison.Ordinal));
        if (what == "its job dies with it")
            await server.Kill();
        else
            await KillAlone(data);
        await server.DisposeAsync();
        if (what == "its job ends meanwhile")
        {
            await File.WriteAllTextAsync(Go, "", Ct);
            await Until(() => Directory.EnumerateFiles(Path.Combine(data, "work"), "exit", SearchOption.AllDirectories).Count() == 2);
        }

        await using var next = await ServerProcess.Start(data, Ct);
        await Task.Delay(300, Ct);
        await File.WriteAllTextAsync(Go, "", Ct);
        PipelineRun run = null!;
        await Until(async () => (run = (await next.Http.GetFromJsonAsync<PipelineRun>($"/api/v1/pipeline-runs/{id}", HoldfastJson.Options, Ct))!).IsOver);
        Assert.Null(run.Reason);
        Assert.Equal((PipelineRunStatus.Succeeded, 4d), (run.Status, run.Metrics["m"]));
        Assert.Equal(counted, await File.ReadAllTextAsync(Count, Ct));
        var events = (await next.Http.GetFromJsonAsync<PageOfEvents>("/api/v1/journal", HoldfastJson.Options, Ct))!;
        Assert.Equal(["gate.passed", "pipeline_run.finished", "pipeline_run.started", "project.applied"], events.Items.Select(e => e.Kind).Order(StringComparer.Ordinal));
    }

    private async Task<string> StartRun(ServerProcess server)
    {
        var project = _folder.File("project");
        Directory.CreateDirectory(project);
        await File.WriteAllTextAsync(
            Path.Combine(project, "holdfast.yaml"),
            $$"""
            pipelines:
              slow:
                gates: [{metric: m, min: 3}]
                stages:
                  one: {cmd: "echo x >> {{Count}}; echo 4 > a", outs: [a]}
                  two:
                    cmd: "echo y >> {{Count}}; while [ ! -f {{Go}} ]; do sleep 0.05; done; echo '{\"m\": '$(cat a)'}' > m.json"
                    deps: [a]
                    metrics: [m.json]
            """,
            Ct);
        var applied = await server.Http.PostAsJsonAsync("/api/v1/projects", new ApplyProject(project), HoldfastJson.Options, Ct);
        Assert.True(applied.IsSuccessStatusCode, await applied.Content.ReadAsStringAsync(Ct));
        var started = await server.Http.PostAsJsonAsync("/api/v1/pipelines/slow/runs", new StartRun(), HoldfastJson.Options, Ct);
        Assert.True(started.IsSuccessStatusCode, await started.Content.ReadAsStringAsync(Ct));
        return (await started.Content.ReadFromJsonAsync<PipelineRun>(HoldfastJson.Options, Ct))!.Id;
    }

    private static async Task KillAlone(string data)
    {
        var pid = DataFolder.RunningServer(data)!.Pid;
        using var kill = Process.Start("kill", ["-9", pid.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(Ct);
        await Until(() => DataFolder.RunningServer(data) is null);
    }

    private static Task Until(Func<bool> done) => Until(() => Task.FromResult(done()));

    private static async Task Until(Func<Task<bool>> done)
    {
        var patience = Stopwatch.StartNew();
        while (!await done())
        {
            Assert.True(patience.Elapsed < TimeSpan.FromSeconds(60), "It did not happen within a minute.");
            await Task.Delay(20, Ct);
        }
    }

    private sealed record PageOfEvents(IReadOnlyList<JournalEvent> Items);
}
