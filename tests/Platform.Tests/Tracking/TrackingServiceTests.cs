using System.Text;
using Holdfast.Contracts;
using Holdfast.Tracking;
using static Holdfast.Platform.Tests.Tracking.TrackingRoom;

namespace Holdfast.Platform.Tests.Tracking;

/// <summary>The store suite of tracking, on every database.</summary>
public sealed class TrackingServiceTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task A_workspace_begins_with_the_experiment_Default_and_sees_nothing_of_others(string database)
    {
        await using var room = await Open(database);
        var run = await room.NewRun();
        Assert.Equal(["exp", "Default"], (await room.Tracking.SearchExperiments(Someone, ct: Ct)).Items.Select(e => e.Name));
        Assert.Equal(["Default"], (await room.Tracking.SearchExperiments(Neighbour, ct: Ct)).Items.Select(e => e.Name));
        await Refused(ErrorCode.NotFound, $"Run with id={run.RunId} not found", () => room.Tracking.GetRun(Neighbour, run.RunId, Ct));
        Assert.Equal(1, (await room.Tracking.CreateExperiment(Neighbour, "exp", ct: Ct)).Id);
    }

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task An_experiments_name_is_taken_also_by_a_deleted_one_and_deletion_takes_the_runs_along(string database)
    {
        await using var room = await Open(database);
        var run = await room.NewRun("a");
        await room.Tracking.DeleteExperiment(Someone, run.ExperimentId, Ct);
        Assert.Equal(LifecycleStage.Deleted, (await room.Tracking.GetRun(Someone, run.RunId, Ct)).Stage);
        await Refused(ErrorCode.AlreadyExists, "Experiment(name=a) already exists.", () => room.Tracking.CreateExperiment(Someone, "a", ct: Ct));
        await Refused(ErrorCode.FailedPrecondition, $"The experiment {run.ExperimentId} must be in the 'active' state. Current state is deleted.", () => room.Tracking.CreateRun(Someone, new NewRun(run.ExperimentId), Ct));
        await Refused(ErrorCode.FailedPrecondition, $"The run {run.RunId} must be in the 'active' state. Current state is deleted.", () => room.Log(run, Point("m", 1)));
        await room.Tracking.RestoreExperiment(Someone, run.ExperimentId, Ct);
        await room.Log(run, Point("m", 1));
    }

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task The_latest_value_has_the_largest_step_then_time_then_value_and_summaries_know_the_best_step(string database)
    {
        await using var room = await Open(database);
        var run = await room.NewRun();
        await room.Log(run, Point("m", 5, step: 2, at: 10), Point("m", 9, step: 1, at: 99), Point("m", 4, step: 2, at: 10), Point("m", 7, step: 2, at: 9), Point("m", -3, step: -4));
        await room.Log(run, Point("m", double.NaN, step: 0), Point("n", double.NaN), Point("i", double.PositiveInfinity));
        var found = await room.Tracking.GetRun(Someone, run.RunId, Ct);
        Assert.Equal(5, found.Metric("m"));
        var m = found.Metrics.Single(x => x.Key == "m");
        Assert.Equal((-3, -4, 9, 1, 6), (m.Min, m.MinStep, m.Max, m.MaxStep, m.Count));
        Assert.True(double.IsNaN(found.Metric("n")!.Value));
        Assert.Equal(double.PositiveInfinity, found.Metric("i"));
    }

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task An_exact_duplicate_is_one_point_and_history_is_by_time_step_and_value(string database)
    {
        await using var room = await Open(database);
        var run = await room.NewRun();
        var points = new[] { Point("m", 1, 1, 5), Point("m", 1, 1, 5), Point("m", 2, 1, 5), Point("m", 0, 9, 4), Point("m", double.NaN, 1, 5), Point("m", double.NaN, 1, 5) };
        await room.Log(run, points);
        await room.Log(run, points);
        var history = await room.Tracking.MetricHistory(Someone, run.RunId, "m", ct: Ct);
        Assert.Equal(new[] { 0, 1, 2, double.NaN }, history.Items.Select(p => p.Value));
        var first = await room.Tracking.MetricHistory(Someone, run.RunId, "m", 3, ct: Ct);
        Assert.Equal(3, first.Items.Count);
        var second = await room.Tracking.MetricHistory(Someone, run.RunId, "m", 3, first.NextToken, Ct);
        Assert.Single(second.Items);
        Assert.Null(second.NextToken);
    }

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task A_batch_is_all_or_nothing_and_parameters_never_change(string database)
    {
        await using var room = await Open(database);
        var run = await room.NewRun();
        await room.Tracking.LogBatch(Someone, run.RunId, [], [new Param("a", "1"), new Param("b", "")], [new Tag("t", "x")], Ct);
        await room.Tracking.LogBatch(Someone, run.RunId, [], [new Param("a", "1")], [], Ct);
        await Refused(
            ErrorCode.InvalidArgument, $"Changing param values is not allowed. Params were already logged='[{{'key': 'a', 'old_value': '1', 'new_value': '2'}}]' for run ID='{run.RunId}'.",
            () => room.Tracking.LogBatch(Someone, run.RunId, [Point("m", 1)], [new Param("a", "2")], [new Tag("t", "y")], Ct));
        var found = await room.Tracking.GetRun(Someone, run.RunId, Ct);
        Assert.Empty(found.Metrics);
        Assert.Equal(("1", "", "x"), (found.Param("a"), found.Param("b"), found.Tag("t")));
    }

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task Eight_writers_of_one_series_lose_nothing(string database)
    {
        await using var room = await Open(database);
        var run = await room.NewRun();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(w => Task.Run(
            async () =>
            {
                for (var i = 0; i < 20; i++)
                    await room.Log(run, [.. Enumerable.Range(0, 10).Select(k => Point(k % 2 == 0 ? "even" : "odd", w, step: (i * 10) + k, at: w + 1))]);
            },
            Ct)));
        var found = await room.Tracking.GetRun(Someone, run.RunId, Ct);
        Assert.Equal([800, 800], found.Metrics.Select(m => m.Count));
        Assert.Equal(800, (await room.Tracking.MetricHistory(Someone, run.RunId, "odd", ct: Ct)).Items.Count);
    }

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task The_name_and_its_tag_stay_equal(string database)
    {
        await using var room = await Open(database);
        var run = await room.NewRun(name: "first");
        Assert.Equal("first", run.Tag(WellKnownTags.RunName));
        await room.Tracking.LogBatch(Someone, run.RunId, [], [], [new Tag(WellKnownTags.RunName, "second")], Ct);
        Assert.Equal("second", (await room.Tracking.GetRun(Someone, run.RunId, Ct)).Name);
        var third = await room.Tracking.UpdateRun(Someone, run.RunId, new RunChange("third", RunStatus.Failed, DateTimeOffset.FromUnixTimeMilliseconds(7)), Ct);
        Assert.Equal(("third", "third", RunStatus.Failed, 7L), (third.Name, third.Tag(WellKnownTags.RunName), third.Status, third.EndTime!.Value.ToUnixTimeMilliseconds()));
    }

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task An_input_is_stored_once_with_its_context(string database)
    {
        await using var room = await Open(database);
        var run = await room.NewRun();
        var input = new RunInput("credit", "abc", "local", "{}", "{\"a\":1}", null, "training");
        await room.Tracking.LogInput(Someone, run.RunId, input, Ct);
        await room.Tracking.LogInput(Someone, run.RunId, input, Ct);
        var found = Assert.Single((await room.Tracking.GetRun(Someone, run.RunId, Ct)).Inputs);
        Assert.Equal(("credit", "abc", "training", "{\"a\":1}"), (found.Name, found.Digest, found.Context, found.Schema));
        Assert.Equal(new InputSummary(1, "credit", "abc", "training"), Assert.Single(await room.Tracking.SearchInputs(Someone, ["1"], Ct)));
    }

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task Artifacts_come_back_as_they_went_and_stay_in_their_workspace(string database)
    {
        await using var room = await Open(database);
        var run = await room.NewRun();
        await room.Tracking.PutArtifact(Someone, run.RunId, "model/weights ü+%.bin", new MemoryStream(Encoding.UTF8.GetBytes("abc")), Ct);
        Assert.Equal([new ArtifactFile("model", true, null)], await room.Tracking.ListArtifacts(Someone, run.RunId, ct: Ct));
        Assert.Equal([new ArtifactFile("model/weights ü+%.bin", false, 3)], await room.Tracking.ListArtifacts(Someone, run.RunId, "model", Ct));
        Assert.Empty(await room.Tracking.ListArtifacts(Someone, run.RunId, "model/weights ü+%.bin", Ct));
        using var reader = new StreamReader(await room.Tracking.OpenArtifact(Someone, run.RunId, "model/weights ü+%.bin", Ct));
        Assert.Equal("abc", await reader.ReadToEndAsync(Ct));
        await room.Tracking.PutProxied(Neighbour, "1/x", new MemoryStream([1]), Ct);
        Assert.Equal(["x"], (await room.Tracking.ListProxied(Neighbour, "1", Ct)).Select(f => f.Path));
        Assert.DoesNotContain(await room.Tracking.ListProxied(Someone, "1", Ct), f => f.Path == "x");
        await Refused(ErrorCode.InvalidArgument, "Invalid path", () => room.Tracking.OpenProxied(Someone, "@2/1/x", Ct));
        await Refused(ErrorCode.InvalidArgument, "'model' is a folder.", () => room.Tracking.PutArtifact(Someone, run.RunId, "model", new MemoryStream([1]), Ct));
    }

    [Theory]
    [InlineData("file:///etc")]
    [InlineData("/etc")]
    [InlineData("s3://bucket/x")]
    [InlineData("mlflow-artifacts://elsewhere:1/x")]
    public async Task An_experiments_location_does_not_open_the_servers_disk(string location)
    {
        await using var room = await Open(TestDatabases.Sqlite);
        var e = await room.Tracking.CreateExperiment(Someone, "x", location, ct: Ct);
        var run = await room.Tracking.CreateRun(Someone, new NewRun(e.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)), Ct);
        var refused = await Assert.ThrowsAsync<HoldfastException>(() => room.Tracking.OpenArtifact(Someone, run.RunId, "passwd", Ct));
        Assert.Equal(ErrorCode.FailedPrecondition, refused.Code);
    }

    [Theory]
    [InlineData("runs:/x")]
    [InlineData("s3://b/x#frag")]
    [InlineData("s3://b/x;p")]
    [InlineData("s3://b/x%23frag")]
    [InlineData("http://h/x?a=../../b")]
    [InlineData("http://h/x?a=%2e%2e%2fb")]
    public async Task Locations_that_could_be_read_two_ways_are_refused(string location)
    {
        await using var room = await Open(TestDatabases.Sqlite);
        Assert.Equal(ErrorCode.InvalidArgument, (await Assert.ThrowsAsync<HoldfastException>(() => room.Tracking.CreateExperiment(Someone, "x", location, ct: Ct))).Code);
    }

    [Fact]
    public async Task Files_below_the_operators_root_are_served()
    {
        using var root = new TemporaryFolder();
        await using var room = await Open(TestDatabases.Sqlite, new TrackingOptions { ArtifactRoot = "file://" + root.Path });
        var run = await room.NewRun();
        Assert.Equal($"file://{root.Path}/1/{run.RunId}/artifacts", run.ArtifactUri);
        await room.Tracking.PutArtifact(Someone, run.RunId, "a.txt", new MemoryStream([65]), Ct);
        Assert.True(File.Exists(Path.Combine(root.Path, "1", run.RunId, "artifacts", "a.txt")));
        Assert.Single(await room.Tracking.ListArtifacts(Someone, run.RunId, ct: Ct));
    }

    private static async Task Refused(ErrorCode code, string message, Func<Task> action)
    {
        var e = await Assert.ThrowsAsync<HoldfastException>(action);
        Assert.Equal((code, message), (e.Code, e.Message));
    }
}
