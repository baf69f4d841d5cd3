using System.Text;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Predictions;

namespace Holdfast.Platform.Tests.Predictions;

/// <summary>The log in Parquet: read like the lines that it was made of, shortened, and asked in SQL.</summary>
public sealed class PartsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_went_into_Parquet_reads_back_exactly_as_it_was_logged()
    {
        var seen = new Transcript();
        await using (var log = await LogHarness.Open(_folder.Path, folds: seen))
        {
            for (var i = 0; i < 200; i++)
                log.Service.Append(Odd(i));
            await log.Service.AddLabels(LogHarness.Someone, "credit", [.. Enumerable.Range(0, 50).Select(i => new NewLabel(LogHarness.Id(i), i % 2 == 0 ? "0" : "1\n\"x\""))], Ct);
            await log.Service.AdvanceClock(LogHarness.Someone, "credit", LogHarness.Start.AddDays(1), Ct);
            var before = await log.Service.Query(LogHarness.Someone, new PredictionQuery("credit", Limit: 1000), Ct);

            Assert.Equal(1, await log.Service.Compact(LogHarness.Someone, "credit", Ct));
            // Recent lines again, beside the Parquet files.
            for (var i = 200; i < 220; i++)
                log.Service.Append(Odd(i));
            var after = await log.Service.Query(LogHarness.Someone, new PredictionQuery("credit", Limit: 1000), Ct);
            Assert.Equal(before.Items.Select(p => Transcript.Line(p.Entry) + p.Label), after.Items.Take(200).Select(p => Transcript.Line(p.Entry) + p.Label));
            Assert.Equal(220, after.Items.Count);
            Assert.Equal("0", (await log.Service.Get(LogHarness.Someone, "credit", LogHarness.Id(8), Ct)).Label);
            // A label that comes late finds its row in Parquet, and the folds see it with its prediction.
            await log.Service.AddLabels(LogHarness.Someone, "credit", [new NewLabel(LogHarness.Id(60), "1"), new NewLabel(LogHarness.Id(8), "1")], Ct);
            await log.Service.Flush(Ct);
            Assert.Equal("1", (await log.Service.Get(LogHarness.Someone, "credit", LogHarness.Id(8), Ct)).Label);
            // Four hours of event time are four files; the labels' and the clock's hours may be further ones.
            Assert.Equal(["hour=00", "hour=01", "hour=02", "hour=03"], Directory.GetDirectories(Path.Combine(log.Blobs, "date=2026-01-01")).Select(Path.GetFileName).Order());
            Assert.Empty(log.Log.Files.Segments().Intersect(log.Log.Parts.Segments.Keys));
        }

        // A fold that was not there before sees all of it, out of Parquet and lines, in the order of the log.
        var (kept, replayed) = (new Transcript(), new Transcript("replayed"));
        await using (await LogHarness.Open(_folder.Path, new PredictionOptions { Recent = 10_000 }, null, kept, replayed))
            Assert.Equal(seen.Text, replayed.Text);
        Assert.Equal(seen.Text, kept.Text);
    }

    [Fact]
    public async Task A_late_label_of_a_compacted_row_is_joined_with_it_although_memory_has_forgotten_it()
    {
        var seen = new Transcript();
        await using var log = await LogHarness.Open(_folder.Path, new PredictionOptions { Linger = TimeSpan.FromMilliseconds(2), CommitAfter = 5, Recent = 6 }, null, seen);
        for (var i = 0; i < 40; i++)
            log.Service.Append(LogHarness.Entry(i));
        await log.Service.Compact(LogHarness.Someone, "credit", Ct);
        await log.Service.AddLabels(LogHarness.Someone, "credit", [.. Enumerable.Range(0, 40).Select(i => new NewLabel(LogHarness.Id(i), "1"))], Ct);
        await log.Service.Flush(Ct);
        Assert.Equal(40, seen.Text.Split('\n').Count(l => l.StartsWith("LabelEntry", StringComparison.Ordinal) && l.Contains("0000-4000", StringComparison.Ordinal) && !l.EndsWith("} ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_window_becomes_the_same_dataset_version_before_and_after()
    {
        await using var log = await LogHarness.Open(_folder.Path, new PredictionOptions { Linger = TimeSpan.FromMilliseconds(2), SegmentBytes = 20_000 });
        for (var i = 0; i < 300; i++)
        {
            log.Service.Append(LogHarness.Entry(i));
            if (i == 150)
                await log.Service.Flush(Ct);
        }

        await log.Service.AddLabels(LogHarness.Someone, "credit", [.. Enumerable.Range(0, 300).Select(i => new NewLabel(LogHarness.Id(i), "1"))], Ct);
        var before = await log.Service.Materialize(LogHarness.Someone, "credit", LogHarness.Start, LogHarness.Start.AddHours(5), "w", new MaterializeOptions(), Ct);
        Assert.True(await log.Service.Compact(LogHarness.Someone, "credit", Ct) > 1);
        var after = await log.Service.Materialize(LogHarness.Someone, "credit", LogHarness.Start, LogHarness.Start.AddHours(5), "w", new MaterializeOptions(), Ct);
        Assert.Equal((300, before.Version.Ref, before.Version.Hash), (after.Rows, after.Version.Ref, after.Version.Hash));
    }

    [Fact]
    public async Task Lines_that_a_crash_left_beside_their_Parquet_files_are_read_once()
    {
        string copy;
        await using (var log = await LogHarness.Open(_folder.Path))
        {
            for (var i = 0; i < 10; i++)
                log.Service.Append(LogHarness.Entry(i));
            await log.Service.Flush(Ct);
            var line = Directory.GetFiles(log.Folder).Single();
            copy = File.ReadAllText(line);
            await log.Service.Compact(LogHarness.Someone, "credit", Ct);
            Assert.False(File.Exists(line));
            // As if the process had ended between the commit and the removal.
            File.WriteAllText(line, copy);
        }

        var replayed = new Transcript("replayed");
        await using var again = await LogHarness.Open(_folder.Path, null, null, replayed);
        Assert.Equal(10, replayed.Text.Count(c => c == '\n'));
        Assert.DoesNotContain(Directory.GetFiles(again.Folder), f => File.ReadAllText(f) == copy);
    }

    [Fact]
    public async Task Sql_sees_Parquet_and_recent_lines_together_with_the_newest_labels()
    {
        await using var log = await LogHarness.Open(_folder.Path);
        for (var i = 0; i < 100; i++)
            log.Service.Append(Odd(i));
        await log.Service.Compact(LogHarness.Someone, "credit", Ct);
        for (var i = 100; i < 130; i++)
            log.Service.Append(Odd(i));
        await log.Service.AddLabels(LogHarness.Someone, "credit", [new NewLabel(LogHarness.Id(1), "0"), new NewLabel(LogHarness.Id(120), "0"), new NewLabel(LogHarness.Id(1), "1")], Ct);

        Assert.Equal("n,income\n130,12577.5\n", await Ask(log, "select count(*) as n, sum(features.income) as income from predictions"));
        Assert.Equal("label,correct,event_time\n1,true,2026-01-01 00:01:00+00\n0,true,2026-01-01 02:00:00+00\n", await Ask(log, "select label, correct, event_time from predictions where label is not null order by event_time -- and no more"));
        Assert.Equal("n\n60\n", await Ask(log, "select count(*) as n from predictions", from: LogHarness.Start.AddHours(1), until: LogHarness.Start.AddHours(2)));
        Assert.Equal("version,n\n4,33\n", await Ask(log, "select shadow.version as version, count(*) as n from predictions where shadow is not null group by 1;"));
        using (var cut = await log.Service.Ask(LogHarness.Someone, "credit", new LogQuestion("select id from predictions order by event_time", QueryFormat.Json, 2), Ct))
            Assert.Equal((2L, true, $"[\n\t{{\"id\":\"{LogHarness.Id(0)}\"}},\n\t{{\"id\":\"{LogHarness.Id(1)}\"}}\n]\n"), (cut.Rows, cut.Truncated, File.ReadAllText(cut.Path)));
        Assert.Empty(Directory.GetDirectories(Path.Combine(_folder.Path, "tmp")));
    }

    [Fact]
    public async Task Sql_that_would_do_more_than_read_the_log_is_refused()
    {
        await using var log = await LogHarness.Open(_folder.Path);
        log.Service.Append(LogHarness.Entry(1));
        await log.Service.Compact(LogHarness.Someone, "credit", Ct);
        var secret = Path.Combine(_folder.Path, "secret.txt");
        await File.WriteAllTextAsync(secret, "secret", Ct);
        var part = Directory.GetFiles(log.Blobs, "*.parquet", SearchOption.AllDirectories).Single();
        foreach (var sql in new[]
        {
            $"copy (select 1) to '{secret}'", $"copy (select 1) to '{part}'", "select 1; select 2", $"select 1) ; copy (select 1) to '{part}'; select * from (select 1", $"select * from read_text('{secret}')",
            "select * from read_csv('/etc/passwd')", $"attach '{secret}' as x", "set lock_configuration = false", "drop view predictions", "selec 1", "",
        })
        {
            var e = await Assert.ThrowsAsync<HoldfastException>(() => log.Service.Ask(LogHarness.Someone, "credit", new LogQuestion(sql), Ct));
            Assert.Equal((ErrorCode.InvalidArgument, true), (e.Code, e.Hint is not null));
        }

        Assert.Equal("secret", await File.ReadAllTextAsync(secret, Ct));
        Assert.Equal("n\n1\n", await Ask(log, "select count(*) as n from predictions"));
    }

    [Fact]
    public async Task Past_its_retention_a_prediction_is_gone_everywhere_and_the_Journal_says_so()
    {
        await using var log = await LogHarness.Open(_folder.Path);
        for (var i = 0; i < 300; i++)
            log.Service.Append(LogHarness.Entry(i));
        await log.Service.AddLabels(LogHarness.Someone, "credit", [new NewLabel(LogHarness.Id(5), "1", LogHarness.Start.AddHours(4))], Ct);
        await log.Service.SetRules(LogHarness.Credit, new LogRules(TimeSpan.FromHours(2)), Ct);
        await log.Service.Compact(LogHarness.Someone, "credit", Ct);
        await log.Service.Tend(LogHarness.Credit, Ct);
        // The watermark stands at 04:59: what is older than 02:59 goes by whole hours.
        var left = await log.Service.Query(LogHarness.Someone, new PredictionQuery("credit", Limit: 1000), Ct);
        Assert.Equal(Enumerable.Range(120, 180).Select(LogHarness.Id), left.Items.Select(p => p.Entry.Id));
        Assert.Equal(["hour=02", "hour=03", "hour=04"], Directory.GetFiles(log.Blobs, "*.parquet", SearchOption.AllDirectories).Select(f => Path.GetFileName(Path.GetDirectoryName(f))).Order());
        Assert.Equal(0, await log.Db.Read(tx => tx.Scalar("select count(*) from prediction_label"), Ct));
        var told = Assert.Single(await log.Journal.Read(LogHarness.Someone, new JournalQuery(Kind: "predictions.expired"), Ct)).DetailAs<PredictionsExpired>();
        Assert.Equal(("credit", LogHarness.Start.AddHours(2), "2h", 120), (told.Endpoint, told.Before, told.Retention, told.Predictions));
        // Once is enough.
        await log.Service.Tend(LogHarness.Credit, Ct);
        Assert.Single(await log.Journal.Read(LogHarness.Someone, new JournalQuery(Kind: "predictions.expired"), Ct));
    }

    [Fact]
    public async Task Redacted_inputs_are_never_written_and_hashed_ones_only_as_a_hash()
    {
        var seen = new Transcript();
        await using var log = await LogHarness.Open(_folder.Path, folds: seen);
        await log.Service.SetRules(LogHarness.Credit, new LogRules(Redact: ["ssn"], Hash: ["mail"]), Ct);
        for (var i = 0; i < 3; i++)
            log.Service.Append(LogHarness.Entry(i) with { Features = [FeatureValue.Of("ssn", "123-45-6789"), FeatureValue.Of("mail", i == 2 ? "b@example.org" : "a@example.org"), FeatureValue.Of("x", i)] });
        var text = string.Concat(await log.Lines()) + seen.Text;
        Assert.DoesNotContain("123-45", text, StringComparison.Ordinal);
        Assert.DoesNotContain("ssn", text, StringComparison.Ordinal);
        Assert.DoesNotContain("example.org", text, StringComparison.Ordinal);
        var mails = (await log.Service.Query(LogHarness.Someone, new PredictionQuery("credit"), Ct)).Items.Select(p => p.Entry.Features.Single(f => f.Name == "mail").Text!).ToList();
        Assert.StartsWith("h:", mails[0], StringComparison.Ordinal);
        Assert.Equal((mails[0], true), (mails[1], mails[2] != mails[0]));
    }

    [Fact]
    public async Task One_entity_is_deleted_from_lines_Parquet_and_tables_also_when_it_was_interrupted()
    {
        var key = StickyBucket.Entity("ann");
        await using (var log = await LogHarness.Open(_folder.Path))
        {
            for (var i = 0; i < 60; i++)
                log.Service.Append(LogHarness.Entry(i) with { Entity = i % 10 == 3 ? key : StickyBucket.Entity($"k{i}") });
            await log.Service.AddLabels(LogHarness.Someone, "credit", [.. Enumerable.Range(0, 10).Select(i => new NewLabel(LogHarness.Id(i), "1"))], Ct);
            await log.Service.Compact(LogHarness.Someone, "credit", Ct);
            for (var i = 60; i < 80; i++)
                log.Service.Append(LogHarness.Entry(i) with { Entity = i % 10 == 3 ? key : null });
            await log.Service.AddLabels(LogHarness.Someone, "credit", [new NewLabel(LogHarness.Id(63), "1")], Ct);
            // Accepted, and then the process ended.
            await log.Parts.AddDeletion(log.Log, key, "someone", LogHarness.Start, Ct);
        }

        await using var again = await LogHarness.Open(_folder.Path);
        await again.Service.Tend(LogHarness.Credit, Ct);
        var left = await again.Service.Query(LogHarness.Someone, new PredictionQuery("credit", Limit: 1000), Ct);
        Assert.Equal(Enumerable.Range(0, 80).Where(i => i % 10 != 3).Select(LogHarness.Id), left.Items.Select(p => p.Entry.Id));
        Assert.Equal("n\n72\n", await Ask(again, "select count(*) as n from predictions"));
        Assert.Equal("n\n9\n", await Ask(again, "select count(*) as n from labels"));
        var everything = string.Concat(Directory.GetFiles(again.Folder).Select(File.ReadAllText));
        Assert.DoesNotContain(LogHarness.Id(63), everything, StringComparison.Ordinal);
        Assert.Equal(0, await again.Db.Read(tx => tx.Scalar("select count(*) from prediction where entity = @e", ("e", unchecked((long)key))), Ct));
        Assert.Equal(0, await again.Db.Read(tx => tx.Scalar("select count(*) from prediction_label where prediction_id = @id", ("id", LogHarness.Id(63))), Ct));
        var told = Assert.Single(await again.Journal.Read(LogHarness.Someone, new JournalQuery(Kind: "predictions.deleted"), Ct));
        Assert.Equal((8, 2), (told.DetailAs<PredictionsDeleted>().Predictions, told.DetailAs<PredictionsDeleted>().Labels));
        Assert.DoesNotContain("ann", told.Detail.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, (await again.Service.DeleteEntity(LogHarness.Someone, "credit", "ann", Ct)).Predictions);
        // A label that comes now finds nothing, not even in memory.
        Assert.Single((await again.Service.AddLabels(LogHarness.Someone, "credit", [new NewLabel(LogHarness.Id(63), "1")], Ct)).Unknown);
    }

    [Fact]
    public async Task A_label_by_key_and_time_joins_the_nearest_earlier_prediction_within_its_tolerance()
    {
        await using var log = await LogHarness.Open(_folder.Path);
        PredictionEntry Of(int i, string key, int minute) => LogHarness.Entry(i, at: LogHarness.Start.AddMinutes(minute)) with { Entity = StickyBucket.Entity(key) };
        NewLabel Label(string key, int minute, string value = "1", int tolerance = 60) => new("", value, null, key, LogHarness.Start.AddMinutes(minute), TimeSpan.FromMinutes(tolerance));
        log.Service.Append(Of(1, "ann", 0));
        log.Service.Append(Of(2, "ann", 30));
        log.Service.Append(Of(3, "bob", 10));
        log.Service.Append(Of(4, "bob", 10));
        var result = await log.Service.AddLabels(LogHarness.Someone, "credit", [Label("ann", 45), Label("ann", 20, "0"), Label("bob", 12), Label("eve", 12), Label("ann", 500)], Ct);
        Assert.Equal((2, 2, 1), (result.Accepted, result.Waiting, result.Ambiguous));
        var page = await log.Service.Query(LogHarness.Someone, new PredictionQuery("credit"), Ct);
        Assert.Equal([(LogHarness.Id(1), "0"), (LogHarness.Id(3), null), (LogHarness.Id(4), null), (LogHarness.Id(2), "1")], page.Items.Select(p => (p.Entry.Id, p.Label)));
        var figures = await log.Service.Figures(LogHarness.Someone, "credit", Ct);
        Assert.Equal((2L, 1L), (figures.WaitingLabels, figures.AmbiguousLabels));

        // What waits is joined when its prediction comes; a correction by key corrects.
        log.Service.Append(Of(5, "eve", 11));
        await log.Service.AddLabels(LogHarness.Someone, "credit", [Label("ann", 45, "0")], Ct);
        await log.Service.Tend(LogHarness.Credit, Ct);
        Assert.Equal("1", (await log.Service.Get(LogHarness.Someone, "credit", LogHarness.Id(5), Ct)).Label);
        Assert.Equal("0", (await log.Service.Get(LogHarness.Someone, "credit", LogHarness.Id(2), Ct)).Label);
        Assert.Equal(1, (await log.Service.Figures(LogHarness.Someone, "credit", Ct)).WaitingLabels);
        var e = await Assert.ThrowsAsync<HoldfastException>(() => log.Service.AddLabels(LogHarness.Someone, "credit", [new NewLabel("", "1", Key: "ann"), new NewLabel("", "1", Time: LogHarness.Start)], Ct));
        Assert.Equal(["labels[0].time", "labels[1].key"], e.Faults.Select(f => f.Field));
    }

    [Fact]
    public async Task Predictions_are_found_by_answer_label_version_score_key_and_a_condition_on_features()
    {
        await using var log = await LogHarness.Open(_folder.Path);
        for (var i = 0; i < 100; i++)
            log.Service.Append(LogHarness.Entry(i) with { Entity = StickyBucket.Entity($"k{i % 10}"), ModelVersion = i < 50 ? 3 : 4 });
        await log.Service.AddLabels(LogHarness.Someone, "credit", [.. Enumerable.Range(0, 20).Select(i => new NewLabel(LogHarness.Id(i), i < 5 ? "1" : "0"))], Ct);
        async Task<List<int>> Find(PredictionQuery query) => [.. (await log.Service.Query(LogHarness.Someone, query, Ct)).Items.Select(p => (int)(p.Entry.Score * 1000 + 0.5))];
        var all = new PredictionQuery("credit", Limit: 1000);
        Assert.Equal([0, 1, 2, 3, 4], await Find(all with { Label = "1" }));
        Assert.Equal(Enumerable.Range(50, 50), await Find(all with { ModelVersion = 4 }));
        Assert.Equal([93, 83, 73], await Find(new PredictionQuery("credit", Limit: 3) { Key = "k3", NewestFirst = true }));
        Assert.Equal([10, 11, 12], await Find(all with { MinScore = 0.01, MaxScore = 0.012 }));
        Assert.Equal([0, 97], await Find(all with { Failed = true }));
        Assert.Equal([61, 65, 67, 71, 73, 77, 79], await Find(all with { Where = "income >= 90 and income <= 120 and job == 'cook \"é\"' and prediction == '1' and score < 0.08" }));
        // Pages of a condition hold each row once.
        var (found, token) = (new List<string>(), (string?)null);
        do
        {
            var page = await log.Service.Query(LogHarness.Someone, new PredictionQuery("credit", Limit: 7, Token: token) { Where = "income >= 30", NewestFirst = true }, Ct);
            found.AddRange(page.Items.Select(p => p.Entry.Id));
            token = page.NextToken;
        }
        while (token is not null);
        Assert.Equal(Enumerable.Range(20, 80).Reverse().Select(LogHarness.Id), found);
    }

    /// <summary>Names that differ by case, quotes and dots in names, a column of numbers and texts, rows of different shapes.</summary>
    private static PredictionEntry Odd(int i)
    {
        var entry = LogHarness.Entry(i);
        var features = entry.Features.ToList();
        features.Insert(i % 3, FeatureValue.Of("Age", i / 3.0));
        features.Add(i % 7 == 0 ? FeatureValue.Of("mixed", 0.1 * i) : i % 7 == 1 ? FeatureValue.Of("mixed", (string?)null) : FeatureValue.Of("mixed", $"{i}"));
        if (i % 4 == 0)
            features.Add(FeatureValue.Of("it's \"a.b\"", -0.0));
        return entry with { Features = features, Entity = i % 2 == 0 ? StickyBucket.Entity($"k{i}") : null, Asked = i % 5 == 0 ? "candidate" : null };
    }

    private static async Task<string> Ask(LogHarness log, string sql, DateTimeOffset? from = null, DateTimeOffset? until = null)
    {
        using var result = await log.Service.Ask(LogHarness.Someone, "credit", new LogQuestion(sql, QueryFormat.Csv, From: from, Until: until), Ct);
        return Encoding.UTF8.GetString(await File.ReadAllBytesAsync(result.Path, Ct));
    }
}
