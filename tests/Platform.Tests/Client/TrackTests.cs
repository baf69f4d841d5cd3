using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Holdfast.Client;
using Holdfast.Contracts;
using Holdfast.Tracking;

namespace Holdfast.Platform.Tests.Client;

/// <summary>The SDK against the real server, with the server there, away, and coming back.</summary>
public sealed class TrackTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_is_logged_arrives()
    {
        await using var host = await TestHost.Start();
        var file = _folder.File("a.txt");
        await File.WriteAllTextAsync(file, "content", Ct);
        var run = Track.StartRun("sdk", "first", Options(host) with { Tags = new Dictionary<string, string> { ["team"] = "risk" } });
        run.LogParams(new Dictionary<string, object?> { ["lr"] = 0.5, ["depth"] = 6 });
        for (var i = 0; i < 3000; i++)
            run.Log("loss", i / 2.0);
        run.Log(new Dictionary<string, double> { ["a"] = 1, ["b"] = double.NaN }, 7);
        run.LogArtifact(file, "sub/a.txt");
        run.LogDataset("credit@v3");
        run.LogOutput("hello\n");
        run.Note("A *note*.");
        await run.Flush(Ct);
        using var client = Client(host);
        var during = await client.Runs.Get(run.Id, Ct);
        Assert.Equal((RunStatus.Running, "first", "0.5", "6", "risk"), (during.Status, during.Name, during.Param("lr"), during.Param("depth"), during.Tag("team")));
        Assert.Equal((3000L, 2999L, 7L), (during.Metrics.Single(m => m.Key == "loss").Count, during.Metrics.Single(m => m.Key == "loss").Last.Step, during.Metrics.Single(m => m.Key == "a").Last.Step));
        Assert.Equal("credit@v3", during.Inputs.Single().Source);
        Assert.Equal("hello\n", (await client.Runs.Console(run.Id, ct: Ct)).Single().Text);
        Assert.Equal("A *note*.", await client.Runs.Note(run.Id, Ct));
        using var artifact = new StreamReader(await client.Runs.OpenArtifact(run.Id, "sub/a.txt", Ct));
        Assert.Equal("content", await artifact.ReadToEndAsync(Ct));
        await run.DisposeAsync();
        var ended = await client.Runs.Get(run.Id, Ct);
        Assert.Equal((RunStatus.Finished, true), (ended.Status, ended.EndTime >= ended.StartTime));
        Assert.Equal((0L, 0L, 0L), (run.Counts.Spooled, run.Counts.Dropped, run.Counts.Refused));
        Assert.Equal(run.Counts.Logged, run.Counts.Sent);
        Assert.Empty(Directory.Exists(_folder.File("spool")) ? Directory.GetFiles(_folder.File("spool")) : []);
    }

    [Fact]
    public async Task Work_that_throws_fails_its_run_and_a_resumed_run_goes_on()
    {
        await using var host = await TestHost.Start();
        using var client = Client(host);
        string? id = null;
        await Assert.ThrowsAsync<InvalidOperationException>(() => Track.Run<int>(run =>
        {
            id = run.Id;
            run.Log("loss", 1);
            throw new InvalidOperationException("no convergence");
        }, "sdk", options: Options(host)));
        var failed = await client.Runs.Get(id!, Ct);
        Assert.Equal((RunStatus.Failed, "InvalidOperationException: no convergence"), (failed.Status, failed.Tag("holdfast.error")));
        await using (var run = Track.ResumeRun(id!, Options(host)))
            run.Log("loss", 0.5, 1);
        var again = await client.Runs.Get(id!, Ct);
        Assert.Equal((RunStatus.Finished, 2L), (again.Status, again.Metrics.Single().Count));
    }

    [Fact]
    public async Task A_value_that_is_refused_takes_no_other_along()
    {
        await using var host = await TestHost.Start();
        var warnings = new List<string>();
        await using (var run = Track.StartRun("sdk", "refused", Options(host) with { Warn = warnings.Add, RunId = new string('b', 32) }))
        {
            run.LogParam("lr", 1);
            await run.Flush(Ct);
            run.LogParam("lr", 2);
            run.LogParam("depth", 3);
            for (var i = 0; i < 10; i++)
                run.Log(i == 4 ? "bad\nname" : "good", i, i);
            await run.Flush(Ct);
            Assert.Equal(2, run.Counts.Refused);
        }

        using var client = Client(host);
        var stored = await client.Runs.Get(new string('b', 32), Ct);
        Assert.Equal(("1", "3", 9L), (stored.Param("lr"), stored.Param("depth"), stored.Metric("good") is null ? 0 : stored.Metrics.Single().Count));
        Assert.NotEmpty(warnings);
    }

    [Fact]
    public async Task While_the_server_is_away_all_is_kept_and_sent_when_it_is_back()
    {
        var port = ServerProcess.FreePort();
        var options = new TrackOptions { Server = new Uri($"http://127.0.0.1:{port}"), Spool = _folder.File("spool"), Join = false, EndWithProgram = false, Patience = TimeSpan.Zero, SendEvery = TimeSpan.FromMilliseconds(20), Warn = _ => { } };
        var file = _folder.File("a.txt");
        await File.WriteAllTextAsync(file, "content", Ct);
        var run = Track.StartRun("sdk", "away", options);
        run.Log("loss", 1, 0);
        run.LogArtifact(file);
        await run.Flush(Ct);
        await File.WriteAllTextAsync(file, "changed", Ct);
        Assert.Equal((3L, 0L), (run.Counts.Spooled, run.Counts.Sent));

        await using var host = await TestHost.Start(change: o => o with { Urls = [$"http://127.0.0.1:{port}"] });
        using var client = Client(host);
        // The spool is tried again after a second.
        for (var i = 1; run.Counts.Spooled > 0; i++)
        {
            run.Log("loss", 1, i);
            await run.Flush(Ct);
            await Task.Delay(50, Ct);
        }

        await run.DisposeAsync();
        var stored = await client.Runs.Get(run.Id, Ct);
        Assert.Equal((RunStatus.Finished, run.Counts.Logged - 3), (stored.Status, stored.Metrics.Single().Count));
        using var artifact = new StreamReader(await client.Runs.OpenArtifact(run.Id, "a.txt", Ct));
        Assert.Equal("content", await artifact.ReadToEndAsync(Ct));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.File("spool")));
    }

    [Fact]
    public async Task A_full_queue_drops_counts_and_reports_and_never_waits()
    {
        using var gate = new ManualResetEventSlim();
        var warnings = new List<string>();
        var options = new TrackOptions { Server = new Uri("http://127.0.0.1:9"), Handler = new Blocked(gate), Capacity = 1000, Spool = _folder.File("spool"), Join = false, EndWithProgram = false, Warn = warnings.Add, CloseWithin = TimeSpan.FromMilliseconds(200), Patience = TimeSpan.Zero };
        var run = Track.StartRun("sdk", "full", options);
        for (var i = 0; i < 20_000; i++)
            run.Log("loss", i, i);
        await run.DisposeAsync();
        gate.Set();
        var counts = run.Counts;
        Assert.True(counts.Dropped >= 10_000, counts.ToString());
        Assert.Equal(counts.Logged, counts.Dropped + counts.Spooled + counts.Sent);
        Assert.Contains(warnings, w => w.Contains($"{counts.Dropped} values", StringComparison.Ordinal));
    }

    [Fact]
    public async Task After_kill_9_while_spooling_each_acknowledged_value_is_there_once()
    {
        var spool = _folder.File("spool");
        var program = Path.Combine(AppContext.BaseDirectory, "tracking-example");
        var start = new ProcessStartInfo(program, ["100000", "1"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["HOLDFAST_URL"] = "http://127.0.0.1:9";
        start.Environment["HOLDFAST_SPOOL"] = spool;
        start.Environment.Remove("HOLDFAST_RUN_ID");
        using var process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        var (id, kept) = ("", -1);
        while (kept < 60 && await process.StandardOutput.ReadLineAsync(Ct) is { } line)
        {
            if (line.StartsWith("run ", StringComparison.Ordinal))
                id = line[4..];
            else if (line.StartsWith("kept up to epoch ", StringComparison.Ordinal))
                kept = int.Parse(line["kept up to epoch ".Length..], CultureInfo.InvariantCulture);
        }

        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync(Ct);
        Assert.True(kept >= 60, "the example kept nothing");

        await using var host = await TestHost.Start();
        using var client = Client(host);
        var options = Options(host) with { Spool = spool };
        // A sync that is interrupted, then the whole; then all of it again, as if its end had been lost.
        var copy = _folder.File("copy");
        Directory.CreateDirectory(copy);
        foreach (var file in Directory.GetFiles(spool))
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        using (var interrupted = CancellationTokenSource.CreateLinkedTokenSource(Ct))
        {
            var first = Spool.Sync(options, new Once(interrupted), interrupted.Token);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        }

        Assert.Empty((await Spool.Sync(options, ct: Ct)).Left);
        Assert.Equal(1, (await Spool.Sync(options with { Spool = copy }, ct: Ct)).Synced);
        var stored = await client.Runs.Get(id, Ct);
        Assert.Equal(RunStatus.Failed, stored.Status);
        foreach (var metric in new[] { "loss", "accuracy" })
        {
            var history = (await client.Transport.Get<PageOf<MetricPoint>>($"/api/v1/runs/{id}/history?key={metric}", Ct)).Items;
            Assert.Equal(history.Count, history.Select(p => p.Step).Distinct().Count());
            Assert.Empty(Enumerable.Range(0, kept + 1).Select(i => (decimal)i).Except(history.Select(p => p.Step)));
        }

        Assert.Empty(Directory.GetFileSystemEntries(spool));
    }

    [Fact]
    public async Task A_torn_or_damaged_spool_is_said_and_harms_no_other()
    {
        await using var host = await TestHost.Start();
        var spool = _folder.File("spool");
        Directory.CreateDirectory(spool);
        string Line(object line) => JsonSerializer.Serialize(line, HoldfastJson.Options);
        var (good, bad) = (new string('c', 32), new string('d', 32));
        string Server() => Line(new { op = "server", start = new { server = host.Url, experiment = "", run = new { experiment_id = "" }, owns = true } });
        string Start(string id) => Line(new { op = "start", start = new { server = host.Url, experiment = "sdk", run = new { experiment_id = "sdk", run_id = id } } });
        await File.WriteAllTextAsync(Path.Combine(spool, $"{good}-1.ndjson"), $"{Server()}\n{Start(good)}\n{{\"op\":\"batch\",\"batch\":{{\"metr", Ct);
        await File.WriteAllTextAsync(Path.Combine(spool, $"{bad}-1.ndjson"), $"{Server()}\nnonsense\n", Ct);
        var report = await Spool.Sync(Options(host) with { Spool = spool }, ct: Ct);
        Assert.Equal(1, report.Synced);
        Assert.Contains("damaged at byte", Assert.Single(report.Left).Reason, StringComparison.Ordinal);
        Assert.Equal(RunStatus.Failed, (await Client(host).Runs.Get(good, Ct)).Status);
    }

    private TrackOptions Options(TestHost host) => new()
    {
        Server = new Uri(host.Url),
        Spool = _folder.File("spool"),
        Join = false,
        EndWithProgram = false,
        SendEvery = TimeSpan.FromMilliseconds(20),
        Warn = _ => { },
    };

    private static HoldfastClient Client(TestHost host) => new(new Uri(host.Url));

    private sealed class Once(CancellationTokenSource source) : IProgress<string>
    {
        public void Report(string value) => source.Cancel();
    }

    private sealed class Blocked(ManualResetEventSlim gate) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            await Task.Run(() => gate.Wait(cancellationToken), cancellationToken);
            throw new HttpRequestException("closed");
        }
    }
}
