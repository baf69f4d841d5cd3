using System.Diagnostics;
using Holdfast.Contracts;
using Holdfast.Registry;
using Holdfast.Serving.Backends;
using Holdfast.Serving.Backends.Remote;

namespace Holdfast.Platform.Tests.Serving.Backends;

/// <summary>The life of a model's processes.</summary>
public sealed class ProcessBackendTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("holdfast-process-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_process_that_is_killed_is_started_again_and_no_request_is_lost()
    {
        using var backend = await Start(new ProcessSpec([Python, "serve.py"]));
        var first = backend.Pids.Single();
        using var stop = new CancellationTokenSource();
        var asking = Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            var answered = 0;
            while (!stop.IsCancellationRequested)
            {
                Assert.Equal(0.9, await Ask(backend, 5000), 1e-9);
                answered++;
            }

            return answered;
        })).ToList();
        // The wrapper's whole session, as the kernel would end it.
        using (var kill = Process.Start("/bin/kill", ["-9", "--", "-" + first]))
            await kill.WaitForExitAsync(Ct);
        await Until(() => backend.Pids is [var now] && now != first);
        Assert.Equal(0.9, await Ask(backend, 5000), 1e-9);
        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(asking), answered => Assert.True(answered > 0));
        Assert.Contains(backend.Tail(100), line => line.Contains("[1] the process ended with exit code", StringComparison.Ordinal));
        Assert.Contains(backend.Tail(100), line => line.Contains("[2] listening on", StringComparison.Ordinal));
    }

    [Fact]
    public async Task When_requests_wait_another_process_is_started_and_ended_when_none_does()
    {
        using var backend = await Start(new ProcessSpec([Python, "serve.py"], Max: 2, Concurrency: 1, ScaleAt: 1, IdleSeconds: 0.3));
        Assert.Single(backend.Pids);
        using var stop = new CancellationTokenSource();
        var asking = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
                await Ask(backend, 10);
        })).ToList();
        await Until(() => backend.Pids.Count == 2);
        await stop.CancelAsync();
        await Task.WhenAll(asking);
        await Until(() => backend.Pids.Count == 1);
        Assert.Equal(0.1, await Ask(backend, 10), 1e-9);
    }

    [Fact]
    public async Task It_ends_with_everything_that_it_started_also_what_ignores_being_asked()
    {
        // A grandchild of the wrapper, which the command leaves alone.
        var backend = await Start(new ProcessSpec(["/bin/sh", "-c", "sleep 1000 & echo child $!; exec " + Python + " serve.py"]));
        await Until(() => backend.Tail(50).Any(l => l.Contains("child ", StringComparison.Ordinal)));
        var child = int.Parse(backend.Tail(50).First(l => l.Contains("child ", StringComparison.Ordinal)).Split("child ")[1], System.Globalization.CultureInfo.InvariantCulture);
        var pid = backend.Pids.Single();
        Assert.True(Lives(child) && Lives(pid));
        backend.Dispose();
        await Until(() => !Lives(child) && !Lives(pid));
        await Assert.ThrowsAnyAsync<ObjectDisposedException>(() => Ask(backend, 1));
    }

    [Fact]
    public async Task A_command_that_ends_at_once_is_refused_with_what_it_said()
    {
        var fault = await Assert.ThrowsAsync<HoldfastException>(() => Start(new ProcessSpec(["/bin/sh", "-c", "echo no model here >&2; exit 3"])));
        Assert.Contains("ended three times", fault.Message, StringComparison.Ordinal);
        Assert.Contains("no model here", fault.Message, StringComparison.Ordinal);
        Assert.Contains("exit code 3", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_that_is_never_ready_is_given_up()
    {
        var fault = await Assert.ThrowsAsync<HoldfastException>(() => Start(new ProcessSpec(["/bin/sh", "-c", "exec sleep 1000"], StartSeconds: 0.3)));
        Assert.Contains("was not ready within 0.3 s", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_sees_its_port_and_what_is_declared_and_nothing_else()
    {
        using var backend = await Start(new ProcessSpec(["/bin/sh", "-c", "env; exec " + Python + " serve.py"], Environment: new Dictionary<string, string> { ["MODEL"] = "mine" }));
        await Until(() => backend.Tail(50).Any(l => l.Contains("listening on", StringComparison.Ordinal)));
        var seen = backend.Tail(50).Where(l => l.Contains('=', StringComparison.Ordinal)).Select(l => l.Split("] ")[1].Split('=')[0]).ToHashSet();
        Assert.Subset(new HashSet<string> { "PATH", "HOME", "LANG", "TMPDIR", "PORT", "MODEL", "PYTHONUNBUFFERED", "PWD", "SHLVL", "_", "OLDPWD" }, seen);
        Assert.Superset(new HashSet<string> { "PATH", "PORT", "MODEL" }, seen);
    }

    [Fact]
    public void The_log_is_bounded()
    {
        using var log = new ProcessLog(Path.Combine(_folder, "log"), TimeProvider.System);
        for (var i = 0; i < 3_000; i++)
            log.Add(1, $"{i} " + new string('x', 1_000));
        Assert.InRange(Directory.GetFiles(_folder, "log*").Sum(f => new FileInfo(f).Length), 1 << 20, (2 << 20) + 10_000);
        Assert.Contains("] 2999 ", log.Tail(1)[0], StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, true);

    private static string Python
    {
        get
        {
            Assert.SkipUnless(TestPython.Path is not null, "python3 is not installed");
            return TestPython.Path!;
        }
    }

    private Task<ProcessBackend> Start(ProcessSpec spec) => ProcessModels.Start(_folder, spec);

    private static async Task<double> Ask(ProcessBackend backend, double amount)
    {
        var rows = new FeatureRows(["amount", "age"], 1);
        rows.Numbers(0)[0] = amount;
        var outcomes = new Outcome[1];
        await backend.PredictAsync(rows, outcomes, Ct);
        return outcomes[0].Score;
    }

    private static bool Lives(int pid) => File.Exists($"/proc/{pid}/stat") && !File.ReadAllText($"/proc/{pid}/stat").Contains(") Z ", StringComparison.Ordinal);

    private static async Task Until(Func<bool> condition)
    {
        while (!condition())
            await Task.Delay(20, Ct);
    }
}
