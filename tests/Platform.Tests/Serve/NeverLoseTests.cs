using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Json;
using Holdfast.Contracts;
using Holdfast.Tracking;

namespace Holdfast.Platform.Tests.Serve;

/// <summary>
/// Eight clients log while the server is killed at random and started again (3 times; 50 in ./test.sh --full). A client tells a point that
/// was not acknowledged again, as clients do. In the end every acknowledged point is there, and none twice.
/// </summary>
public sealed class NeverLoseTests : IDisposable
{
    private const int Clients = 8;
    private static readonly int _rounds = Environment.GetEnvironmentVariable("HOLDFAST_FULL") == "1" ? 50 : 3;
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_acknowledged_point_survives_kill_9_exactly_once()
    {
        const int Seed = 20;
        var random = new Random(Seed);
        var acknowledged = Enumerable.Range(0, Clients).Select(_ => new ConcurrentBag<long>()).ToArray();
        var next = new long[Clients];
        var server = await ServerProcess.Start(_folder.File("data"), Ct);
        for (var c = 0; c < Clients; c++)
        {
            using var made = await server.Http.PostAsJsonAsync("/api/v1/runs", new { experiment_id = "0", run_id = Run(c) }, Ct);
            made.EnsureSuccessStatusCode();
        }

        for (var round = 0; round < _rounds; round++)
        {
            var before = acknowledged.Sum(a => a.Count);
            var http = server.Http;
            var clients = Enumerable.Range(0, Clients).Select(c => Task.Run(() => Log(http, c, next, acknowledged[c]), Ct)).ToList();
            var until = before + random.Next(40, 400);
            while (acknowledged.Sum(a => a.Count) < until)
                await Task.Delay(random.Next(1, 10), Ct);
            await server.Kill();
            await Task.WhenAll(clients);
            await server.DisposeAsync();
            server = await ServerProcess.Start(_folder.File("data"), Ct);
        }

        await using (server)
        {
            for (var c = 0; c < Clients; c++)
            {
                var history = (await server.Http.GetFromJsonAsync<PageOf<MetricPoint>>($"/api/v1/runs/{Run(c)}/history?key=loss", HoldfastJson.Options, Ct))!.Items;
                Assert.Equal(history.Count, history.Select(p => p.Step).Distinct().Count());
                Assert.Empty(acknowledged[c].Except(history.Select(p => (long)p.Step)));
                Assert.All(history, p => Assert.Equal((double)p.Step / 4.0, p.Value));
                var run = (await server.Http.GetFromJsonAsync<Run>($"/api/v1/runs/{Run(c)}", HoldfastJson.Options, Ct))!;
                Assert.Equal((history.Count, history.Max(p => p.Step)), ((int)run.Metrics.Single().Count, run.Metrics.Single().Last.Step));
            }
        }

        Assert.True(acknowledged.Sum(a => a.Count) > 40 * _rounds);
    }

    private static async Task Log(HttpClient http, int client, long[] next, ConcurrentBag<long> acknowledged)
    {
        try
        {
            while (true)
            {
                // The number moves on only when the server has said that it has the point.
                var step = next[client];
                var point = new { key = "loss", value = step / 4.0, timestamp = DateTimeOffset.UnixEpoch.AddSeconds(step), step };
                using var response = await http.PostAsJsonAsync($"/api/v1/runs/{Run(client)}/batch", new { metrics = new[] { point } });
                response.EnsureSuccessStatusCode();
                acknowledged.Add(step);
                next[client] = step + 1;
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            // The server is gone.
        }
    }

    private static string Run(int client) => client.ToString(CultureInfo.InvariantCulture).PadLeft(32, '0');
}
