using Holdfast.Contracts;
using Holdfast.Data;
using Holdfast.Kernel;
using Holdfast.Pipelines;
using Holdfast.Registry;
using Holdfast.Tracking;
using static Holdfast.Platform.Tests.Pipelines.PipelineHouse;

namespace Holdfast.Platform.Tests.Pipelines;

public sealed class PipelineRunTests
{
    private const string Package =
        """
        {"format":1,"backend":"constant","file":"","task":"binary","signature":{"inputs":[{"name":"x","datatype":"FP64"}],"outputs":[{"name":"score","datatype":"FP64"}]}}
        """;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Stages_run_in_order_as_tracked_runs_and_the_model_is_registered()
    {
        await using var house = await Open();
        house.Write("data/rows.csv", "x,y\n1,0\n2,1\n");
        house.Write("params.yaml", "train: {depth: 3}\n");
        var dataset = await house.Get<DataService>().Add(Me, "rows", Path.Combine(house.Project, "data/rows.csv"), "file", Ct);
        var spec = new PipelineSpec(
            "credit",
            [
                Stage("evaluate", "echo '{\"accuracy\": 0.9, \"per\": {\"a\": 1}}' > metrics.json", deps: ["model"], metrics: ["metrics.json"]),
                Stage("train", $"mkdir -p model; echo '{Package}' > model/holdfast-model.json; echo seed $HOLDFAST_SEED run $HOLDFAST_RUN_ID secret=$HOLDFAST_SECRET_X", deps: ["data/rows.csv"], outs: ["model"]) with
                {
                    Params = [new StageParams("params.yaml", ["train"])],
                },
            ],
            [new GateSpec("accuracy", Min: 0.8)], new RegisterSpec("credit-risk", "model"), Seed: 7);
        await house.Apply(spec);
        Environment.SetEnvironmentVariable("HOLDFAST_SECRET_X", "hidden");
        var run = await house.Run(new StartPipeline("credit", "person"));

        Assert.Null(run.Reason);
        Assert.Equal((PipelineRunStatus.Succeeded, "credit-risk/1", dataset.Ref), (run.Status, run.ModelVersion, run.DatasetVersion));
        Assert.Equal(["train", "evaluate"], run.Stages.Select(s => s.Name));
        Assert.Equal(["dataset_version.created", "pipeline_run.started", "gate.passed", "model.created", "model_version.created", "pipeline_run.finished"], await house.Kinds());
        var version = await house.Get<RegistryService>().GetVersion(Me, "credit-risk", 1, Ct);
        Assert.Equal((run.RunId, dataset.Ref, run.Id), (version.RunId, version.DatasetVersion, version.PipelineRun));

        var parent = await house.Get<TrackingService>().GetRun(Me, run.RunId!, Ct);
        Assert.Equal((RunStatus.Finished, 0.9, "3", "abc123"), (parent.Status, parent.Metric("accuracy"), parent.Param("train.depth"), parent.Tag("mlflow.source.git.commit")));
        Assert.Equal(1, parent.Metric("per.a"));
        var train = await house.Get<TrackingService>().GetRun(Me, run.Stages[0].RunId!, Ct);
        Assert.Equal(run.RunId, train.Tag("mlflow.parentRunId"));
        Assert.NotNull(train.Tag("holdfast.env.cpus"));
        Assert.Equal("rows", Assert.Single(train.Inputs).Name);
        using var log = new StreamReader(await house.Get<TrackingService>().OpenArtifact(Me, train.RunId, "stage.log", Ct));
        Assert.Equal($"seed 7 run {train.RunId} secret=\n", await log.ReadToEndAsync(Ct));

        // Lineage and parameters belong to a run also where nothing had to run.
        var again = await house.Run(new StartPipeline("credit", "person"));
        Assert.Equal((StageStatus.Cached, train.RunId, dataset.Ref), (again.Stages[0].Status, again.Stages[0].RunId, again.DatasetVersion));
        Assert.Equal(dataset.Ref, (await house.Get<RegistryService>().GetVersion(Me, "credit-risk", 2, Ct)).DatasetVersion);
        Assert.Equal("3", (await house.Get<TrackingService>().GetRun(Me, again.RunId!, Ct)).Param("train.depth"));
    }

