namespace Holdfast.Statistics.Multivariate;

/// <summary>
/// The terms a classifier sees of standardised columns: the columns, and perhaps their squares and products, each term again standardised by the reference.
/// Columns that are constant in all rows have no terms.
/// </summary>
internal sealed class TermExpansion
{
    private const double Cut = 4;
    private readonly List<(int First, int Second)> _terms = [];
    private readonly int _columns;
    private Standardisation? _scale;

    private TermExpansion(int columns) => _columns = columns;

    /// <summary>Chooses and scales the terms; the first <paramref name="referenceRows"/> rows are the reference.</summary>
    public static TermExpansion Fit(Matrix rows, int referenceRows, ClassifierOptions options)
    {
        var varying = Varying(rows);
        var result = new TermExpansion(rows.Columns);
        foreach (var column in varying) result._terms.Add((column, -1));
        // Linear terms are standardised already.
        if (options.Model != ClassifierModel.Quadratic || varying.Count > options.MostQuadraticColumns) return result;
        for (var a = 0; a < varying.Count; a++)
        {
            for (var b = 0; b <= a; b++) result._terms.Add((varying[b], varying[a]));
        }
        var reference = new int[referenceRows];
        for (var i = 0; i < referenceRows; i++) reference[i] = i;
        result._scale = Standardisation.FromReference(result.Raw(rows.SelectRows(reference)));
        return result;
    }

    /// <summary>The terms of each row.</summary>
    public Matrix Apply(Matrix rows)
    {
        var raw = Raw(rows);
        return _scale is null ? raw : _scale.Apply(raw);
    }

    /// <summary>True if the column varies, so that a term depends on it.</summary>
    public bool Uses(int column) => _terms.Exists(term => term.First == column);

    /// <summary>Adds |coefficient| of each term to its column, half to each of the two columns of a product.</summary>
    public void AddCoefficients(ReadOnlySpan<double> coefficients, double[] columns)
    {
        for (var t = 0; t < _terms.Count; t++)
        {
            var (first, second) = _terms[t];
            columns[first] += Math.Abs(coefficients[t]) / (second < 0 ? 1 : 2);
            if (second >= 0) columns[second] += Math.Abs(coefficients[t]) / 2;
        }
    }

    private Matrix Raw(Matrix rows)
    {
        var result = new Matrix(rows.Rows, _terms.Count);
        var cut = new double[_columns];
        for (var i = 0; i < rows.Rows; i++)
        {
            var from = rows.Row(i);
            var to = result.Row(i);
            // Uncut, one far value would rule every product it is in.
            for (var c = 0; c < cut.Length; c++) cut[c] = Math.Clamp(from[c], -Cut, Cut);
            for (var t = 0; t < _terms.Count; t++)
            {
                var (first, second) = _terms[t];
                to[t] = second < 0 ? from[first] : cut[first] * cut[second];
            }
        }
        return result;
    }

    private static List<int> Varying(Matrix rows)
    {
        var result = new List<int>();
        for (var c = 0; c < rows.Columns; c++)
        {
            for (var r = 1; r < rows.Rows; r++)
            {
                if (rows[r, c].Equals(rows[0, c])) continue;
                result.Add(c);
                break;
            }
        }
        return result;
    }
}
