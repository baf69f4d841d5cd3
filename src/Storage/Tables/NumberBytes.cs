using System.Runtime.CompilerServices;

namespace Holdfast.Storage.Tables;

/// <summary>Plain decimals as bytes, eight digits at a time.</summary>
internal static unsafe class NumberBytes
{
    /// <summary>Bytes behind the text that may be looked at.</summary>
    public const int Beyond = 8;

    /// <summary>Reads the number that begins at <paramref name="p"/>. The place behind it; null where it is no plain decimal and <see cref="NumberText"/> must be asked.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static byte* Read(byte* p, out double value)
    {
        value = 0;
        var negative = *p == '-';
        if (negative || *p == '+')
            p++;
        ulong mantissa = 0;
        var begin = p;
        p = Digits(p, ref mantissa);
        var digits = (int)(p - begin);
        var scale = 0;
        if (*p == '.')
        {
            var point = ++p;
            p = Digits(p, ref mantissa);
            scale = (int)(p - point);
        }

        digits += scale;
        // "0.": a nought that takes no room in the mantissa.
        if (digits == 0 || digits - (*begin == '0' ? 1 : 0) > NumberText.MostDigits)
            return null;
        var exponent = -scale;
        if ((*p | 0x20) == 'e' && (p = Exponent(p + 1, ref exponent)) == null)
            return null;
        if (!Decimals.TryToDouble(mantissa, exponent, out value))
            return null;
        if (negative)
            value = -value;
        return p;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* Digits(byte* p, ref ulong mantissa)
    {
        while (true)
        {
            var eight = Unsafe.ReadUnaligned<ulong>(p) - 0x3030303030303030;
            // A byte that is no digit has a high half, now or after 6 is added (a borrow of the subtraction sets one too).
            if (((eight | (eight + 0x0606060606060606)) & 0xF0F0F0F0F0F0F0F0) != 0)
                break;
            // Pairs, then fours, then all eight.
            eight = (eight * 10) + (eight >> 8);
            mantissa = (mantissa * 100_000_000) + (uint)((((eight & 0x000000FF000000FF) * 0x000F424000000064) + (((eight >> 16) & 0x000000FF000000FF) * 0x0000271000000001)) >> 32);
            p += 8;
        }

        for (; (uint)(*p - '0') <= 9; p++)
            mantissa = (mantissa * 10) + (uint)(*p - '0');
        return p;
    }

    private static byte* Exponent(byte* p, ref int exponent)
    {
        var negative = *p == '-';
        if (negative || *p == '+')
            p++;
        var begin = p;
        var value = 0;
        for (; (uint)(*p - '0') <= 9 && p - begin < 4; p++)
            value = (value * 10) + (*p - '0');
        exponent += negative ? -value : value;
        return p == begin || p - begin > 3 ? null : p;
    }
}
