using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using Holdfast.Contracts;
using Holdfast.Tracking;

namespace Holdfast.Platform.Tests.Serve;

/// <summary>A disk that is full, a folder that is read-only, an upload that breaks off: said clearly, and nothing is half-written.</summary>
public sealed class StorageFaultTests : IAsyncLifetime
{
    private const string RunId = "0123456789abcdef0123456789abcdef";
    private readonly TemporaryFolder _folder = new();
    private bool _mounted;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string Disk => _folder.File("disk");

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_mounted)
            await Command("umount", "-l", Disk);
        _folder.Dispose();
    }

    [Fact]
    public async Task A_full_disk_is_said_and_writing_goes_on_when_there_is_room()
    {
        await Mount("48m");
        await using var server = await ServerProcess.Start(Path.Combine(Disk, "data"), Ct);
        using (var made = await server.Http.PostAsJsonAsync("/api/v1/runs", new { experiment_id = "0", run_id = RunId }, Ct))
            made.EnsureSuccessStatusCode();
        var before = Files();
        using (var refused = await server.Http.PutAsync($"/api/v1/runs/{RunId}/artifacts/large.bin", new ByteArrayContent(new byte[60 << 20]), Ct))
            await Full(refused);
        // Nothing of it is left, not even a temporary file.
        Assert.Equal(before, Files());

        var ballast = Path.Combine(Disk, "ballast");
        await Fill(ballast);
        var acknowledged = new List<long>();
        for (var step = 0; ; step++)
        {
            using var response = await Log(server, step);
            if (!response.IsSuccessStatusCode)
            {
                await Full(response);
                break;
            }

            acknowledged.Add(step);
            Assert.True(step < 100_000, "the disk never became full");
        }

        Assert.Equal(HttpStatusCode.OK, (await server.Http.GetAsync($"/api/v1/runs/{RunId}", Ct)).StatusCode);
        File.Delete(ballast);
        using (var again = await Log(server, 1_000_000))
            again.EnsureSuccessStatusCode();
        acknowledged.Add(1_000_000);
        Assert.Empty(acknowledged.Except(await Steps(server)));
    }

    [Fact]
    public async Task A_read_only_folder_is_said_at_the_start()
    {
        await Mount("8m");
        await Command("mount", "-o", "remount,ro", Disk);
        var start = new ProcessStartInfo(ServerProcess.Executable, ["serve", "--port", "0", "--data", Path.Combine(Disk, "data")]) { RedirectStandardError = true, RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var error = await process.StandardError.ReadToEndAsync(Ct);
        await process.WaitForExitAsync(Ct);
        Assert.Equal(1, process.ExitCode);
        Assert.Contains(Path.Combine(Disk, "data"), error, StringComparison.Ordinal);
        Assert.Contains("hint: ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_upload_that_breaks_off_leaves_nothing_and_the_old_file_whole()
    {
        await using var server = await ServerProcess.Start(_folder.File("data"), Ct);
        using (var made = await server.Http.PostAsJsonAsync("/api/v1/runs", new { experiment_id = "0", run_id = RunId }, Ct))
            made.EnsureSuccessStatusCode();
        using (var first = await server.Http.PutAsync($"/api/v1/runs/{RunId}/artifacts/a.bin", new ByteArrayContent([1, 2, 3]), Ct))
            first.EnsureSuccessStatusCode();
        var before = Files(_folder.File("data/artifacts"));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        await Assert.ThrowsAnyAsync<Exception>(() => server.Http.PutAsync($"/api/v1/runs/{RunId}/artifacts/a.bin", new StreamContent(new Breaking(stop)), stop.Token));
        while (Files(_folder.File("data/artifacts")).Count != before.Count)
            await Task.Delay(20, Ct);
        Assert.Equal([1, 2, 3], await server.Http.GetByteArrayAsync($"/api/v1/runs/{RunId}/artifacts/a.bin", Ct));
    }

    private static async Task Full(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync(Ct);
        Assert.True(response.StatusCode == HttpStatusCode.ServiceUnavailable, $"{response.StatusCode} {text}");
        Assert.Contains("no room left on the disk", text, StringComparison.Ordinal);
        Assert.Contains("Free space", text, StringComparison.Ordinal);
    }

    private static Task<HttpResponseMessage> Log(ServerProcess server, long step) =>
        server.Http.PostAsJsonAsync($"/api/v1/runs/{RunId}/batch", new { metrics = Enumerable.Range(0, 100).Select(i => new { key = $"m{i}", value = 1.0, timestamp = "2026-01-01T00:00:00Z", step }) }, Ct);

    private static async Task<IReadOnlyList<long>> Steps(ServerProcess server) =>
        [.. (await server.Http.GetFromJsonAsync<PageOf<MetricPoint>>($"/api/v1/runs/{RunId}/history?key=m7", HoldfastJson.Options, Ct))!.Items.Select(p => (long)p.Step)];

    private List<string> Files() => Files(Path.Combine(Disk, "data", "artifacts"));

    private static List<string> Files(string folder) => Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)] : [];

    private async Task Mount(string size)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.UserName == "root", "only root can mount a small disk");
        Directory.CreateDirectory(Disk);
        Assert.SkipUnless(await Command("mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", Disk) == 0, "this machine lets nobody mount");
        _mounted = true;
    }

    // Leaves half a megabyte.
    private async Task Fill(string path)
    {
        var free = new DriveInfo(Disk).AvailableFreeSpace - (512 << 10);
        await using var ballast = File.Create(path);
        var block = new byte[1 << 16];
        for (; free > 0; free -= block.Length)
            await ballast.WriteAsync(block.AsMemory(0, (int)Math.Min(free, block.Length)), Ct);
    }

    private static async Task<int> Command(string program, params string[] words)
    {
        using var process = Process.Start(new ProcessStartInfo(program, words) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        await process.WaitForExitAsync(CancellationToken.None);
        return process.ExitCode;
    }

    /// <summary>Gives some bytes, then the sender goes away.</summary>
    private sealed class Breaking(CancellationTokenSource stop) : MemoryStream(new byte[1 << 20])
    {
        private int _reads;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (++_reads > 3)
            {
                await stop.CancelAsync();
                cancellationToken.ThrowIfCancellationRequested();
            }

            return await base.ReadAsync(buffer[..Math.Min(buffer.Length, 4096)], cancellationToken);
        }
    }
}
