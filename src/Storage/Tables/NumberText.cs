using System.Globalization;

namespace Holdfast.Storage.Tables;

/// <summary>
/// Numbers as text. Most cells of a file are short decimals: at most 15 digits and a small power of ten give the correctly rounded double in one
/// division (Clinger 1990), several times faster than the general parser, which takes the rest.
/// </summary>
internal static class NumberText
{
    private const ulong ExactMantissa = 1UL << 53;

    private static readonly double[] Powers = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22];

    public static bool TryParse(ReadOnlySpan<char> text, out double value)
    {
        var i = 0;
        var negative = false;
        if (text.Length > 0 && text[0] is '-' or '+')
        {
            negative = text[0] == '-';
            i = 1;
        }

        ulong mantissa = 0;
        int digits = 0, scale = 0;
        for (; i < text.Length && (uint)(text[i] - '0') <= 9; i++, digits++)
            mantissa = (mantissa * 10) + (uint)(text[i] - '0');
        if (i < text.Length && text[i] == '.')
        {
            for (i++; i < text.Length && (uint)(text[i] - '0') <= 9; i++, digits++, scale++)
                mantissa = (mantissa * 10) + (uint)(text[i] - '0');
        }

        if (i != text.Length || digits is 0 or > 18 || mantissa > ExactMantissa || scale > 22)
            return General(text, out value);
        value = mantissa / Powers[scale];
        if (negative)
            value = -value;
        return true;
    }

    private static bool General(ReadOnlySpan<char> text, out double value)
    {
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value))
            return true;
        // What C and Python write.
        value = text.Equals("inf", StringComparison.OrdinalIgnoreCase) || text.Equals("+inf", StringComparison.OrdinalIgnoreCase) ? double.PositiveInfinity
            : text.Equals("-inf", StringComparison.OrdinalIgnoreCase) ? double.NegativeInfinity : double.NaN;
        return double.IsInfinity(value);
    }
}
