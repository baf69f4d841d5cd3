using System.Diagnostics;
using System.Text.Json;
using Holdfast.Predictions;

namespace Holdfast.Platform.Tests.Predictions;

/// <summary>A child process writes predictions and labels and is ended by kill -9; then the folder is opened again.</summary>
public sealed class LogCrashTests : IDisposable
{
    private const string ChildFolder = "HOLDFAST_TEST_LOG_CHILD";
    private const string Acknowledged = "acknowledged";
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(400)]
    [InlineData(1100)]
    public async Task After_kill_9_acknowledged_labels_are_there_no_line_is_torn_and_folds_equal_a_replay(int labelsBeforeTheKill)
    {
        var ct = TestContext.Current.CancellationToken;
        var acknowledged = await KillChildAfter(labelsBeforeTheKill);
        Assert.True(acknowledged >= labelsBeforeTheKill);

        var (kept, replayed) = (new Transcript(), new Transcript("replayed"));
        await using var log = await LogHarness.Open(_folder.Path, null, null, kept, replayed);
        var lines = (await log.Lines()).Select(l => JsonDocument.Parse(l).RootElement).ToList();
        Assert.Equal(Enumerable.Range(1, lines.Count), lines.Select(l => l.GetProperty("seq").GetInt32()));
        Assert.Equal(replayed.Text, kept.Text);

        var stored = await log.Db.Read(tx => tx.Query("select prediction_id from prediction_label order by label_seq", r => r.Text(0)), ct);
        Assert.Equal(Enumerable.Range(0, acknowledged).Select(LogHarness.Id), stored.Take(acknowledged));
        var labels = lines.Where(l => l.GetProperty("kind").GetString() == "label").Select(l => l.GetProperty("label_seq").GetInt64()).ToList();
        Assert.Equal(labels.Distinct().Order(), labels.Order());
        // Only labels whose prediction the crash took from the log (at most a second's worth) may be missing from it.
        Assert.Equal(stored.Count, labels.Count + log.Service.Completeness(LogHarness.Credit).PendingLabels);
    }

    /// <summary>The child: only ever run by the test above, until it is killed.</summary>
    [Fact(Explicit = true)]
    public async Task Writes_until_it_is_killed()
    {
        var root = Environment.GetEnvironmentVariable(ChildFolder) ?? throw new InvalidOperationException("This is the child of another test.");
        await using var log = await LogHarness.Open(root, new PredictionOptions { SegmentBytes = 200_000, CommitAfter = 300 }, null, new Transcript());
        await using var progress = new FileStream(Path.Combine(root, Acknowledged), FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
        for (var i = 0; ; i++)
        {
            log.Service.Append(LogHarness.Entry(i));
            await log.Service.AddLabels(LogHarness.Someone, "credit", [new NewLabel(LogHarness.Id(i), "1")], TestContext.Current.CancellationToken);
            progress.WriteByte(1);
        }
    }

    [Fact]
    public async Task After_kill_9_while_segments_go_into_Parquet_nothing_is_lost_and_nothing_is_there_twice()
    {
        const int labelsBeforeTheKill = 120;
        var ct = TestContext.Current.CancellationToken;
        await KillChildAfter(labelsBeforeTheKill, nameof(Writes_and_compacts_until_it_is_killed));
        var (kept, replayed) = (new Transcript(), new Transcript("replayed"));
        await using var log = await LogHarness.Open(_folder.Path, null, null, kept, replayed);
        Assert.NotEmpty(log.Log.Parts.All);
        // A segment lies in one place only.
        Assert.Empty(log.Log.Files.Segments().Intersect(log.Log.Parts.Segments.Keys));
        Assert.Equal(replayed.Text, kept.Text);
        var seqs = new List<long>();
        await foreach (var (seq, _, _) in log.Log.ReadAfter(0, ct))
            seqs.Add(seq);
        Assert.Equal(Enumerable.Range(1, seqs.Count).Select(i => (long)i), seqs);
        var page = await log.Service.Query(LogHarness.Someone, new PredictionQuery("credit", Limit: 10_000), ct);
        Assert.Equal(page.Items.Count, await log.Db.Read(tx => tx.Scalar("select count(*) from prediction"), ct));
        Assert.Equal(page.Items.Count, page.Items.Select(p => p.Entry.Id).Distinct().Count());
        Assert.True(page.Items.Count(p => p.Label is not null) >= labelsBeforeTheKill);
    }

    /// <summary>The child: only ever run by the test above, until it is killed.</summary>
    [Fact(Explicit = true)]
    public async Task Writes_and_compacts_until_it_is_killed()
    {
        var root = Environment.GetEnvironmentVariable(ChildFolder) ?? throw new InvalidOperationException("This is the child of another test.");
        await using var log = await LogHarness.Open(root, new PredictionOptions { SegmentBytes = 20_000, CommitAfter = 60, Linger = TimeSpan.FromMilliseconds(1) }, null, new Transcript());
        await using var progress = new FileStream(Path.Combine(root, Acknowledged), FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
        var compacting = Task.Run(async () =>
        {
            for (; ; await Task.Delay(20, TestContext.Current.CancellationToken))
                await log.Service.Compact(LogHarness.Someone, "credit", TestContext.Current.CancellationToken);
        }, TestContext.Current.CancellationToken);
        for (var i = 0; !compacting.IsCompleted; i++)
        {
            log.Service.Append(LogHarness.Entry(i, at: LogHarness.Start.AddSeconds(i)));
            await log.Service.AddLabels(LogHarness.Someone, "credit", [new NewLabel(LogHarness.Id(i), "1")], TestContext.Current.CancellationToken);
            // The kill shall come while segments move, so the count begins when the first has.
            if (log.Log.Parts.All.Any())
                progress.WriteByte(1);
        }

        await compacting;
    }

    private async Task<int> KillChildAfter(int labels, string method = nameof(Writes_until_it_is_killed))
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(typeof(LogCrashTests).Assembly.Location);
        foreach (var argument in (string[])["-explicit", "only", "-method", $"{typeof(LogCrashTests).FullName}.{method}"])
            start.ArgumentList.Add(argument);
        start.Environment[ChildFolder] = _folder.Path;
        using var child = Process.Start(start)!;
        var progress = new FileInfo(Path.Combine(_folder.Path, Acknowledged));
        while (!child.HasExited && (!progress.Exists || progress.Length < labels))
        {
            await Task.Delay(1, TestContext.Current.CancellationToken);
            progress.Refresh();
        }

        child.Kill();
        await child.WaitForExitAsync(TestContext.Current.CancellationToken);
        progress.Refresh();
        return (int)progress.Length;
    }
}
