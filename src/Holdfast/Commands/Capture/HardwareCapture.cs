using System.Globalization;

namespace Holdfast.Commands.Capture;

/// <summary>What a command runs on.</summary>
internal static class HardwareCapture
{
    private const string GpuFields = "index,name,memory.total,driver_version";
    private const string GpuFigures = "index,memory.total,memory.used,utilization.gpu,power.draw,power.limit";

    public static async Task<Hardware> Take() => new(Environment.MachineName, Cpu(), Environment.ProcessorCount, Memory(), await Gpus());

    /// <summary>What GPUs do now; empty without <c>nvidia-smi</c>. A figure that the card does not tell is null.</summary>
    public static async Task<IReadOnlyList<(int Index, double? Total, double? Used, double? Busy, double? Watts, double? WattsLimit)>> GpuLoad()
    {
        var rows = await NvidiaSmi(GpuFigures);
        return [.. rows.Where(r => r.Length == 6).Select(r => ((int)(Number(r[0]) ?? 0), Number(r[1]), Number(r[2]), Number(r[3]), Number(r[4]), Number(r[5])))];
    }

    private static async Task<IReadOnlyList<Gpu>> Gpus() =>
        [.. (await NvidiaSmi(GpuFields)).Where(r => r.Length == 4).Select(r => new Gpu((int)(Number(r[0]) ?? 0), r[1], (long)(Number(r[2]) ?? 0), r[3]))];

    private static async Task<List<string[]>> NvidiaSmi(string fields)
    {
        if (Tool.Find("nvidia-smi") is not { } program)
            return [];
        var answer = await Tool.Ask(program, ["--query-gpu=" + fields, "--format=csv,noheader,nounits"], within: TimeSpan.FromSeconds(10));
        return [.. (answer ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(',', StringSplitOptions.TrimEntries))];
    }

    private static string? Cpu()
    {
        if (!File.Exists("/proc/cpuinfo"))
            return Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER");
        return File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim();
    }

    private static long Memory() => SystemFigures.MemoryInfo() is var (total, _) ? total >> 20 : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 20;

    private static double? Number(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;
}
