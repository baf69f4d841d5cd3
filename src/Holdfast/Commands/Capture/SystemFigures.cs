using System.Globalization;

namespace Holdfast.Commands.Capture;

/// <summary>Figures of the machine and of a process with its descendants, from <c>/proc</c>; elsewhere there are none.</summary>
internal static class SystemFigures
{
    private const double TicksPerSecond = 100;

    /// <summary>Busy and all processor time since boot, in ticks.</summary>
    public static (double Busy, double All)? CpuTime()
    {
        if (Lines("/proc/stat").FirstOrDefault() is not { } line)
            return null;
        var ticks = line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8).Select(x => double.Parse(x, CultureInfo.InvariantCulture)).ToArray();
        // Idle and waiting for a disk are not work.
        return (ticks.Sum() - ticks[3] - ticks[4], ticks.Sum());
    }

    /// <summary>All and available memory in bytes.</summary>
    public static (long Total, long Available)? MemoryInfo()
    {
        var fields = Lines("/proc/meminfo").Select(l => l.Split(':', 2)).Where(p => p.Length == 2).ToDictionary(p => p[0], p => p[1].Trim().Split(' ')[0]);
        return fields.TryGetValue("MemTotal", out var total) && fields.TryGetValue("MemAvailable", out var available)
            ? (long.Parse(total, CultureInfo.InvariantCulture) << 10, long.Parse(available, CultureInfo.InvariantCulture) << 10)
            : null;
    }

    /// <summary>Bytes received and sent since boot, without the loopback.</summary>
    public static (double Received, double Sent)? Network()
    {
        var rows = Lines("/proc/net/dev").Skip(2).Select(l => l.Split(':', 2)).Where(p => p.Length == 2 && p[0].Trim() != "lo")
            .Select(p => p[1].Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToList();
        return rows.Count == 0 ? null : (rows.Sum(r => double.Parse(r[0], CultureInfo.InvariantCulture)), rows.Sum(r => double.Parse(r[8], CultureInfo.InvariantCulture)));
    }

    /// <summary>Processor seconds and bytes of memory of a process and its descendants.</summary>
    public static (double Seconds, long Bytes)? Tree(int root)
    {
        if (!Directory.Exists("/proc/self"))
            return null;
        var all = new Dictionary<int, (int Parent, double Seconds, long Bytes)>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && Stat(pid) is { } stat)
                all[pid] = stat;
        }

        if (!all.ContainsKey(root))
            return null;
        var (seconds, bytes) = (0.0, 0L);
        foreach (var (pid, stat) in all)
        {
            var at = pid;
            for (var depth = 0; at != root && depth < 64 && all.TryGetValue(at, out var up); depth++)
                at = up.Parent;
            if (at == root)
                (seconds, bytes) = (seconds + stat.Seconds, bytes + stat.Bytes);
        }

        return (seconds, bytes);
    }

    // What has ended counts through its parent, which has waited for it.
    private static (int Parent, double Seconds, long Bytes)? Stat(int pid)
    {
        var text = Lines($"/proc/{pid}/stat").FirstOrDefault();
        if (text is null || text.LastIndexOf(')') is not (> 0 and var name))
            return null;
        var f = text[(name + 2)..].Split(' ');
        return (int.Parse(f[1], CultureInfo.InvariantCulture), f[11..15].Sum(x => double.Parse(x, CultureInfo.InvariantCulture)) / TicksPerSecond, long.Parse(f[21], CultureInfo.InvariantCulture) * Environment.SystemPageSize);
    }

    private static string[] Lines(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllLines(path) : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
