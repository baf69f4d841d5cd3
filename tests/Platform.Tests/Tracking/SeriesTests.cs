using System.Net;
using System.Net.Http.Json;
using Holdfast.Contracts;
using Holdfast.Tracking;

namespace Holdfast.Platform.Tests.Tracking;

/// <summary>Courses of many runs at once, in buckets; and who hears of changed runs.</summary>
public sealed class SeriesTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static SeriesCourse Fold(int buckets, params (double X, double Value)[] points) => SeriesBuckets.Fold("r", "k", [.. points.Select(p => SeriesPiece.Of(p.X, p.Value))], buckets);

    [Fact]
    public void A_bucket_keeps_its_last_least_and_greatest_value()
    {
        var points = Enumerable.Range(0, 10_000).Select(i => (X: (double)i, Value: i == 4_321 ? 99.0 : i == 7_000 ? -99.0 : Math.Sin(i))).ToList();
        var course = Fold(100, [.. points]);
        Assert.Equal((100, 10_000L), (course.X.Count, course.Points));
        Assert.Equal((99.0, -99.0), (course.Max!.Max(), course.Min!.Min()));
        Assert.Equal((9_999.0, Math.Sin(9_999)), (course.X[^1], course.Last[^1]));
        Assert.All(Enumerable.Range(0, 100), i => Assert.InRange(course.Last[i], course.Min![i], course.Max![i]));
        Assert.True(course.X.SequenceEqual(course.X.Order()));
    }

    [Fact]
    public void Few_points_stay_as_they_are()
    {
        var course = Fold(3, (1, 2), (5, double.NaN), (5, 3));
        Assert.Equal([1, 5, 5], course.X);
        Assert.Equal([2, double.NaN, 3], course.Last);
        Assert.Null(course.Min);
    }

    [Fact]
    public void NaN_is_never_least_or_greatest_but_where_there_is_nothing_else()
    {
        var course = Fold(2, (0, double.NaN), (1, 4), (2, double.NaN), (9, double.NaN), (10, double.NaN));
        Assert.Equal([4, double.NaN], course.Min);
        Assert.Equal([4, double.NaN], course.Max);
        Assert.Equal([double.NaN, double.NaN], course.Last);
    }

    [Fact]
    public void Points_at_one_position_are_one_bucket()
    {
        var course = Fold(2, (7, 1), (7, 3), (7, 2));
        Assert.Equal((7.0, 2.0, 1.0, 3.0), (Assert.Single(course.X), course.Last[0], course.Min![0], course.Max![0]));
    }

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task Many_runs_and_metrics_come_in_one_answer(string database)
    {
        await using var room = await TrackingRoom.Open(database);
        var (a, b) = (await room.NewRun(), await room.NewRun());
        await room.Log(a, [.. Enumerable.Range(0, 50).Select(i => TrackingRoom.Point("loss", i, i, 1_000 + (i * 10)))]);
        await room.Log(b, TrackingRoom.Point("loss", 5, -3, 2_000), TrackingRoom.Point("acc", 1, 1, 2_000));
        var found = (await room.Tracking.Series(TrackingRoom.Someone, new SeriesQuery([a.RunId, b.RunId, "nobody"], ["loss", "acc"], 10), Ct)).Series;
        Assert.Equal([(a.RunId, "loss", 50L), (b.RunId, "loss", 1L), (b.RunId, "acc", 1L)], found.Select(s => (s.Run, s.Key, s.Points)));
        Assert.Equal((10, -3.0), (found[0].X.Count, found[1].X[0]));

        var zoomed = (await room.Tracking.Series(TrackingRoom.Someone, new SeriesQuery([a.RunId], ["loss"], 10, From: 9.5, To: 15), Ct)).Series;
        Assert.Equal([10, 11, 12, 13, 14, 15], Assert.Single(zoomed).X);
        var timed = (await room.Tracking.Series(TrackingRoom.Someone, new SeriesQuery([a.RunId], ["loss"], 100, X: "time", From: 1_480), Ct)).Series;
        Assert.Equal([1_480, 1_490], Assert.Single(timed).X);
        Assert.Empty((await room.Tracking.Series(TrackingRoom.Neighbour, new SeriesQuery([a.RunId], ["loss"]), Ct)).Series);
    }

    [Fact]
    public async Task All_faults_of_a_question_are_said_at_once()
    {
        await using var host = await TestHost.Start();
        using var answer = await host.Client.PostAsJsonAsync("/api/v1/runs/series", new SeriesQuery([], [], 0, "moon", 5, 1), HoldfastJson.Options, Ct);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal(["runs", "keys", "buckets", "x", "from"], (await host.Problem(answer)).Faults!.Select(f => f.Field));
    }

    [Fact]
    public async Task A_listener_hears_of_the_runs_of_its_workspace_that_changed()
    {
        await using var room = await TrackingRoom.Open(TestDatabases.Sqlite);
        var (own, other) = (await room.NewRun(), await room.NewRun());
        await using var news = room.Tracking.Feed.Listen(TrackingRoom.Someone, TimeSpan.Zero, TimeSpan.FromMinutes(5), TimeProvider.System, Ct).GetAsyncEnumerator(Ct);
        Assert.True(await news.MoveNextAsync());
        Assert.Empty(news.Current.Runs);
        var single = room.Tracking.Feed.Next(TrackingRoom.Someone, own.RunId, Ct);

        await room.Log(other, TrackingRoom.Point("loss", 1));
        Assert.True(await news.MoveNextAsync());
        Assert.Equal([other.RunId], news.Current.Runs);
        Assert.False(single.IsCompleted);

        await room.Tracking.DeleteRun(TrackingRoom.Someone, own.RunId, Ct);
        Assert.True(await news.MoveNextAsync());
        Assert.Equal([own.RunId], news.Current.Runs);
        await single;
    }

    [Fact]
    public async Task The_stream_of_changed_runs_is_server_sent_events()
    {
        await using var host = await TestHost.Start();
        using var answer = await host.Client.GetAsync("/api/v1/runs/live", HttpCompletionOption.ResponseHeadersRead, Ct);
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType?.MediaType);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(Ct));
        Assert.Equal("""data: {"runs":[],"many":false}""", await reader.ReadLineAsync(Ct));
        Assert.Equal("", await reader.ReadLineAsync(Ct));
        using var made = await host.Client.PostAsJsonAsync("/api/v1/runs", new NewRun("0", "first"), HoldfastJson.Options, Ct);
        var run = (await made.Content.ReadFromJsonAsync<Run>(HoldfastJson.Options, Ct))!;
        Assert.Equal($$"""data: {"runs":["{{run.RunId}}"],"many":false}""", await reader.ReadLineAsync(Ct));
    }
}
