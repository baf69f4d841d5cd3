namespace Holdfast.Statistics.Sketches;

/// <summary>
/// Count, mean, spread and range of a stream in one pass (Welford 1962), mergeable (Chan, Golub and LeVeque 1979). Only finite values may be added.
/// </summary>
/// <param name="Count">Number of values.</param>
/// <param name="Mean">Arithmetic mean; 0 if empty.</param>
/// <param name="M2">Sum of squared deviations from the mean, &gt;= 0.</param>
/// <param name="Min">Smallest value; +infinity if empty.</param>
/// <param name="Max">Largest value; -infinity if empty.</param>
public readonly record struct Moments(long Count, double Mean, double M2, double Min, double Max)
{
    private const byte Version = 1;

    /// <summary>No values yet.</summary>
    public static Moments Empty => new(0, 0, 0, double.PositiveInfinity, double.NegativeInfinity);

    /// <summary>Variance with divisor n; NaN if empty, 0 for one value or a constant.</summary>
    public double Variance => Count == 0 ? double.NaN : M2 / Count;

    /// <summary>Standard deviation with divisor n; NaN if empty.</summary>
    public double Sd => Math.Sqrt(Variance);

    /// <summary>The moments with one more finite value.</summary>
    public Moments Add(double value)
    {
        var delta = value - Mean;
        var mean = Mean + delta / (Count + 1);
        return new Moments(Count + 1, mean, M2 + delta * (value - mean), Math.Min(Min, value), Math.Max(Max, value));
    }

    /// <summary>The moments of both streams together; equal in any order up to rounding.</summary>
    public Moments Merge(Moments other)
    {
        if (other.Count == 0) return this;
        if (Count == 0) return other;
        double total = Count + other.Count, delta = other.Mean - Mean;
        return new Moments(
            Count + other.Count,
            Mean + delta * other.Count / total,
            M2 + other.M2 + delta * delta * Count * other.Count / total,
            Math.Min(Min, other.Min),
            Math.Max(Max, other.Max));
    }

    /// <summary>
    /// The moments of a sample; NaN and infinities are left out. Sums of deviations from a value nearby, in blocks that are then merged: several
    /// times faster than value by value, and the rounding error grows with the number of blocks and not of values.
    /// </summary>
    public static Moments Of(ReadOnlySpan<double> values)
    {
        var sums = new MomentSums();
        Span<double> room = stackalloc double[FiniteBlocks.Size];
        long missing = 0, infinite = 0;
        for (; values.Length > 0; values = values[Math.Min(values.Length, FiniteBlocks.Size)..])
            sums.Add(FiniteBlocks.Of(values[..Math.Min(values.Length, FiniteBlocks.Size)], room, ref missing, ref infinite));
        return sums.Moments;
    }

    /// <summary>The moments as bytes: a version byte, little-endian fields, a checksum.</summary>
    public byte[] ToBytes()
    {
        var writer = new SketchWriter(Version);
        Write(writer);
        return writer.Finish();
    }

    /// <summary>The moments stored by <see cref="ToBytes"/>. Throws <see cref="FormatException"/> for another version or damaged bytes.</summary>
    public static Moments FromBytes(ReadOnlySpan<byte> bytes)
    {
        var reader = new SketchReader(bytes, "set of moments", Version);
        var result = Read(ref reader);
        reader.End();
        return result;
    }

    internal void Write(SketchWriter writer)
    {
        writer.Int64(Count);
        writer.Double(Mean);
        writer.Double(M2);
        writer.Double(Min);
        writer.Double(Max);
    }

    internal static Moments Read(ref SketchReader reader) => new(reader.Count(), reader.Double(), reader.Double(), reader.Double(), reader.Double());
}
