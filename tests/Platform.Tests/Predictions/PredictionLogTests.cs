using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Predictions;

namespace Holdfast.Platform.Tests.Predictions;

public sealed class PredictionLogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Entries_read_back_as_they_were_folded()
    {
        var seen = new Transcript();
        await using var log = await LogHarness.Open(_folder.Path, folds: seen);
        for (var i = 0; i < 300; i++)
            Assert.True(log.Service.Append(LogHarness.Entry(i)));
        var page = await log.Service.Query(LogHarness.Someone, new PredictionQuery("credit", Limit: 1000), Ct);
        Assert.Equal(seen.Text, string.Concat(page.Items.Select(p => Transcript.Line(p.Entry) + "\n")));
        Assert.Equal(300, page.Items.Count);
        Assert.Null(page.NextToken);
    }

    [Fact]
    public async Task Pages_hold_each_prediction_once_and_the_interval_is_half_open()
    {
        await using var log = await LogHarness.Open(_folder.Path);
        for (var i = 0; i < 25; i++)
            log.Service.Append(LogHarness.Entry(i, at: LogHarness.Start.AddMinutes(i / 2)));
        var ids = new List<string>();
        string? token = null;
        do
        {
            var page = await log.Service.Query(LogHarness.Someone, new PredictionQuery("credit", LogHarness.Start.AddMinutes(1), LogHarness.Start.AddMinutes(11), Limit: 7, Token: token), Ct);
            ids.AddRange(page.Items.Select(p => p.Entry.Id));
            token = page.NextToken;
        }
        while (token is not null);
        Assert.Equal(Enumerable.Range(2, 20).Select(LogHarness.Id), ids);
    }

    [Fact]
    public async Task A_label_joins_before_and_after_its_prediction_and_a_correction_is_a_new_version()
    {
        var seen = new Transcript();
        await using var log = await LogHarness.Open(_folder.Path, folds: seen);
        var before = await log.Service.AddLabels(LogHarness.Someone, "credit", [new NewLabel(LogHarness.Id(1), "1")], Ct);
        Assert.Equal((0, 0, 1), (before.Accepted, before.Pending, before.Unknown.Count));
        log.Service.Append(LogHarness.Entry(1));
        log.Service.Append(LogHarness.Entry(2));
        var after = await log.Service.AddLabels(LogHarness.Someone, "credit", [new NewLabel(LogHarness.Id(2), "0"), new NewLabel(LogHarness.Id(1), "1")], Ct);
        Assert.Equal((2, 0, 0), (after.Accepted, after.Pending, after.Unknown.Count));
        await log.Service.AddLabels(LogHarness.Someone, "credit", [new NewLabel(LogHarness.Id(1), "0")], Ct);
        var lines = await log.Lines();
        Assert.Equal(["prediction", "label", "prediction", "label", "label"], lines.Select(l => JsonDocument.Parse(l).RootElement.GetProperty("kind").GetString()));
        var labelled = await log.Service.Query(LogHarness.Someone, new PredictionQuery("credit", Labelled: true), Ct);
        Assert.Equal(["0", "0"], labelled.Items.Select(p => p.Label));
    }

    [Fact]
    public async Task A_fresh_id_that_is_not_in_the_log_is_pending()
    {
        await using var log = await LogHarness.Open(_folder.Path);
        var result = await log.Service.AddLabels(LogHarness.Someone, "credit", [new NewLabel(Ids.Prediction(DateTimeOffset.UnixEpoch.AddYears(60)), "1")], Ct);
        Assert.Equal(1, result.Pending);
    }

    [Fact]
    public async Task Malformed_labels_are_refused_all_at_once_and_none_is_stored()
    {
        await using var log = await LogHarness.Open(_folder.Path);
        var e = await Assert.ThrowsAsync<HoldfastException>(() => log.Service.AddLabels(LogHarness.Someone, "credit", [new NewLabel("x", "1"), new NewLabel(LogHarness.Id(1), ""), new NewLabel(LogHarness.Id(2), "1")], Ct));
        Assert.Equal(["labels[0].prediction_id", "labels[1].value"], e.Faults.Select(f => f.Field));
        Assert.Equal(0, await log.Db.Read(tx => tx.Scalar("select count(*) from prediction_label"), Ct));
    }

    [Fact]
    public async Task The_watermark_follows_the_records_and_never_goes_back()
    {
        await using var log = await LogHarness.Open(_folder.Path);
        Assert.Equal(DateTimeOffset.UnixEpoch, log.Service.Now(LogHarness.Credit));
        log.Service.Append(LogHarness.Entry(10));
        log.Service.Append(LogHarness.Entry(5));
        await log.Service.Flush(Ct);
        Assert.Equal(LogHarness.Start.AddMinutes(10), log.Service.Now(LogHarness.Credit));
        await log.Service.AdvanceClock(LogHarness.Someone, "credit", LogHarness.Start.AddMinutes(8), Ct);
        Assert.Equal(LogHarness.Start.AddMinutes(10), log.Service.Watermark(LogHarness.Credit));
        await log.Service.AdvanceClock(LogHarness.Someone, "credit", LogHarness.Start.AddMinutes(30), Ct);
        Assert.Equal(LogHarness.Start.AddMinutes(30), log.Service.Watermark(LogHarness.Credit));
        await log.Service.Declare(LogHarness.Credit, EndpointClock.Event, TimeSpan.FromMinutes(1), Ct);
        log.Service.Append(LogHarness.Entry(40));
        await log.Service.Flush(Ct);
        Assert.Equal(LogHarness.Start.AddMinutes(39), log.Service.Watermark(LogHarness.Credit));
    }

    [Fact]
    public async Task A_full_queue_drops_and_counts_and_nobody_waits()
    {
        await using var log = await LogHarness.Open(_folder.Path, new PredictionOptions { QueueCapacity = 4 });
        var copy = new TaskCompletionSource<ShadowResult>();
        log.Service.Append(LogHarness.Entry(0), copy.Task);
        var accepted = Enumerable.Range(1, 50).Count(i => log.Service.Append(LogHarness.Entry(i)));
        copy.SetResult(new ShadowResult("m", 2, 0.5, "1", null, 1));
        await log.Service.Flush(Ct);
        var counters = log.Service.Completeness(LogHarness.Credit);
        Assert.InRange(accepted, 1, 6);
        Assert.Equal((accepted + 1, 50 - accepted), (counters.Logged, counters.Dropped));
    }

    [Fact]
    public async Task A_record_keeps_its_place_while_its_copy_is_under_way()
    {
        var seen = new Transcript();
        await using var log = await LogHarness.Open(_folder.Path, folds: seen);
        var copy = new TaskCompletionSource<ShadowResult>();
        log.Service.Append(LogHarness.Entry(1));
        log.Service.Append(LogHarness.Entry(2), copy.Task);
        log.Service.Append(LogHarness.Entry(3));
        while (!seen.Text.Contains(LogHarness.Id(1), StringComparison.Ordinal))
            await Task.Delay(5, Ct);
        copy.SetResult(new ShadowResult("m", 2, 0.5, "1", null, 1));
        var page = await log.Service.Query(LogHarness.Someone, new PredictionQuery("credit"), Ct);
        Assert.Equal([1, 2, 3], page.Items.Select(p => (int)(p.Entry.At - LogHarness.Start).TotalMinutes));
        Assert.Equal(0.5, page.Items[1].Entry.Shadow?.Score);
    }

    [Fact]
    public async Task Segments_roll_by_size_and_every_line_is_plain_json()
    {
        await using var log = await LogHarness.Open(_folder.Path, new PredictionOptions { SegmentBytes = 2_000, Linger = TimeSpan.FromMilliseconds(1) });
        for (var i = 0; i < 30; i++)
        {
            log.Service.Append(LogHarness.Entry(i));
            await log.Service.Flush(Ct);
        }

        Assert.True(Directory.GetFiles(log.Folder).Length > 3);
        var sequence = (await log.Lines()).Select(l => JsonDocument.Parse(l).RootElement.GetProperty("seq").GetInt64());
        Assert.Equal(Enumerable.Range(1, 30).Select(i => (long)i), sequence);
        Assert.Equal(30, (await log.Service.Query(LogHarness.Someone, new PredictionQuery("credit"), Ct)).Items.Count);
    }

    [Fact]
    public async Task A_torn_last_line_is_cut_and_the_log_goes_on()
    {
        await using (var log = await LogHarness.Open(_folder.Path))
        {
            for (var i = 0; i < 3; i++)
                log.Service.Append(LogHarness.Entry(i));
        }

        var file = Directory.GetFiles(Path.Combine(_folder.Path, "predictions", "1", "credit")).Single();
        await File.AppendAllTextAsync(file, """{"seq":4,"kind":"predic""", Ct);
        await using var again = await LogHarness.Open(_folder.Path);
        again.Service.Append(LogHarness.Entry(9));
        Assert.Equal([1, 2, 3, 4], (await again.Lines()).Select(l => JsonDocument.Parse(l).RootElement.GetProperty("seq").GetInt32()));
    }

    [Fact]
    public async Task A_fold_that_is_new_is_replayed_from_the_beginning()
    {
        var first = new Transcript();
        await using (var log = await LogHarness.Open(_folder.Path, folds: first))
        {
            for (var i = 0; i < 50; i++)
                log.Service.Append(LogHarness.Entry(i));
            await log.Service.AddLabels(LogHarness.Someone, "credit", [.. Enumerable.Range(0, 50).Select(i => new NewLabel(LogHarness.Id(i), "1"))], Ct);
            await log.Service.AdvanceClock(LogHarness.Someone, "credit", LogHarness.Start.AddDays(1), Ct);
        }

        var (kept, late) = (new Transcript(), new Transcript("late"));
        await using var again = await LogHarness.Open(_folder.Path, null, null, kept, late);
        Assert.Equal((first.Text, first.Text), (kept.Text, late.Text));
        Assert.Equal(LogHarness.Start.AddDays(1), again.Service.Watermark(LogHarness.Credit));
    }

    [Fact]
    public async Task On_a_wall_clock_time_passes_without_traffic_and_says_so_in_the_log()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(LogHarness.Start);
        await using var log = await LogHarness.Open(_folder.Path, new PredictionOptions { CommitEvery = TimeSpan.FromMilliseconds(5), Linger = TimeSpan.FromMilliseconds(1) }, time);
        await log.Service.Declare(LogHarness.Credit, EndpointClock.Wall, TimeSpan.FromSeconds(10), Ct);
        log.Service.Append(LogHarness.Entry(0));
        await log.Service.Flush(Ct);
        time.Advance(TimeSpan.FromSeconds(90));
        while (log.Service.Watermark(LogHarness.Credit) < LogHarness.Start)
            await Task.Delay(5, Ct);
        Assert.Equal(LogHarness.Start.AddSeconds(80), log.Service.Watermark(LogHarness.Credit));
        Assert.Equal(LogHarness.Start.AddSeconds(90), log.Service.Now(LogHarness.Credit));
        Assert.Contains("\"idle\"", (await log.Lines())[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Quarantines_hold_until_released_by_name_and_an_incident_sets_aside_once()
    {
        await using var log = await LogHarness.Open(_folder.Path);
        var (p, service) = (LogHarness.Someone, log.Service);
        var id = await service.Quarantine(p, "credit", LogHarness.Start, null, "scale change", "i1", Ct);
        Assert.Equal(id, await service.Quarantine(p, "credit", LogHarness.Start, null, "scale change", "i1", Ct));
        Assert.True(service.IsQuarantined(LogHarness.Credit, LogHarness.Start.AddYears(1)));
        await service.CloseQuarantine(p, id, LogHarness.Start.AddHours(2), Ct);
        Assert.True(service.IsQuarantined(LogHarness.Credit, LogHarness.Start));
        Assert.False(service.IsQuarantined(LogHarness.Credit, LogHarness.Start.AddHours(2)));
        await service.ReleaseQuarantine(p, id, "repaired by hand", Ct);
        await service.ReleaseQuarantine(p, id, "again", Ct);
        Assert.False(service.IsQuarantined(LogHarness.Credit, LogHarness.Start));
        Assert.Equal(["data.quarantined", "data.released"], (await log.Journal.Read(p, new JournalQuery(), Ct)).Select(e => e.Kind));
        Assert.Equal("repaired by hand", (await service.ListQuarantines(p, "credit", Ct)).Single().ReleaseReason);
    }

    [Fact]
    public async Task A_window_becomes_a_dataset_of_labelled_rows_without_those_set_aside()
    {
        await using var log = await LogHarness.Open(_folder.Path);
        var (p, service) = (LogHarness.Someone, log.Service);
        for (var i = 0; i < 40; i++)
            service.Append(i < 35 ? LogHarness.Entry(i) : LogHarness.Entry(i) with { Features = [.. LogHarness.Entry(i).Features, FeatureValue.Of("late", i)] });
        await service.AddLabels(p, "credit", [.. Enumerable.Range(0, 38).Select(i => new NewLabel(LogHarness.Id(i), i % 2 == 0 ? "1" : "0"))], Ct);
        await service.Quarantine(p, "credit", LogHarness.Start.AddMinutes(10), LogHarness.Start.AddMinutes(20), "doubled", "i1", Ct);
        var window = await service.Materialize(p, "credit", LogHarness.Start.AddMinutes(5), LogHarness.Start.AddMinutes(100), "retraining", new MaterializeOptions("defaulted"), Ct);
        Assert.Equal((23, 33, 10, 23 / 25.0), (window.Rows, window.Labelled, window.Quarantined, window.LabelCoverage));
        var table = await log.Datasets.Read(p, window.Version.Ref, Ct);
        Assert.Equal(["event_time", "income", "job", "age", "late", "defaulted"], table.Names);
        Assert.DoesNotContain(table.Find("income")!.Numbers, income => income is >= 15 and < 30);
        Assert.Equal("cook \"é\"", table.Find("job")!.Texts[0]);
        var again = await service.Materialize(p, "credit", LogHarness.Start.AddMinutes(5), LogHarness.Start.AddMinutes(100), "retraining", new MaterializeOptions("defaulted"), Ct);
        Assert.Equal(window.Version.Version, again.Version.Version);
        var e = await Assert.ThrowsAsync<HoldfastException>(() => service.Materialize(p, "credit", LogHarness.Start.AddMinutes(10), LogHarness.Start.AddMinutes(20), "retraining", new MaterializeOptions(), Ct));
        Assert.Contains("10 in quarantine", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_workspace_sees_nothing()
    {
        await using var log = await LogHarness.Open(_folder.Path);
        log.Service.Append(LogHarness.Entry(1));
        var e = await Assert.ThrowsAsync<HoldfastException>(() => log.Service.Query(LogHarness.Someone with { WorkspaceId = 2 }, new PredictionQuery("credit"), Ct));
        Assert.Equal(ErrorCode.NotFound, e.Code);
    }
}
