using System.Text;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Registry;
using Holdfast.Tracking;

namespace Holdfast.Platform.Tests.Tracking;

/// <summary>Forking, resuming, moving, merging, editing and collecting runs, on both databases.</summary>
public sealed class RunLifeTests
{
    private static readonly Principal Someone = TrackingRoom.Someone;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task A_fork_has_the_past_up_to_its_step_and_goes_its_own_way(string database)
    {
        await using var room = await TrackingRoom.Open(database);
        var run = await room.NewRun(name: "a");
        foreach (var part in Enumerable.Range(0, 2500).Select(i => TrackingRoom.Point("loss", i / 2.0, i, 1000 + i)).Chunk(500))
            await room.Log(run, part);
        await room.Tracking.LogBatch(Someone, run.RunId, [], [new Param("lr", "0.1"), new Param("depth", "6")], [new Tag("team", "risk"), new Tag("holdfast.exit_code", "0")], Ct);
        await room.Tracking.LogInput(Someone, run.RunId, new RunInput("d", "1", "local", "x", Context: "training"), Ct);
        await room.Tracking.FinishRun(Someone, run.RunId, RunStatus.Finished, ct: Ct);

        var fork = await room.Tracking.ForkRun(Someone, run.RunId, new RunFork("b", AtStep: 1200, Params: new Dictionary<string, string> { ["lr"] = "0.01", ["new"] = "1" }), Ct);

        Assert.Equal((RunStatus.Running, LifecycleStage.Active, "b", null), (fork.Status, fork.Stage, fork.Name, fork.EndTime));
        Assert.Equal((1201L, 1200L), (fork.Metrics.Single().Count, fork.Metrics.Single().Last.Step));
        Assert.Equal(("0.01", "6", "1"), (fork.Param("lr"), fork.Param("depth"), fork.Param("new")));
        Assert.Equal(("risk", null, run.RunId, "1200"), (fork.Tag("team"), fork.Tag("holdfast.exit_code"), fork.Tag("holdfast.forked_from"), fork.Tag("holdfast.forked_at_step")));
        Assert.Equal("training", fork.Inputs.Single().Context);
        await room.Log(fork, TrackingRoom.Point("loss", 7, 1201));
        Assert.Equal(2500, (await room.Tracking.GetRun(Someone, run.RunId, Ct)).Metrics.Single().Count);
        Assert.Equal(["run.finished", "run.forked"], await Kinds(room));
    }

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task A_run_that_ended_goes_on_and_each_end_is_told_once(string database)
    {
        await using var room = await TrackingRoom.Open(database);
        var run = await room.NewRun();
        await room.Tracking.SetExperimentTag(Someone, run.ExperimentId, "holdfast.notify", "ml-team:failed", Ct);
        await room.Tracking.FinishRun(Someone, run.RunId, RunStatus.Failed, ct: Ct);
        await room.Tracking.FinishRun(Someone, run.RunId, RunStatus.Failed, ct: Ct);
        var again = await room.Tracking.ResumeRun(Someone, run.RunId, Ct);
        Assert.Equal((RunStatus.Running, null), (again.Status, again.EndTime));
        await room.Tracking.FinishRun(Someone, run.RunId, RunStatus.Finished, ct: Ct);
        var events = await room.Journal.Read(Someone, new JournalQuery(), Ct);
        Assert.Equal(["run.finished", "run.resumed", "run.finished"], events.Select(e => e.Kind));
        Assert.Equal(("failed", "ml-team:failed", "exp"), (events[0].DetailAs<RunFinished>().Status, events[0].DetailAs<RunFinished>().Notify, events[0].DetailAs<RunFinished>().Experiment));
    }

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task A_moved_run_is_found_in_the_other_experiment_with_its_inputs(string database)
    {
        await using var room = await TrackingRoom.Open(database);
        var (run, other) = (await room.NewRun("from"), await room.NewRun("to"));
        foreach (var r in new[] { run, other })
            await room.Tracking.LogInput(Someone, r.RunId, new RunInput("d", "1", "local", "x", Context: "training"), Ct);
        await room.Tracking.LogInput(Someone, run.RunId, new RunInput("e", "2", "local", "y"), Ct);
        var moved = await room.Tracking.MoveRun(Someone, run.RunId, "to", Ct);
        Assert.Equal(other.ExperimentId, moved.ExperimentId);
        Assert.Equal(["d", "e"], moved.Inputs.Select(i => i.Name).Order());
        Assert.Equal("training", moved.Inputs.Single(i => i.Name == "d").Context);
        Assert.Empty((await room.Tracking.SearchRuns(Someone, new RunQuery([run.ExperimentId]), ct: Ct)).Items);
        Assert.Equal(2, (await room.Tracking.SearchRuns(Someone, new RunQuery([other.ExperimentId]), ct: Ct)).Items.Count);
        await Assert.ThrowsAsync<HoldfastException>(() => room.Tracking.MoveRun(Someone, run.RunId, "nowhere", Ct));
        Assert.Equal(["run.moved"], await Kinds(room));
    }

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task Merged_runs_are_one_and_differing_parameters_are_all_named(string database)
    {
        await using var room = await TrackingRoom.Open(database);
        var (a, b) = (await room.NewRun(name: "a"), await room.NewRun(name: "b"));
        await room.Tracking.LogBatch(Someone, a.RunId, [TrackingRoom.Point("loss", 1, 1), TrackingRoom.Point("loss", 2, 2)], [new Param("lr", "1")], [new Tag("k", "a")], Ct);
        await room.Tracking.LogBatch(Someone, b.RunId, [TrackingRoom.Point("loss", 2, 2), TrackingRoom.Point("loss", 3, 3), TrackingRoom.Point("acc", 1)], [new Param("lr", "1"), new Param("x", "y")], [new Tag("k", "b"), new Tag("only", "b")], Ct);
        foreach (var (run, path, text) in new[] { (a, "same.txt", "same"), (b, "same.txt", "same"), (a, "log.txt", "a"), (b, "log.txt", "b"), (b, "sub/own.txt", "b") })
            await room.Tracking.PutArtifact(Someone, run.RunId, path, new MemoryStream(Encoding.UTF8.GetBytes(text)), Ct);

        var whole = await room.Tracking.MergeRuns(Someone, a.RunId, new RunMerge([b.RunId]), Ct);

        Assert.Equal([("acc", 1L), ("loss", 3L)], whole.Metrics.Select(m => (m.Key, m.Count)));
        Assert.Equal(("1", "y", "a", "b"), (whole.Param("lr"), whole.Param("x"), whole.Tag("k"), whole.Tag("only")));
        Assert.Equal(["log.txt", "merged", "same.txt", "sub"], (await room.Tracking.ListArtifacts(Someone, a.RunId, ct: Ct)).Select(f => f.Path));
        Assert.Equal([$"merged/{b.RunId}/log.txt"], (await room.Tracking.ListArtifacts(Someone, a.RunId, $"merged/{b.RunId}", Ct)).Select(f => f.Path));
        var gone = await room.Tracking.GetRun(Someone, b.RunId, Ct);
        Assert.Equal((LifecycleStage.Deleted, a.RunId), (gone.Stage, gone.Tag("holdfast.merged_into")));

        var c = await room.NewRun();
        await room.Tracking.LogBatch(Someone, c.RunId, [], [new Param("lr", "2"), new Param("x", "z")], [], Ct);
        var refused = await Assert.ThrowsAsync<HoldfastException>(() => room.Tracking.MergeRuns(Someone, a.RunId, new RunMerge([c.RunId]), Ct));
        Assert.Equal(["params.lr", "params.x"], refused.Faults.Select(f => f.Field).Order());
        await Assert.ThrowsAsync<HoldfastException>(() => room.Tracking.MergeRuns(Someone, a.RunId, new RunMerge([a.RunId]), Ct));
    }

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task Many_runs_are_changed_alike(string database)
    {
        await using var room = await TrackingRoom.Open(database);
        var runs = new List<Run>();
        for (var i = 0; i < 130; i++)
        {
            runs.Add(await room.NewRun("many"));
            await room.Log(runs[i], TrackingRoom.Point("acc", i / 130.0));
        }

        var query = new RunQuery([runs[0].ExperimentId], "metrics.acc < 0.9");
        Assert.Equal((117, 0), Counts(await room.Tracking.EditRuns(Someone, new RunsEdit(Query: query, SetTags: new Dictionary<string, string> { ["keep"] = "no" }, DryRun: true), Ct)));
        Assert.Equal((117, 117), Counts(await room.Tracking.EditRuns(Someone, new RunsEdit(Query: query, SetTags: new Dictionary<string, string> { ["keep"] = "no" }), Ct)));
        await room.NewRun("attic");
        Assert.Equal((117, 117), Counts(await room.Tracking.EditRuns(Someone, new RunsEdit(Query: new RunQuery(Filter: "tags.keep = 'no'"), MoveTo: "attic", RemoveTags: ["keep"]), Ct)));
        Assert.Equal((13, 13), Counts(await room.Tracking.EditRuns(Someone, new RunsEdit(Query: new RunQuery([runs[0].ExperimentId]), Delete: true), Ct)));
        Assert.Empty((await room.Tracking.SearchRuns(Someone, new RunQuery([runs[0].ExperimentId]), ct: Ct)).Items);
        Assert.Equal((1, 1), Counts(await room.Tracking.EditRuns(Someone, new RunsEdit([runs[129].RunId], Restore: true), Ct)));
        Assert.Equal(4, (await Kinds(room)).Count(k => k == "runs.changed"));
        var refused = await Assert.ThrowsAsync<HoldfastException>(() => room.Tracking.EditRuns(Someone, new RunsEdit(Delete: true, Restore: true), Ct));
        Assert.Equal(["run_ids", "restore"], refused.Faults.Select(f => f.Field));
        await Assert.ThrowsAsync<HoldfastException>(() => room.Tracking.EditRuns(TrackingRoom.Neighbour, new RunsEdit([runs[0].RunId], Delete: true), Ct));
    }

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task What_is_collected_is_gone_and_what_a_model_needs_stays(string database)
    {
        await using var room = await TrackingRoom.Open(database);
        var (old, needed, alive) = (await room.NewRun("old"), await room.NewRun("old"), await room.NewRun("alive"));
        foreach (var run in new[] { old, needed, alive })
        {
            await room.Log(run, TrackingRoom.Point("loss", 1));
            await room.Tracking.AddConsole(Someone, run.RunId, new ConsoleBatch("s", [new ConsolePiece(1, DateTimeOffset.UnixEpoch, "stdout", "hello\n")]), Ct);
            await room.Tracking.PutArtifact(Someone, run.RunId, "model/weights.bin", new MemoryStream(new byte[1000]), Ct);
        }

        await room.Registry.CreateModel(Someone, "m", ct: Ct);
        await room.Registry.RegisterSource(Someone, new NewSourceVersion("m", needed.ArtifactUri + "/model", needed.RunId), Ct);
        await room.Tracking.DeleteExperiment(Someone, old.ExperimentId, Ct);
        Assert.Equal(0, (await room.Tracking.Collect(Someone, new GarbageRequest("1h"), Ct)).Runs);

        var dry = await room.Tracking.Collect(Someone, new GarbageRequest("0s", DryRun: true), Ct);
        Assert.Equal((1, 1L, 1000L), (dry.Runs, dry.Files, dry.Bytes));
        Assert.Equal(LifecycleStage.Deleted, (await room.Tracking.GetRun(Someone, old.RunId, Ct)).Stage);
        var report = await room.Tracking.Collect(Someone, new GarbageRequest("0s"), Ct);
        Assert.Equal((0, 1, 1000L), (report.Experiments, report.Runs, report.Bytes));
        Assert.Contains(report.Kept, k => k.What == "run " + needed.RunId && k.Why.Contains("m/1", StringComparison.Ordinal));
        await Assert.ThrowsAsync<HoldfastException>(() => room.Tracking.GetRun(Someone, old.RunId, Ct));
        await Assert.ThrowsAsync<HoldfastException>(() => room.Tracking.RestoreRun(Someone, old.RunId, Ct));
        Assert.Single(await room.Tracking.ListArtifacts(Someone, needed.RunId, ct: Ct));
        Assert.Single(await room.Tracking.ListArtifacts(Someone, alive.RunId, ct: Ct));
        Assert.False(Directory.Exists(Path.Combine(room.Folder, "artifacts", old.ExperimentId, old.RunId)));

        await room.Registry.DeleteModel(Someone, "m", Ct);
        Assert.Equal((1, 1), ((await room.Tracking.Collect(Someone, new GarbageRequest("0s"), Ct)) is var last ? last.Experiments : 0, last.Runs));
        Assert.Null(await room.Tracking.FindExperiment(Someone, "old", Ct));
        Assert.Equal(1, (await room.Tracking.GetRun(Someone, alive.RunId, Ct)).Metrics.Single().Count);
        var refused = await Assert.ThrowsAsync<HoldfastException>(() => room.Tracking.Collect(Someone, new GarbageRequest("soon"), Ct));
        Assert.Contains("soon", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task Output_is_kept_once_in_order_and_bounded(string database)
    {
        await using var room = await TrackingRoom.Open(database);
        var run = await room.NewRun();
        ConsolePiece Piece(long seq, string text) => new(seq, DateTimeOffset.UnixEpoch, "stdout", text);
        await room.Tracking.AddConsole(Someone, run.RunId, new ConsoleBatch("a", [Piece(1, "one\n"), Piece(2, "two\0\n")]), Ct);
        await room.Tracking.AddConsole(Someone, run.RunId, new ConsoleBatch("a", [Piece(2, "two\0\n"), Piece(3, "three\n")]), Ct);
        await room.Tracking.AddConsole(Someone, run.RunId, new ConsoleBatch("b", [Piece(1, "other\n")]), Ct);
        var all = await room.Tracking.ReadConsole(Someone, run.RunId, 0, ct: Ct);
        Assert.Equal("one\ntwo\uFFFD\nthree\nother\n", string.Concat(all.Select(x => x.Text)));
        Assert.Equal(["other\n"], (await room.Tracking.ReadConsole(Someone, run.RunId, all[2].Id, ct: Ct)).Select(x => x.Text));
        Assert.Equal(["three\n", "other\n"], (await room.Tracking.ReadConsole(Someone, run.RunId, null, 2, Ct)).Select(x => x.Text));
        var refused = await Assert.ThrowsAsync<HoldfastException>(() => room.Tracking.AddConsole(Someone, run.RunId, new ConsoleBatch("", [new ConsolePiece(1, default, "out", new string('x', 70_000))]), Ct));
        Assert.Equal(["source", "pieces[0].text"], refused.Faults.Select(f => f.Field));
    }

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task Usage_counts_the_part_of_runs_within_the_span_and_parents_through_their_children(string database)
    {
        await using var room = await TrackingRoom.Open(database);
        var at = DateTimeOffset.Parse("2026-01-10T00:00:00Z", System.Globalization.CultureInfo.InvariantCulture);
        var e = await room.Tracking.GetOrCreateExperiment(Someone, "exp", Ct);
        await room.Tracking.SetExperimentTag(Someone, "1", "team", "risk", Ct);
        async Task<Run> Made(double from, double hours, params (string, string)[] tags)
        {
            var run = await room.Tracking.CreateRun(Someone, new NewRun(e.Id.ToString(System.Globalization.CultureInfo.InvariantCulture), StartTime: at.AddHours(from), Tags: tags.ToDictionary(t => t.Item1, t => t.Item2)), Ct);
            await room.Tracking.FinishRun(Someone, run.RunId, RunStatus.Finished, at.AddHours(from + hours), Ct);
            return run;
        }

        var parent = await Made(0, 10);
        await Made(0, 4, ("mlflow.parentRunId", parent.RunId), ("holdfast.env.cpus", "8"), ("holdfast.env.gpus", "2"));
        await Made(-2, 3, ("mlflow.parentRunId", parent.RunId));
        await Made(1, 2, ("team", "fraud"));
        await Made(-20, 5);
        var rows = await room.Tracking.Usage(Someone, "team", at, at.AddHours(24), new Prices(0.5, 2), storage: true, Ct);
        Assert.Equal([("fraud", 1, 2.0, 2.0, 0.0, 1.0), ("risk", 3, 5.0, 33.0, 8.0, 32.5)], rows.Select(r => (r.Group, r.Runs, r.ComputeHours, r.CpuHours, r.GpuHours, r.Cost!.Value)));
        Assert.Null((await room.Tracking.Usage(Someone, "user", at, at.AddHours(24), null, storage: false, Ct)).Single().Cost);
        await Assert.ThrowsAsync<HoldfastException>(() => room.Tracking.Usage(Someone, "moon", at, at.AddHours(1), null, false, Ct));
    }

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task A_run_id_that_the_client_chose_makes_one_run(string database)
    {
        await using var room = await TrackingRoom.Open(database);
        var wanted = new NewRun("0", "a") { RunId = new string('a', 32) };
        Assert.Equal(wanted.RunId, (await room.Tracking.CreateRun(Someone, wanted, Ct)).RunId);
        Assert.Equal("a", (await room.Tracking.CreateRun(Someone, wanted with { Name = "b" }, Ct)).Name);
        var other = await room.Tracking.GetOrCreateExperiment(Someone, "other", Ct);
        Assert.Equal(ErrorCode.AlreadyExists, (await Assert.ThrowsAsync<HoldfastException>(() => room.Tracking.CreateRun(Someone, wanted with { ExperimentId = "1" }, Ct))).Code);
        await Assert.ThrowsAsync<HoldfastException>(() => room.Tracking.CreateRun(Someone, wanted with { RunId = "../x" }, Ct));
        Assert.Equal(1, other.Id);
    }

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task Cards_and_comments_belong_to_their_version(string database)
    {
        await using var room = await TrackingRoom.Open(database);
        var run = await room.NewRun(name: "trainer");
        await room.Tracking.LogBatch(Someone, run.RunId, [TrackingRoom.Point("acc", 0.91)], [new Param("depth", "6")], [new Tag("holdfast.command", "python train.py")], Ct);
        await room.Registry.CreateModel(Someone, "m", ct: Ct);
        await room.Registry.RegisterSource(Someone, new NewSourceVersion("m", run.ArtifactUri + "/model", run.RunId), Ct);
        var first = await room.Registry.AddComment(Someone, "m", 1, "Looks **good**.", Ct);
        await room.Registry.SetCard(Someone, "m", 1, "## Intended use\nCredit | scoring.", Ct);
        var card = await room.Registry.Card(Someone, "m", 1, Ct);
        Assert.StartsWith("# m, version 1\n\n## Intended use\nCredit | scoring.\n\n## Details", card.Markdown, StringComparison.Ordinal);
        Assert.Contains("| acc | 0.91 | 0.91 | 0.91 |", card.Markdown, StringComparison.Ordinal);
        Assert.Contains("| depth | 6 |", card.Markdown, StringComparison.Ordinal);
        Assert.Contains("python train.py", card.Markdown, StringComparison.Ordinal);
        var other = Someone with { Name = "other" };
        Assert.Equal(ErrorCode.PermissionDenied, (await Assert.ThrowsAsync<HoldfastException>(() => room.Registry.ChangeComment(other, "m", 1, first.CommentId, "x", Ct))).Code);
        Assert.Equal("better", (await room.Registry.ChangeComment(other with { Role = Role.Admin }, "m", 1, first.CommentId, "better", Ct)).Text);
        Assert.Equal(ErrorCode.NotFound, (await Assert.ThrowsAsync<HoldfastException>(() => room.Registry.Comments(TrackingRoom.Neighbour, "m", 1, Ct))).Code);
        await room.Registry.DeleteVersion(Someone, "m", 1, Ct);
        await room.Registry.RegisterSource(Someone, new NewSourceVersion("m", run.ArtifactUri + "/model", run.RunId), Ct);
        Assert.Empty(await room.Registry.Comments(Someone, "m", 2, Ct));
        Assert.Equal("", (await room.Registry.Card(Someone, "m", 2, Ct)).Text);
    }

    private static (int, int) Counts(RunsEdited e) => (e.Matched, e.Changed);

    private static async Task<IReadOnlyList<string>> Kinds(TrackingRoom room) =>
        [.. (await room.Journal.Read(Someone, new JournalQuery(), Ct)).Select(e => e.Kind).Where(k => k.StartsWith("run", StringComparison.Ordinal))];
}