    [Fact]
    public async Task What_did_not_change_is_not_run_again_and_its_outputs_come_back()
    {
        await using var house = await Open();
        house.Write("in.txt", "1");
        var spec = new PipelineSpec("p", [
            Stage("one", "date +%N > a.txt; mkdir sub; cp in.txt sub/copy; chmod +x sub/copy", deps: ["in.txt"], outs: ["a.txt", "sub"]),
            Stage("two", "test -x sub/copy; cat a.txt > b.txt; echo \"{\\\"m\\\": $(cat in.txt)}\" > m.json", deps: ["a.txt", "sub", "in.txt"], outs: ["b.txt"], metrics: ["m.json"]),
        ], []);
        await house.Apply(spec);
        var first = await house.Run(new StartPipeline("p", "person"));
        var second = await house.Run(new StartPipeline("p", "person"));
        Assert.Equal([StageStatus.Succeeded, StageStatus.Succeeded], first.Stages.Select(s => s.Status));
        Assert.Equal([StageStatus.Cached, StageStatus.Cached], second.Stages.Select(s => s.Status));
        Assert.Equal(1, second.Metrics["m"]);

        // A command that changes without changing what it writes stops the change there.
        await house.Apply(spec with { Stages = [Stage("one", "echo", deps: ["in.txt"]) with { Commands = ["cat in.txt > a.txt; mkdir sub; cp in.txt sub/copy; chmod +x sub/copy"], Outs = spec.Stages[0].Outs }, spec.Stages[1]] });
        var third = await house.Run(new StartPipeline("p", "person"));
        Assert.Equal([StageStatus.Succeeded, StageStatus.Succeeded], third.Stages.Select(s => s.Status));
        await house.Apply(spec with { Stages = [spec.Stages[0] with { Commands = ["cp in.txt a.txt; mkdir sub; cp in.txt sub/copy; chmod +x sub/copy"] }, spec.Stages[1]] });
        Assert.Equal([StageStatus.Succeeded, StageStatus.Cached], (await house.Run(new StartPipeline("p", "person"))).Stages.Select(s => s.Status));

        house.Write("in.txt", "2");
        await house.Apply(spec);
        Assert.Equal(2, (await house.Run(new StartPipeline("p", "person"))).Metrics["m"]);
    }

    [Fact]
    public async Task A_failing_stage_stops_the_run_and_says_which_and_why()
    {
        await using var house = await Open();
        await house.Apply(new PipelineSpec("p", [
            Stage("one", "echo fine > a", outs: ["a"]),
            Stage("two", "echo loading; echo 'no column income' >&2; exit 3", deps: ["a"], outs: ["b"]),
            Stage("three", "echo never > c", deps: ["b"], outs: ["c"]),
        ], []));
        var run = await house.Run(new StartPipeline("p", "person"));
        Assert.Equal((PipelineRunStatus.Failed, "two"), (run.Status, run.FailedStage));
        Assert.Contains("Exit code 3", run.Reason, StringComparison.Ordinal);
        Assert.Contains("no column income", run.Reason, StringComparison.Ordinal);
        Assert.Equal([StageStatus.Succeeded, StageStatus.Failed, StageStatus.Pending], run.Stages.Select(s => s.Status));
        Assert.Equal(RunStatus.Failed, (await house.Get<TrackingService>().GetRun(Me, run.Stages[1].RunId!, Ct)).Status);
        var log = await house.Get<PipelineService>().Log(Me, run.Id, ct: Ct);
        Assert.Equal("loading\nno column income\n", Assert.Single(log.Parts).Text);
        Assert.True(log.Finished);
    }

