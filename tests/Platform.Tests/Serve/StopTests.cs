using System.Net.Http.Json;
using System.Text.Json;

namespace Holdfast.Platform.Tests.Serve;

public sealed class StopTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_terminated_server_frees_its_folder_and_keeps_what_it_acknowledged()
    {
        await using (var server = await ServerProcess.Start(_folder.Path, Ct))
        {
            (await server.Http.PostAsJsonAsync("/api/v1/experiments", new { name = "kept" }, Ct)).EnsureSuccessStatusCode();
            Assert.Equal(0, await server.Terminate(Ct));
            Assert.False(File.Exists(_folder.File("server.json")));
        }

        await using var again = await ServerProcess.Start(_folder.Path, Ct);
        Assert.Contains("kept", await Names(again));
    }

    [Fact]
    public async Task Kill_9_loses_nothing_that_was_acknowledged_and_leaves_a_folder_that_opens()
    {
        var acknowledged = 0;
        await using (var server = await ServerProcess.Start(_folder.Path, Ct))
        {
            var writers = Enumerable.Range(0, 4).Select(w => Task.Run(
                async () =>
                {
                    for (var i = 0; i < 1_000; i++)
                    {
                        try
                        {
                            (await server.Http.PostAsJsonAsync("/api/v1/experiments", new { name = $"w{w}-{i}" }, Ct)).EnsureSuccessStatusCode();
                        }
                        catch (HttpRequestException)
                        {
                            return;
                        }

                        Interlocked.Increment(ref acknowledged);
                    }
                },
                Ct)).ToList();
            while (Volatile.Read(ref acknowledged) < 100)
                await Task.Delay(5, Ct);
            await server.Kill();
            await Task.WhenAll(writers);
        }

        await using var again = await ServerProcess.Start(_folder.Path, Ct);
        var names = await Names(again);
        // Each writer's names are there without a gap, and at least as many as were acknowledged (an answer may have been on its way).
        var kept = names.Where(n => n.StartsWith('w')).GroupBy(n => n[1]).Select(g => g.Select(n => int.Parse(n.AsSpan(3), System.Globalization.CultureInfo.InvariantCulture)).Order().ToList()).ToList();
        Assert.All(kept, numbers => Assert.Equal(Enumerable.Range(0, numbers.Count), numbers));
        Assert.InRange(kept.Sum(k => k.Count), acknowledged, acknowledged + 4);
    }

    [Fact]
    public async Task On_SIGTERM_readiness_fails_first_and_requests_are_answered_until_the_end()
    {
        await using var server = await ServerProcess.Start(_folder.Path, Ct);
        await server.Http.PutAsJsonAsync("/api/v1/endpoints/x", new { fallback = "inputs:\n  a: {type: number}\nelse: {score: 0.5, prediction: \"1\"}\n" }, Ct);
        var ended = server.Terminate(Ct);
        var (answered, noPort, notReady) = (0, 0, 0);
        while (!ended.IsCompleted)
        {
            try
            {
                using var ready = await server.Http.GetAsync(new Uri("/v2/health/ready", UriKind.Relative), Ct);
                notReady += ready.StatusCode == System.Net.HttpStatusCode.ServiceUnavailable ? 1 : 0;
                using var answer = await server.Http.PostAsync(
                    new Uri("/v2/models/x/infer", UriKind.Relative), new StringContent("""{"inputs":[{"name":"a","shape":[1],"datatype":"FP64","data":[1]}]}"""), Ct);
                Assert.Equal((System.Net.HttpStatusCode.OK, 0), (answer.StatusCode, noPort));
                answered += notReady > 0 ? 1 : 0;
                if (notReady > 0)
                    Assert.True(answer.Headers.ConnectionClose);
            }
            catch (HttpRequestException) when (notReady > 0)
            {
                // The port is closed; a connection that waited to be accepted at that moment is reset.
                noPort++;
                await Task.Delay(20, Ct);
            }
        }

        Assert.Equal(0, await ended);
        Assert.True(notReady > 0 && answered > 0, $"not ready {notReady}, answered meanwhile {answered}, no port {noPort}");
    }

    private static async Task<List<string>> Names(ServerProcess server)
    {
        var (names, token) = (new List<string>(), "");
        do
        {
            var page = await server.Http.GetFromJsonAsync<JsonElement>($"/api/v1/experiments?max=1000&token={Uri.EscapeDataString(token)}", Ct);
            names.AddRange(page.GetProperty("items").EnumerateArray().Select(e => e.GetProperty("name").GetString()!));
            token = page.TryGetProperty("next_token", out var next) ? next.GetString()! : "";
        }
        while (token.Length > 0);
        return names;
    }
}
