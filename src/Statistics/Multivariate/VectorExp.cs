using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Holdfast.Statistics.Multivariate;

/// <summary>
/// e^x, four at a time. x = n ln 2 + r with |r| &lt;= ln 2 / 2 (Cody and Waite's two-part ln 2), e^r by its Taylor polynomial of degree 13 (remainder below
/// 1e-17), times 2^n by the exponent bits. Relative error below 4e-16 for x in [-708, 709]. Below -708 the result is 0 (results under 1e-307 mean nothing to
/// a kernel sum), above 709 +infinity; NaN gives NaN.
/// </summary>
public static class VectorExp
{
    private const double Lowest = -708;
    private const double Highest = 709;
    // 1.5 * 2^52: adding it rounds to an integer, which then stands in the low bits of the double.
    private const double Rounding = 6755399441055744.0;

    /// <summary>Writes e^x of each value to <paramref name="result"/>, which may be the same memory and must be at least as long.</summary>
    public static void Exp(ReadOnlySpan<double> values, Span<double> result)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(result.Length, values.Length, nameof(result));
        ref var from = ref MemoryMarshal.GetReference(values);
        ref var to = ref MemoryMarshal.GetReference(result);
        var i = 0;
        for (; i <= values.Length - Vector256<double>.Count; i += Vector256<double>.Count)
            Exp(Vector256.LoadUnsafe(ref from, (nuint)i)).StoreUnsafe(ref to, (nuint)i);
        for (; i < values.Length; i++) result[i] = Exp(Vector256.Create(values[i])).ToScalar();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<double> Exp(Vector256<double> x)
    {
        var result = Core(Vector256.Min(Vector256.Max(x, Vector256.Create(Lowest)), Vector256.Create(Highest)));
        result = Vector256.ConditionalSelect(Vector256.GreaterThan(x, Vector256.Create(Highest)), Vector256.Create(double.PositiveInfinity), result);
        result = Vector256.ConditionalSelect(Vector256.Equals(x, x), result, x);
        return Vector256.ConditionalSelect(Vector256.LessThan(x, Vector256.Create(Lowest)), Vector256<double>.Zero, result);
    }

    /// <summary>e^-x for x &gt;= 0, without the cases that a squared distance cannot have.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<double> ExpOfNegative(Vector256<double> x)
    {
        var result = Core(-Vector256.MinNative(x, Vector256.Create(-Lowest)));
        return Vector256.AndNot(result, Vector256.GreaterThan(x, Vector256.Create(-Lowest)));
    }

    // Estrin's scheme: short chains of multiply-add rather than one long one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> Core(Vector256<double> x)
    {
        var shifted = Multiply(x, Vector256.Create(1.4426950408889634), Vector256.Create(Rounding));
        var n = shifted - Vector256.Create(Rounding);
        var r = Multiply(n, Vector256.Create(-6.93147180369123816490e-01), x);
        r = Multiply(n, Vector256.Create(-1.90821492927058770002e-10), r);

        var r2 = r * r;
        var r4 = r2 * r2;
        var r8 = r4 * r4;
        var p45 = Multiply(r, Vector256.Create(1.0 / 120), Vector256.Create(1.0 / 24));
        var p67 = Multiply(r, Vector256.Create(1.0 / 5040), Vector256.Create(1.0 / 720));
        var p89 = Multiply(r, Vector256.Create(1.0 / 362880), Vector256.Create(1.0 / 40320));
        var p1011 = Multiply(r, Vector256.Create(1.0 / 39916800), Vector256.Create(1.0 / 3628800));
        var p1213 = Multiply(r, Vector256.Create(1.0 / 6227020800), Vector256.Create(1.0 / 479001600));
        var p23 = Multiply(r, Vector256.Create(1.0 / 6), Vector256.Create(0.5));
        var high = Multiply(r4, p1213, Multiply(r2, p1011, p89));
        var middle = Multiply(r2, p67, p45);
        // The small terms first; 1 + r last keeps the error at half a unit and a little.
        var tail = Multiply(r8, high, Multiply(r4, middle, r2 * p23));
        var e = Vector256.Create(1.0) + (r + tail);
        var scale = Vector256.ShiftLeft(shifted.AsInt64(), 52);
        return (e.AsInt64() + scale).AsDouble();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> Multiply(Vector256<double> a, Vector256<double> b, Vector256<double> c) => Vector256.MultiplyAddEstimate(a, b, c);
}
