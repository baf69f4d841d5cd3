using System.Globalization;
using Holdfast.Client;

namespace Holdfast.Commands.Capture;

/// <summary>
/// Logs what machine and process do while a command runs, under the names and in the units (10^6 bytes) of MLflow's system metrics, and
/// beside them those of the command's own processes.
/// </summary>
internal sealed class SystemSampler(TrackedRun run, int pid, string folder)
{
    private readonly (double Received, double Sent)? _network = SystemFigures.Network();
    private (double Busy, double All)? _cpu = SystemFigures.CpuTime();
    private double _own;
    private long _at = System.Diagnostics.Stopwatch.GetTimestamp();
    private long _step;

    /// <summary>Samples until it is told to end. The first figure comes soon, so that a short run has one, too.</summary>
    public async Task Run(TimeSpan every, CancellationToken ct)
    {
        var wait = TimeSpan.FromSeconds(Math.Min(1, every.TotalSeconds));
        while (true)
        {
            try
            {
                await Task.Delay(wait, ct);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            try
            {
                run.Log(await Sample(), _step++);
            }
            catch (Exception e) when (e is IOException or FormatException or UnauthorizedAccessException or IndexOutOfRangeException)
            {
                // Figures that cannot be had now may be had next time; the command itself is what matters.
            }

            wait = every;
        }
    }

    private async Task<Dictionary<string, double>> Sample()
    {
        var figures = new Dictionary<string, double>(StringComparer.Ordinal);
        Cpu(figures);
        if (SystemFigures.MemoryInfo() is var (total, available))
        {
            figures["system/system_memory_usage_megabytes"] = (total - available) / 1e6;
            figures["system/system_memory_usage_percentage"] = 100.0 * (total - available) / total;
        }

        if (SystemFigures.Network() is var (received, sent) && _network is var (before, gone))
        {
            figures["system/network_receive_megabytes"] = (received - before) / 1e6;
            figures["system/network_transmit_megabytes"] = (sent - gone) / 1e6;
        }

        var disk = new DriveInfo(folder);
        figures["system/disk_usage_percentage"] = 100.0 * (disk.TotalSize - disk.TotalFreeSpace) / Math.Max(1, disk.TotalSize);
        figures["system/disk_usage_megabytes"] = (disk.TotalSize - disk.TotalFreeSpace) / 1e6;
        figures["system/disk_available_megabytes"] = disk.AvailableFreeSpace / 1e6;
        foreach (var gpu in await HardwareCapture.GpuLoad())
            Gpu(figures, gpu);
        return figures;
    }

    private void Cpu(Dictionary<string, double> figures)
    {
        var now = SystemFigures.CpuTime();
        if (now is var (busy, all) && _cpu is var (busyBefore, allBefore) && all > allBefore)
            figures["system/cpu_utilization_percentage"] = 100 * (busy - busyBefore) / (all - allBefore);
        _cpu = now;
        if (SystemFigures.Tree(pid) is not var (seconds, bytes))
            return;
        var at = System.Diagnostics.Stopwatch.GetTimestamp();
        // 100 is one processor.
        figures["system/process_cpu_percentage"] = Math.Max(0, 100 * (seconds - _own) / System.Diagnostics.Stopwatch.GetElapsedTime(_at, at).TotalSeconds);
        figures["system/process_memory_megabytes"] = bytes / 1e6;
        (_own, _at) = (seconds, at);
    }

    private static void Gpu(Dictionary<string, double> figures, (int Index, double? Total, double? Used, double? Busy, double? Watts, double? WattsLimit) gpu)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"system/gpu_{gpu.Index}_");
        // nvidia-smi counts in mebibytes.
        if (gpu.Used is { } used)
            figures[name + "memory_usage_megabytes"] = used * 1.048576;
        if (gpu.Used is { } part && gpu.Total is > 0 and var whole)
            figures[name + "memory_usage_percentage"] = 100 * part / whole;
        if (gpu.Busy is { } busy)
            figures[name + "utilization_percentage"] = busy;
        if (gpu.Watts is { } watts)
            figures[name + "power_usage_watts"] = watts;
        if (gpu.Watts is { } drawn && gpu.WattsLimit is > 0 and var limit)
            figures[name + "power_usage_percentage"] = 100 * drawn / limit;
    }
}
