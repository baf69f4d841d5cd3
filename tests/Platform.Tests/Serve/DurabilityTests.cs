using System.Net.Http.Json;
using System.Text.RegularExpressions;

namespace Holdfast.Platform.Tests.Serve;

/// <summary>What "acknowledged" means, seen from outside the process.</summary>
public sealed partial class DurabilityTests : IDisposable
{
    private const string Run = "0123456789abcdef0123456789abcdef";
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Between_a_write_request_and_its_answer_stands_a_completed_sync()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/strace"), "needs strace (apt-get install strace)");
        var trace = _folder.File("trace");
        await using (var server = await ServerProcess.Start(_folder.File("data"), Ct, command => ["/usr/bin/strace", "-f", "-qq", "-s", "64", "-e", "trace=fsync,fdatasync,sendmsg,sendto,recvmsg,recvfrom,write", "-o", trace, .. command]))
        {
            Assert.SkipWhen(server.Log.Contains("ptrace", StringComparison.Ordinal), "this machine does not let a process be traced");
            for (var i = 0; i < 5; i++)
            {
                using var response = await server.Http.PostAsJsonAsync("/api/v1/experiments", new { name = $"e{i}" }, Ct);
                response.EnsureSuccessStatusCode();
            }

            using var made = await server.Http.PostAsJsonAsync("/api/v1/runs", new { experiment_id = "0", run_id = Run }, Ct);
            made.EnsureSuccessStatusCode();
            for (var i = 0; i < 5; i++)
            {
                using var response = await server.Http.PostAsJsonAsync($"/api/v1/runs/{Run}/batch", new { metrics = new[] { new { key = "loss", value = 1.0, timestamp = "2026-01-01T00:00:00Z", step = i } } }, Ct);
                response.EnsureSuccessStatusCode();
            }

            for (var i = 0; i < 3; i++)
            {
                using var response = await server.Http.PutAsync($"/api/v1/runs/{Run}/artifacts/file{i}.bin", new ByteArrayContent(new byte[2000]), Ct);
                response.EnsureSuccessStatusCode();
            }

            Assert.Equal(0, await server.Terminate(Ct));
        }

        var lines = await File.ReadAllLinesAsync(trace, Ct);
        var requests = Enumerable.Range(0, lines.Length).Where(i => Request().IsMatch(lines[i])).ToList();
        Assert.Equal(14, requests.Count);
        foreach (var request in requests)
        {
            var answer = Array.FindIndex(lines, request, l => Answer().IsMatch(l));
            Assert.True(answer > request, "the trace holds no answer");
            // Either one line with its result, or the second half of an interrupted one.
            Assert.Contains(lines[request..answer], l => Sync().IsMatch(l));
        }
    }

    [GeneratedRegex(@"""(POST /api/v1/(experiments|runs)|PUT /api/v1/runs)")]
    private static partial Regex Request();

    [GeneratedRegex(@"""HTTP/1\.1 20")]
    private static partial Regex Answer();

    [GeneratedRegex(@"(fsync|fdatasync)(\(\d+\)| resumed>\)).*= 0")]
    private static partial Regex Sync();
}
