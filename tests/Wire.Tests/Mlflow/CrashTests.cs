using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Holdfast.Platform.Tests;
using Holdfast.Storage;

namespace Holdfast.Wire.Tests.Mlflow;

/// <summary>The real program is ended by kill -9 while four clients log; started again, it has every acknowledged point and run exactly once.</summary>
public sealed class CrashTests
{
    private const int Rounds = 3;
    private const int Writers = 4;

    [Fact]
    public async Task What_was_acknowledged_survives_kill_9()
    {
        var ct = TestContext.Current.CancellationToken;
        using var folder = new TemporaryFolder();
        var points = new ConcurrentDictionary<string, ConcurrentBag<int>>();
        var runs = new ConcurrentBag<string>();
        var next = 0;
        for (var round = 0; round < Rounds; round++)
        {
            using var server = await Start(folder.Path, ct);
            using var client = Client(server.Url);
            var acknowledged = 0;
            var writers = Enumerable.Range(0, Writers).Select(w => Task.Run(
                async () =>
                {
                    try
                    {
                        using var made = JsonDocument.Parse(await Post(client, "runs/create", "{}"));
                        var run = made.RootElement.GetProperty("run").GetProperty("info").GetProperty("run_id").GetString()!;
                        runs.Add(run);
                        while (true)
                        {
                            var step = Interlocked.Increment(ref next);
                            await Post(
                                client, "runs/log-batch",
                                $$"""{"run_id": "{{run}}", "metrics": [{"key": "a", "value": {{step}}, "timestamp": 1, "step": {{step}}}, {"key": "b", "value": 1, "timestamp": 1, "step": {{step}}}], "params": [{"key": "p{{step}}", "value": "1"}]}""");
                            points.GetOrAdd(run, _ => []).Add(step);
                            Interlocked.Increment(ref acknowledged);
                        }
                    }
                    catch (Exception e) when (e is HttpRequestException or IOException)
                    {
                        // The server is gone: whatever was on its way was not acknowledged.
                    }
                },
                ct)).ToList();
            while (Volatile.Read(ref acknowledged) < 150 * (round + 1))
                await Task.Delay(5, ct);
            server.Process.Kill();
            await Task.WhenAll(writers);
        }

        using var again = await Start(folder.Path, ct);
        using var reader = Client(again.Url);
        foreach (var run in runs)
        {
            using var got = JsonDocument.Parse(await reader.GetStringAsync($"/api/2.0/mlflow/runs/get?run_id={run}", ct));
            var parameters = got.RootElement.GetProperty("run").GetProperty("data").TryGetProperty("params", out var list) ? list.EnumerateArray().Select(p => p.GetProperty("key").GetString()!).ToHashSet() : [];
            foreach (var metric in new[] { "a", "b" })
            {
                using var history = JsonDocument.Parse(await reader.GetStringAsync($"/api/2.0/mlflow/metrics/get-history?run_id={run}&metric_key={metric}", ct));
                var steps = history.RootElement.TryGetProperty("metrics", out var found) ? found.EnumerateArray().Select(m => m.GetProperty("step").GetInt32()).ToList() : [];
                Assert.Equal(steps.Distinct().Count(), steps.Count);
                Assert.Empty(points.GetValueOrDefault(run, []).Except(steps));
                // A batch is whole or absent, also the one that was under way.
                Assert.All(steps, step => Assert.Contains("p" + step, parameters));
                Assert.Equal(parameters.Count, steps.Count);
            }
        }

        Assert.Equal(Rounds * Writers, runs.Count);
        again.Process.Kill();
    }

    [Fact]
    public async Task An_event_whose_receiver_was_away_is_delivered_after_kill_9()
    {
        var ct = TestContext.Current.CancellationToken;
        using var folder = new TemporaryFolder();
        var port = Receiver.FreePort();
        using (var server = await Start(folder.Path, ct))
        {
            using var owner = Client(server.Url);
            owner.DefaultRequestHeaders.Authorization = new("Bearer", (await File.ReadAllTextAsync(Path.Combine(folder.Path, "token"), ct)).Trim());
            await Post(owner, "webhooks", $$"""{"name": "w", "url": "http://127.0.0.1:{{port}}/", "events": [{"entity": "REGISTERED_MODEL", "action": "CREATED"}], "secret": "s"}""");
            await Post(owner, "registered-models/create", """{"name": "m"}""");
            server.Process.Kill();
        }

        using var receiver = new Receiver(port);
        using var again = await Start(folder.Path, ct);
        Assert.Equal("""registered_model.created {"name":"m","tags":{},"description":""}""", (await receiver.Wait(1))[0].Told);
        Assert.Single(receiver.Got);
        Assert.StartsWith("v1,", receiver.Got.First().Signature, StringComparison.Ordinal);
        again.Process.Kill();
    }

    private static HttpClient Client(string url) => new(new SocketsHttpHandler()) { BaseAddress = new Uri(url), Timeout = TimeSpan.FromSeconds(30) };

    private static async Task<string> Post(HttpClient client, string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await client.PostAsync("/api/2.0/mlflow/" + path, content);
        var answer = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, answer);
        return answer;
    }

    private static async Task<Server> Start(string data, CancellationToken ct)
    {
        var program = Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "holdfast.exe" : "holdfast");
        // What the killed server left says nothing; and a look at its lock must not get in the way of the new one.
        File.Delete(Path.Combine(data, "server.json"));
        var process = Process.Start(new ProcessStartInfo(program, ["serve", "--data", data, "--port", "0"]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        var limit = Stopwatch.StartNew();
        while (limit.Elapsed < TimeSpan.FromSeconds(60))
        {
            Assert.False(process.HasExited, "The server ended at once.");
            if (DataFolder.RunningServer(data) is { } info && info.Pid == process.Id)
                return new Server(process, info.Url);
            await Task.Delay(20, ct);
        }

        process.Kill();
        throw new TimeoutException("The server did not start within a minute.");
    }

    private sealed record Server(Process Process, string Url) : IDisposable
    {
        public void Dispose()
        {
            if (!Process.HasExited)
                Process.Kill();
            Process.WaitForExit();
            Process.Dispose();
        }
    }
}