    [Theory]
    [InlineData("true", "did not write 'b'")]
    [InlineData("echo '{' > b", "not JSON")]
    [InlineData("kill -9 $PPID $$", "killed")]
    public async Task Every_bad_end_has_its_reason(string cmd, string reason)
    {
        await using var house = await Open();
        house.Write("b.txt", "");
        await house.Apply(new PipelineSpec("p", [Stage("only", cmd.Replace("> b", "> b.json", StringComparison.Ordinal), metrics: [cmd.Contains("'{'", StringComparison.Ordinal) ? "b.json" : "b"])], []));
        var run = await house.Run(new StartPipeline("p", "person"));
        Assert.Equal(PipelineRunStatus.Failed, run.Status);
        Assert.Contains(reason, run.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_dependency_fails_the_stage_by_name()
    {
        await using var house = await Open();
        await house.Apply(new PipelineSpec("p", [Stage("only", "true", deps: ["data/none.csv"])], []));
        var run = await house.Run(new StartPipeline("p", "person"));
        Assert.Equal((PipelineRunStatus.Failed, "only"), (run.Status, run.FailedStage));
        Assert.Contains("'data/none.csv' is missing", run.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_gate_refuses_a_bad_model_and_nothing_is_registered()
    {
        await using var house = await Open();
        await house.Apply(new PipelineSpec(
            "p", [Stage("only", $"mkdir -p model; echo '{Package}' > model/holdfast-model.json; echo '{{\"accuracy\": 0.6}}' > m.json", outs: ["model"], metrics: ["m.json"])],
            [new GateSpec("accuracy", Min: 0.7), new GateSpec("auc", Min: 0.5)], new RegisterSpec("m", "model")));
        var run = await house.Run(new StartPipeline("p", "person"));
        Assert.Equal(PipelineRunStatus.Refused, run.Status);
        Assert.Equal([false, false], run.Checks.Select(c => c.Passed));
        Assert.Contains("accuracy = 0.6, must be >= 0.7", run.Reason, StringComparison.Ordinal);
        Assert.Equal(["pipeline_run.started", "gate.refused", "pipeline_run.finished"], await house.Kinds());
        Assert.Equal(ErrorCode.FailedPrecondition, (await Assert.ThrowsAsync<HoldfastException>(() => house.Get<PipelineService>().Register(Me, run.Id, Ct))).Code);
    }

    [Fact]
    public async Task Retraining_sees_window_and_champion_and_registers_only_when_asked()
    {
        await using var house = await Open();
        house.Write("window.csv", "x,y\n5,1\n");
        var window = await house.Get<DataService>().Add(Me, "window", Path.Combine(house.Project, "window.csv"), "log", Ct);
        var spec = new PipelineSpec(
            "p",
            [
                Stage(
                    "only",
                    $$$"""
                    mkdir -p model; echo '{{{Package}}}' > model/holdfast-model.json
                    if [ -n "$HOLDFAST_WINDOW_DATA" ]; then cmp "$HOLDFAST_WINDOW_DATA" "$HOLDFAST_TRAIN_DATA"; test -f "$HOLDFAST_CHAMPION/holdfast-model.json"; acc=0.8; else acc=0.85; fi
                    echo "{\"accuracy\": $acc, \"recent\": {\"mine\": 0.8, \"champion\": 0.7}}" > m.json
                    """,
                    outs: ["model"], metrics: ["m.json"]),
            ],
            [
                new GateSpec("accuracy", NoWorseThan: GateSpec.Champion, Margin: 0.1),
                new GateSpec("recent.mine", BetterThan: "recent.champion", When: GateSpec.Retrain),
            ],
            new RegisterSpec("m", "model"));
        await house.Apply(spec);
        Assert.Equal("m/1", (await house.Run(new StartPipeline("p", "person"))).ModelVersion);
        await house.Get<RegistryService>().SetAlias(Me, "m", "champion", 1, Ct);

        var start = new StartPipeline("p", "data_drift", window.Ref, "inc-1", Register: false, IdempotencyKey: "inc-1/3");
        var run = await house.Run(start);
        Assert.Equal((PipelineRunStatus.Succeeded, "m/1", null, window.Ref), (run.Status, run.Champion, run.ModelVersion, run.DatasetVersion));
        Assert.Equal(2, run.Checks.Count);
        Assert.Equal(run.Id, (await house.Run(start)).Id);
        var registered = await house.Get<PipelineService>().Register(Me, run.Id, Ct);
        Assert.Equal((2, window.Ref), (registered.Version, registered.DatasetVersion));
        Assert.Equal(2, (await house.Get<PipelineService>().Register(Me, run.Id, Ct)).Version);
        Assert.Equal("m/2", (await house.Get<PipelineService>().Get(Me, run.Id, Ct)).ModelVersion);
    }

    [Fact]
    public async Task A_run_can_be_cancelled_and_its_children_end()
    {
        await using var house = await Open();
        var pid = Path.Combine(house.Project, "pid");
        await house.Apply(new PipelineSpec("p", [Stage("slow", $"sleep 300 & echo $! > {pid}; wait")], []));
        var pipelines = house.Get<PipelineService>();
        var run = await pipelines.Start(Me, new StartPipeline("p", "person"), Ct);
        var settled = house.Get<ControlLoop>().Settle(ct: Ct);
        while (!File.Exists(pid) || (await File.ReadAllTextAsync(pid, Ct)).Length == 0)
            await Task.Delay(20, Ct);
        await pipelines.Cancel(Me, run.Id, Ct);
        await settled;
        Assert.Equal(PipelineRunStatus.Cancelled, (await pipelines.Get(Me, run.Id, Ct)).Status);
        // Ended; whether somebody has already reaped it is the machine's affair.
        var stat = "/proc/" + (await File.ReadAllTextAsync(pid, Ct)).Trim() + "/stat";
        Assert.True(!File.Exists(stat) || (await File.ReadAllTextAsync(stat, Ct)).Contains(") Z ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_orderly_restart_goes_on_from_the_last_finished_stage()
    {
        await using var house = await Open();
        var count = Path.Combine(house.Project, "count");
        var gate = Path.Combine(house.Project, "go");
        await house.Apply(new PipelineSpec("p", [
            Stage("one", $"echo x >> {count}; echo 1 > a", outs: ["a"]),
            Stage("two", $"echo y >> {count}; while [ ! -f {gate} ]; do sleep 0.05; done; cp a b", deps: ["a"], outs: ["b"]),
        ], []));
        var run = await house.Get<PipelineService>().Start(Me, new StartPipeline("p", "person"), Ct);
        await house.Get<ControlLoop>().Settle(outside: false, Ct);
        while (!File.Exists(count) || !(await File.ReadAllTextAsync(count, Ct)).Contains('y', StringComparison.Ordinal))
            await Task.Delay(20, Ct);
        await house.Restart();
        await File.WriteAllTextAsync(gate, "", Ct);
        await house.Get<ControlLoop>().Settle(ct: Ct);
        Assert.Equal(PipelineRunStatus.Succeeded, (await house.Get<PipelineService>().Get(Me, run.Id, Ct)).Status);
        Assert.Equal("x\ny\ny\n", await File.ReadAllTextAsync(count, Ct));
        Assert.Equal(["pipeline_run.started", "pipeline_run.finished"], await house.Kinds());
    }
}
