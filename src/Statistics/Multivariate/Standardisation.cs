namespace Holdfast.Statistics.Multivariate;

/// <summary>
/// z = (x - mean) / sd, column by column, with mean and standard deviation (divisor n) of a reference. Fitted on the reference alone, so that a window's
/// score does not depend on the other rows of the window.
/// </summary>
public sealed class Standardisation
{
    private readonly double[] _mean;
    private readonly double[] _sd;

    private Standardisation(double[] mean, double[] sd) => (_mean, _sd) = (mean, sd);

    /// <summary>Mean of each column.</summary>
    public ReadOnlySpan<double> Mean => _mean;

    /// <summary>Divisor of each column: its standard deviation, or 1 where that is 0 or unknown.</summary>
    public ReadOnlySpan<double> Sd => _sd;

    /// <summary>
    /// Fits on a reference. NaN and infinite values are skipped. A constant column gets the divisor 1, so a later change of it is seen in its own unit;
    /// a column without finite values gets mean 0 and divisor 1.
    /// </summary>
    public static Standardisation FromReference(Matrix reference)
    {
        ArgumentNullException.ThrowIfNull(reference);
        double[] mean = new double[reference.Columns], sd = new double[reference.Columns];
        for (var c = 0; c < reference.Columns; c++)
        {
            var values = Samples.SortedFinite(reference.Column(c));
            (mean[c], sd[c]) = values.Length == 0 ? (0, 1) : Fit(values);
        }
        return new Standardisation(mean, sd);
    }

    // A constant is told by its ends: its computed mean is off by rounding, and so is a spread about it.
    private static (double Mean, double Sd) Fit(double[] sorted) => sorted[0] == sorted[^1] ? (sorted[0], 1) : Samples.MeanSd(sorted);

    /// <summary>The standardised rows, in a new matrix. NaN and infinite values stay as they are.</summary>
    public Matrix Apply(Matrix rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (rows.Columns != _mean.Length) throw new ArgumentException($"The reference had {_mean.Length} columns, these rows have {rows.Columns}.", nameof(rows));
        var result = new Matrix(rows.Rows, rows.Columns);
        for (var r = 0; r < rows.Rows; r++)
        {
            var from = rows.Row(r);
            var to = result.Row(r);
            for (var c = 0; c < from.Length; c++) to[c] = (from[c] - _mean[c]) / _sd[c];
        }
        return result;
    }
}
