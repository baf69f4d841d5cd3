namespace Holdfast.Statistics.Multivariate;

/// <summary>
/// Reconstruction error by principal components: rows are standardised by the reference, projected on its leading components and back; the figure of a window
/// is the mean over rows of |x - x'| (Euclidean, in standard deviations). If correlations change, rows leave the reference's subspace and the error moves
/// (up, or down when columns become more alike), though every column may look as before. A large error of all rows alike can also be a mere rise of spread.
/// </summary>
public sealed class PcaReconstruction
{
    private readonly Standardisation _standardisation;
    private readonly Matrix _components;

    private PcaReconstruction(Standardisation standardisation, Matrix components, double kept) =>
        (_standardisation, _components, KeptVariance) = (standardisation, components, kept);

    /// <summary>Components kept.</summary>
    public int Components => _components.Rows;

    /// <summary>Share of the reference's variance in them, in [0, 1]; 1 if the reference is constant.</summary>
    public double KeptVariance { get; }

    /// <summary>Mean error of the reference's chunks.</summary>
    public double ChunkMean { get; private set; }

    /// <summary>Standard deviation (divisor chunks - 1) of the chunks' errors; NaN with fewer than two chunks.</summary>
    public double ChunkSd { get; private set; }

    /// <summary>Rows of a chunk.</summary>
    public int ChunkRows { get; private set; }

    /// <summary>
    /// Fits on reference rows and takes the alarm limits from their chunks of consecutive rows. The chunks are judged by components fitted on all of them, so the
    /// limits are a little narrow with few rows: have ten chunks or more, of a hundred rows or more.
    /// </summary>
    /// <param name="reference">Complete reference rows, in their order in time.</param>
    /// <param name="chunkRows">Rows of a chunk, best those of a window; a rest is left out. Default: a tenth of the reference.</param>
    /// <param name="variance">Share of the variance to keep, in (0, 1]: the fewest components that reach it. Default 0.65, so that errors have room to show.</param>
    public static PcaReconstruction Fit(Matrix reference, int? chunkRows = null, double variance = 0.65)
    {
        ArgumentNullException.ThrowIfNull(reference);
        reference.CheckFinite(nameof(reference));
        if (!(variance > 0 && variance <= 1)) throw new ArgumentOutOfRangeException(nameof(variance), variance, "The share of variance must be above 0 and at most 1.");
        var size = chunkRows ?? Math.Max(1, reference.Rows / 10);
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1, nameof(chunkRows));
        var standardisation = Standardisation.FromReference(reference);
        var (components, kept) = Leading(SymmetricEigen.Of(Covariance(standardisation.Apply(reference))), variance);
        var result = new PcaReconstruction(standardisation, components, kept) { ChunkRows = size };
        result.FitLimits(reference);
        return result;
    }

    /// <summary>The error of each row, &gt;= 0.</summary>
    public double[] RowErrors(Matrix rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        rows.CheckFinite(nameof(rows));
        var standard = _standardisation.Apply(rows);
        var result = new double[rows.Rows];
        for (var i = 0; i < result.Length; i++)
        {
            var rest = standard.Row(i);
            // Components are orthonormal: taking the projections off one by one leaves x - x'.
            for (var k = 0; k < _components.Rows; k++) LinearAlgebra.AddScaled(rest, _components.Row(k), -LinearAlgebra.Dot(rest, _components.Row(k)));
            result[i] = Math.Sqrt(LinearAlgebra.Dot(rest, rest));
        }
        return result;
    }

    /// <summary>Mean error of a window, &gt;= 0; NaN without rows.</summary>
    public double Error(Matrix rows) => Samples.MeanSd(RowErrors(rows)).Mean;

    /// <summary>
    /// The limits of a window's error: ChunkMean -+ <paramref name="width"/> ChunkSd sqrt(ChunkRows / rows), so that a shorter window has wider ones. Lower at least 0.
    /// NaN with fewer than two chunks.
    /// </summary>
    /// <param name="rows">Rows of the window, at least 1.</param>
    /// <param name="width">Standard deviations; default 3.</param>
    public (double Lower, double Upper) Limits(int rows, double width = 3)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        var reach = width * ChunkSd * Math.Sqrt((double)ChunkRows / rows);
        return double.IsNaN(reach) ? (double.NaN, double.NaN) : (Math.Max(0, ChunkMean - reach), ChunkMean + reach);
    }

    /// <summary>True if the window's error lies outside <see cref="Limits"/>; false without rows or limits.</summary>
    public bool Alarms(Matrix rows, double width = 3)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (rows.Rows == 0) return false;
        var (lower, upper) = Limits(rows.Rows, width);
        var error = Error(rows);
        return error < lower || error > upper;
    }

    private void FitLimits(Matrix reference)
    {
        var errors = RowErrors(reference);
        var means = new double[errors.Length / ChunkRows];
        for (var k = 0; k < means.Length; k++) means[k] = Samples.MeanSd(errors.AsSpan(k * ChunkRows, ChunkRows)).Mean;
        var (mean, sd) = Samples.MeanSd(means);
        ChunkMean = mean;
        ChunkSd = means.Length < 2 ? double.NaN : sd * Math.Sqrt(means.Length / (means.Length - 1.0));
    }

    private static (Matrix Components, double Kept) Leading(SymmetricEigen eigen, double variance)
    {
        double total = 0, kept = 0;
        foreach (var value in eigen.Values) total += Math.Max(0, value);
        var count = 0;
        // The slack is rounding: a share of 1 must not ask for components of variance 0.
        while (count < eigen.Values.Length && kept < variance * total * (1 - 1e-12)) kept += Math.Max(0, eigen.Values[count++]);
        var rows = new int[count];
        for (var i = 0; i < count; i++) rows[i] = i;
        return (eigen.Vectors.SelectRows(rows), total > 0 ? kept / total : 1);
    }

    private static Matrix Covariance(Matrix standard)
    {
        var result = new Matrix(standard.Columns, standard.Columns);
        for (var i = 0; i < standard.Rows; i++)
        {
            var row = standard.Row(i);
            for (var c = 0; c < row.Length; c++) LinearAlgebra.AddScaled(result.Row(c)[c..], row[c..], row[c] / standard.Rows);
        }
        return result;
    }
}
