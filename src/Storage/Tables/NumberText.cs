using System.Globalization;

namespace Holdfast.Storage.Tables;

/// <summary>Numbers as text: plain decimals by <see cref="Decimals"/>, several times faster than the general parser, which takes the rest.</summary>
internal static class NumberText
{
    /// <summary>Digits that surely fit into a mantissa.</summary>
    public const int MostDigits = 19;

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

        if (i != text.Length || digits is 0 or > MostDigits || !Decimals.TryToDouble(mantissa, -scale, out value))
            return General(text, out value);
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
