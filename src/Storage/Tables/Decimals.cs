using System.Numerics;

namespace Holdfast.Storage.Tables;

/// <summary>
/// The double nearest to mantissa x 10^exponent. Most cells of a file are short decimals, for which one multiplication or division is right (Clinger 1990);
/// those with all their digits need a product with 128 bits of the power of five (Lemire, Software: Practice and Experience 51, 2021).
/// </summary>
internal static class Decimals
{
    private const int Least = -27;
    private const int Most = 55;
    private const ulong ExactMantissa = 1UL << 53;

    private static readonly double[] Powers = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22];
    private static readonly UInt128[] Fives = [.. Enumerable.Range(Least, Most - Least + 1).Select(Five)];

    /// <summary>The value, correctly rounded; false where the exponent is out of the table and the general parser must be asked.</summary>
    public static bool TryToDouble(ulong mantissa, int exponent, out double value)
    {
        if (mantissa <= ExactMantissa && exponent is >= -22 and <= 22)
        {
            value = exponent < 0 ? mantissa / Powers[-exponent] : mantissa * Powers[exponent];
            return true;
        }

        value = 0;
        return mantissa == 0 || (exponent is >= Least and <= Most && TryRound(mantissa, exponent, out value));
    }

    private static bool TryRound(ulong mantissa, int exponent, out double value)
    {
        var zeros = BitOperations.LeadingZeroCount(mantissa);
        mantissa <<= zeros;
        var five = Fives[exponent - Least];
        var high = Math.BigMul(mantissa, (ulong)(five >> 64), out var low);
        // Nine bits more than the result has: only if all of them are set can the second half of the power matter.
        if ((high & 0x1FF) == 0x1FF)
        {
            var more = Math.BigMul(mantissa, (ulong)five, out _);
            low += more;
            high += low < more ? 1UL : 0;
        }

        var upper = (int)(high >> 63);
        var bits = high >> (upper + 9);
        var power = (((152170 + 65536) * exponent) >> 16) + 63 + upper - zeros + 1023;
        if (power is <= 0 or >= 0x7FE)
        {
            value = 0;
            return false;
        }

        // Exactly between two doubles: to the even one.
        if (low <= 1 && exponent is >= -4 and <= 23 && (bits & 3) == 1 && bits << (upper + 9) == high)
            bits &= ~1UL;
        bits = (bits + (bits & 1)) >> 1;
        if (bits >= 1UL << 53)
        {
            bits = 1UL << 52;
            power++;
        }

        value = BitConverter.UInt64BitsToDouble((bits & ~(1UL << 52)) | ((ulong)power << 52));
        return true;
    }

    // The first 128 bits of 5^q: cut off for whole powers, rounded up for their reciprocals.
    private static UInt128 Five(int q)
    {
        var power = BigInteger.Pow(5, Math.Abs(q));
        var length = (int)power.GetBitLength();
        if (q < 0)
            return (UInt128)((BigInteger.One << (length + 127)) / power + 1);
        return (UInt128)(length > 128 ? power >> (length - 128) : power << (128 - length));
    }
}
