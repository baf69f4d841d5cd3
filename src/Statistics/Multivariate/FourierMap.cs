using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Holdfast.Statistics.Multivariate;

/// <summary>
/// Random Fourier features of the Gaussian kernel: phi(x) = D^-1/2 [cos w_1'x ... cos w_D'x, sin w_1'x ... sin w_D'x], w ~ N(0, I / s^2). Then
/// phi(x)'phi(y) is near k(x, y) with error O(D^-1/2), and |phi(x)| = 1. The frequencies follow from the seed alone.
/// Rahimi and Recht, "Random features for large-scale kernel machines", NIPS 2007.
/// </summary>
public sealed class FourierMap : IEquatable<FourierMap>
{
    private readonly double[] _frequencies;
    private readonly int _padded;

    /// <summary>Draws the frequencies.</summary>
    /// <param name="columns">Features of a row, at least 1.</param>
    /// <param name="sigma">Bandwidth s &gt; 0, from <see cref="RbfKernel.MedianSigma"/> of the reference.</param>
    /// <param name="seed">Seed of the frequencies; maps to be compared need the same one.</param>
    /// <param name="frequencies">D, at least 1. Default 512: the error of a kernel value is about 0.03, and a row costs some microseconds.</param>
    public FourierMap(int columns, double sigma, ulong seed = 0, int frequencies = 512)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(frequencies, 1);
        if (!(sigma > 0 && double.IsFinite(sigma))) throw new ArgumentOutOfRangeException(nameof(sigma), sigma, "The bandwidth must be above 0.");
        (Columns, Sigma, Seed, Frequencies) = (columns, sigma, seed, frequencies);
        _padded = (frequencies + 3) / 4 * 4;
        _frequencies = new double[columns * _padded];
        var draws = new SeededDraws(seed);
        for (var l = 0; l < frequencies; l++)
        {
            for (var c = 0; c < columns; c++) _frequencies[c * _padded + l] = draws.Normal() / sigma;
        }
    }

    /// <summary>Features of a row.</summary>
    public int Columns { get; }

    /// <summary>Bandwidth of the kernel.</summary>
    public double Sigma { get; }

    /// <summary>Seed of the frequencies.</summary>
    public ulong Seed { get; }

    /// <summary>D. A row is mapped to 2 D values.</summary>
    public int Frequencies { get; }

    internal int Padded => _padded;

    /// <summary>phi of a finite row, 2 D values: all cosines, then all sines.</summary>
    public double[] Apply(ReadOnlySpan<double> row)
    {
        double[] cosines = new double[_padded], sines = new double[_padded];
        Angles(row, cosines, sines);
        var result = new double[2 * Frequencies];
        var unit = 1 / Math.Sqrt(Frequencies);
        for (var l = 0; l < Frequencies; l++) (result[l], result[Frequencies + l]) = (unit * cosines[l], unit * sines[l]);
        return result;
    }

    /// <summary>Equal if columns, bandwidth, seed and D are: then the frequencies are too.</summary>
    public bool Equals(FourierMap? other) =>
        other is not null && Columns == other.Columns && Sigma.Equals(other.Sigma) && Seed == other.Seed && Frequencies == other.Frequencies;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as FourierMap);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Columns, Sigma, Seed, Frequencies);

    // Cosine and sine of all w'x, not scaled; both spans have the padded length.
    internal void Angles(ReadOnlySpan<double> row, Span<double> cosines, Span<double> sines)
    {
        if (row.Length != Columns) throw new ArgumentException($"The map takes {Columns} features, the row has {row.Length}.", nameof(row));
        ref var from = ref MemoryMarshal.GetArrayDataReference(_frequencies);
        for (var l = 0; l < _padded; l += 4)
        {
            Vector256<double> angle = default;
            for (var c = 0; c < row.Length; c++)
                angle = Vector256.MultiplyAddEstimate(Vector256.LoadUnsafe(ref from, (nuint)(c * _padded + l)), Vector256.Create(row[c]), angle);
            var (sine, cosine) = Vector256.SinCos(angle);
            cosine.CopyTo(cosines[l..]);
            sine.CopyTo(sines[l..]);
        }
    }
}
