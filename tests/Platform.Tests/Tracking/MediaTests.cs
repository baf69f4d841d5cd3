using System.Text;
using Holdfast.Client;
using Holdfast.Contracts;
using Holdfast.Tracking;
using static Holdfast.Platform.Tests.Tracking.TrackingRoom;

namespace Holdfast.Platform.Tests.Tracking;

/// <summary>Histograms, texts, images and the like, logged at a step.</summary>
public sealed class MediaTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task What_was_logged_is_listed_by_step(string database)
    {
        await using var room = await Open(database);
        var run = await room.NewRun();
        NewMedia[] entries =
        [
            .. Enumerable.Range(0, 20).Select(i => new NewMedia("weights/dense", i * 0.5m, At(i), new Histogram([0, 1, 2], [i, 1]))),
            new NewMedia("sample", -1, At(1), Text: "once upon a time", Caption: "greedy"),
        ];
        var made = await room.Tracking.LogMedia(Someone, run.RunId, entries, Ct);
        // Sent again, as a client does that did not get the answer.
        var again = await room.Tracking.LogMedia(Someone, run.RunId, entries, Ct);
        Assert.Equal(made.Select(m => m.Id), again.Select(m => m.Id));
        var keys = await room.Tracking.MediaKeys(Someone, run.RunId, Ct);
        Assert.Equal([new MediaSeries("sample", MediaKind.Text, 1, -1, -1), new MediaSeries("weights/dense", MediaKind.Histogram, 20, 0, 9.5m)], keys);
        var text = Assert.Single((await room.Tracking.ListMedia(Someone, run.RunId, kind: MediaKind.Text, ct: Ct)).Items);
        Assert.Equal(("once upon a time", "greedy", -1m), (text.Text, text.Caption, text.Step));
        var page = await room.Tracking.ListMedia(Someone, run.RunId, "weights/dense", fromStep: 1, toStep: 3, max: 3, ct: Ct);
        Assert.Equal([1, 1.5m, 2], page.Items.Select(m => m.Step));
        Assert.Equal([2, 1], page.Items[0].Histogram!.Counts);
        Assert.Equal([2.5m, 3], (await room.Tracking.ListMedia(Someone, run.RunId, "weights/dense", fromStep: 1, toStep: 3, max: 3, token: page.NextToken, ct: Ct)).Items.Select(m => m.Step));
        Assert.Equal([0, 3, 6, 9.5m], (await room.Tracking.ListMedia(Someone, run.RunId, "weights/dense", sample: 4, ct: Ct)).Items.Select(m => m.Step));
        await room.Tracking.DeleteMedia(Someone, run.RunId, text.Id, Ct);
        Assert.Equal(ErrorCode.NotFound, (await Assert.ThrowsAsync<HoldfastException>(() => room.Tracking.OpenMedia(Someone, run.RunId, text.Id, Ct))).Code);
        await Assert.ThrowsAsync<HoldfastException>(() => room.Tracking.ListMedia(Neighbour, run.RunId, ct: Ct));
    }

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task A_file_is_an_artifact_named_by_its_content(string database)
    {
        await using var room = await Open(database);
        var run = await room.NewRun();
        var one = await File("one", 1);
        var same = await File("one", 2);
        var other = await File("other", 3);
        Assert.Equal(one.Path, same.Path);
        Assert.NotEqual(one.Id, same.Id);
        Assert.NotEqual(one.Path, other.Path);
        Assert.Equal(2, (await room.Tracking.ListArtifacts(Someone, run.RunId, "media/samples/cat", Ct)).Count);
        var (entry, content) = await room.Tracking.OpenMedia(Someone, run.RunId, same.Id, Ct);
        await using (content)
            Assert.Equal("one", await new StreamReader(content).ReadToEndAsync(Ct));
        Assert.Equal(("image/png", 3L, 2m, MediaKind.Image), (entry.MediaType, entry.Size, entry.Step, entry.Kind));

        Task<MediaEntry> File(string text, int step) =>
            room.Tracking.LogMediaFile(Someone, run.RunId, "samples/cat", MediaKind.Image, "image/png", new MemoryStream(Encoding.UTF8.GetBytes(text)), step, At(step), ct: Ct);
    }

    [Fact]
    public async Task All_faults_of_a_batch_are_said_and_nothing_is_stored()
    {
        await using var room = await Open(TestDatabases.Sqlite);
        var run = await room.NewRun();
        var e = await Assert.ThrowsAsync<HoldfastException>(() => room.Tracking.LogMedia(
            Someone, run.RunId,
            [new NewMedia("good", Text: "x"), new NewMedia("../bad", Text: "x"), new NewMedia("none"), new NewMedia("h", Histogram: new Histogram([0, 1], [1, 2])), new NewMedia("d", Histogram: new Histogram([1, 0], [1]))], Ct));
        Assert.Equal(["entries[1].key", "entries[2].histogram", "entries[3].histogram", "entries[4].histogram"], e.Faults.Select(f => f.Field));
        Assert.All(e.Faults, f => Assert.NotEmpty(f.Hint!));
        Assert.Empty((await room.Tracking.ListMedia(Someone, run.RunId, ct: Ct)).Items);
    }

    [Theory]
    [InlineData(MediaKind.Image, "text/html", "x", "is not known")]
    [InlineData(MediaKind.Text, "text/plain", "x", "is no file")]
    [InlineData(MediaKind.Table, "application/json", "{", "is not JSON")]
    [InlineData(MediaKind.Table, "application/json", """{"columns": ["a"], "data": [[1, 2]]}""", "not of the form")]
    [InlineData(MediaKind.Plot, "application/json", "nothing", "is not JSON")]
    public async Task A_file_that_is_not_what_it_says_is_refused(MediaKind kind, string type, string content, string message)
    {
        await using var room = await Open(TestDatabases.Sqlite);
        var run = await room.NewRun();
        var e = await Assert.ThrowsAsync<HoldfastException>(() => room.Tracking.LogMediaFile(Someone, run.RunId, "k", kind, type, new MemoryStream(Encoding.UTF8.GetBytes(content)), ct: Ct));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.NotEmpty(e.Hint!);
        Assert.Empty(await room.Tracking.ListArtifacts(Someone, run.RunId, ct: Ct));
    }

    [Fact]
    public async Task The_client_logs_charts_and_reads_over_HTTP()
    {
        await using var host = await TestHost.Start();
        using var client = new HoldfastClient(host.Client.BaseAddress!);
        var run = await client.Runs.Start("charts", ct: Ct);
        await client.Runs.Log(run.RunId, [.. Enumerable.Range(0, 500).Select(i => new MetricPoint("loss", 1.0 / (i + 1), At(i), i / 4m))], ct: Ct);
        var chart = Assert.Single((await client.Runs.Series(new SeriesQuery([run.RunId], ["loss"], 10), Ct)).Series);
        Assert.Equal((500L, 10, 1.0), (chart.Points, chart.X.Count, chart.Max![0]));
        Assert.Equal([1, 1.25m, 1.5m], (await client.Runs.History(run.RunId, "loss", 1, 1.5m, ct: Ct)).Items.Select(p => p.Step));
        await client.Runs.LogMedia(run.RunId, [new NewMedia("h", 2.5m, Histogram: new Histogram([0, 1], [3]))], Ct);
        var image = await client.Runs.LogMedia(run.RunId, "a/b", MediaKind.Plot, new MemoryStream("{}"u8.ToArray()), "application/json", 3, "a plot", Ct);
        Assert.Equal(("a/b", 3m, "a plot"), (image.Key, image.Step, image.Caption));
        Assert.Equal(["a/b", "h"], (await client.Runs.MediaKeys(run.RunId, Ct)).Select(k => k.Key));
        Assert.Equal(2.5m, Assert.Single((await client.Runs.Media(run.RunId, kind: MediaKind.Histogram, sample: 5, ct: Ct)).Items).Step);
        await using var content = await client.Runs.OpenMedia(run.RunId, image.Id, Ct);
        Assert.Equal("{}", await new StreamReader(content).ReadToEndAsync(Ct));
        using var raw = await host.Client.GetAsync($"/api/v1/runs/{run.RunId}/media/{image.Id}", Ct);
        Assert.Equal("attachment", raw.Content.Headers.ContentDisposition!.DispositionType);
    }

    private static DateTimeOffset At(int i) => DateTimeOffset.FromUnixTimeMilliseconds(1_000 + i);
}
