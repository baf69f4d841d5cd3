using System.Diagnostics;

namespace Holdfast.Platform.Tests.Serve;

public sealed class MetricsTests
{
    [Fact]
    public async Task Prometheus_own_checker_accepts_the_metrics()
    {
        var promtool = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(p => Path.Combine(p, "promtool")).FirstOrDefault(File.Exists);
        Assert.SkipWhen(promtool is null, "needs promtool (Debian package prometheus)");
        await using var host = await TestHost.Start();
        _ = await host.Client.GetStringAsync("/api/v1/version", TestContext.Current.CancellationToken);
        var text = await host.Client.GetStringAsync("/metrics", TestContext.Current.CancellationToken);
        using var check = Process.Start(new ProcessStartInfo(promtool!, ["check", "metrics"]) { RedirectStandardInput = true, RedirectStandardError = true, RedirectStandardOutput = true })!;
        await check.StandardInput.WriteAsync(text);
        check.StandardInput.Close();
        var complaints = await check.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken) + await check.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await check.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(check.ExitCode == 0, complaints);
    }
}
