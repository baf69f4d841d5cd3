using System.Globalization;

namespace Holdfast.Kernel;

/// <summary>Sizes in bytes as people write them: <c>512MiB</c>, <c>2GiB</c>, <c>1.5GB</c>, <c>4096</c>.</summary>
public static class ByteSize
{
    private static readonly (string Unit, double Bytes)[] Units =
    [
        ("KiB", 1024), ("MiB", 1024 * 1024), ("GiB", 1024d * 1024 * 1024), ("TiB", 1024d * 1024 * 1024 * 1024),
        ("kB", 1e3), ("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12), ("K", 1024), ("M", 1024 * 1024), ("G", 1024d * 1024 * 1024), ("B", 1), ("", 1),
    ];

    /// <summary>Reads a size; false for anything else, for a negative and for an overlong one.</summary>
    public static bool TryParse(string? text, out long bytes)
    {
        bytes = 0;
        if (string.IsNullOrWhiteSpace(text))
            return false;
        var (unit, factor) = Array.Find(Units, u => text.EndsWith(u.Unit, StringComparison.Ordinal));
        if (!double.TryParse(text.AsSpan(0, text.Length - unit.Length).TrimEnd(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) || number * factor > 1L << 60)
            return false;
        bytes = (long)(number * factor);
        return true;
    }
}
