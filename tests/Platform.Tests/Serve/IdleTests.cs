using Holdfast.Storage;

namespace Holdfast.Platform.Tests.Serve;

/// <summary>What a server costs before anybody uses it.</summary>
public sealed class IdleTests : IDisposable
{
    private static readonly string[] OnFirstUse = ["onnxruntime", "duckdb", "lightgbm", "MklImports", "CpuMath", "FastTree"];
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Heavy_libraries_are_loaded_on_first_use_only()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "reads /proc");
        var ct = TestContext.Current.CancellationToken;
        await using var server = await ServerProcess.Start(_folder.Path, ct);
        foreach (var path in new[] { "/", "/metrics", "/api/v1/version", "/api/v1/models", "/api/v1/datasets", "/api/v1/monitors" })
            (await server.Http.GetAsync(path, ct)).EnsureSuccessStatusCode();
        var pid = DataFolder.RunningServer(_folder.Path)!.Pid;
        var loaded = (await File.ReadAllLinesAsync($"/proc/{pid}/maps", ct)).Select(line => line[(line.LastIndexOf(' ') + 1)..]).Where(f => f.Contains(".so", StringComparison.Ordinal)).Select(Path.GetFileName).Distinct().ToList();
        Assert.Contains(loaded, l => l!.Contains("sqlite", StringComparison.Ordinal));
        Assert.DoesNotContain(loaded, l => OnFirstUse.Any(h => l!.Contains(h, StringComparison.OrdinalIgnoreCase)));
    }

    public void Dispose() => _folder.Dispose();
}
