using System.Globalization;
using Holdfast.Contracts;

namespace Holdfast.Kernel;

/// <summary>Lengths of time as people write them: <c>30s</c>, <c>15m</c>, <c>48h</c>, <c>90d</c>, <c>2w</c>.</summary>
public static class Term
{
    /// <summary>Reads a term; false for anything else, for a negative and for an overlong one.</summary>
    public static bool TryParse(string? text, out TimeSpan term)
    {
        term = default;
        if (text is not { Length: >= 2 })
            return false;
        var (number, unit) = text.EndsWith("ms", StringComparison.Ordinal) ? (text[..^2], 1d) : (text[..^1], text[^1] switch
        {
            's' => 1_000d,
            'm' => 60_000d,
            'h' => 3_600_000d,
            'd' => 86_400_000d,
            'w' => 604_800_000d,
            _ => 0d,
        });
        if (unit == 0 || !double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) || value * unit > 3.2e12)
            return false;
        term = TimeSpan.FromMilliseconds(value * unit);
        return true;
    }

    /// <summary>Reads a term or refuses it by name.</summary>
    public static TimeSpan Parse(string? text, string field) => TryParse(text, out var term)
        ? term
        : throw new HoldfastException(ErrorCode.InvalidArgument, $"{field} is '{text}', which is not a length of time.", "Write a number and a unit: 30s, 15m, 48h, 90d or 2w.");

    /// <summary>The shortest text that <see cref="Parse"/> reads back.</summary>
    public static string Text(TimeSpan term)
    {
        var ms = (long)term.TotalMilliseconds;
        foreach (var (unit, length) in Units)
        {
            if (ms != 0 && ms % length == 0)
                return (ms / length).ToString(CultureInfo.InvariantCulture) + unit;
        }

        return ms == 0 ? "0s" : ms.ToString(CultureInfo.InvariantCulture) + "ms";
    }

    private static readonly (string Unit, long Length)[] Units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)];
}
