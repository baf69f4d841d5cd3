namespace Holdfast.Statistics.Multivariate;

/// <summary>A dense matrix of doubles, row by row: rows are observations, columns are features.</summary>
public sealed class Matrix
{
    private readonly double[] _values;

    /// <summary>A matrix of zeros.</summary>
    /// <param name="rows">Rows, at least 0.</param>
    /// <param name="columns">Columns, at least 0.</param>
    public Matrix(int rows, int columns)
        : this(rows, columns, new double[Size(rows, columns)])
    {
    }

    /// <summary>A matrix over <paramref name="values"/>, which are taken over, not copied.</summary>
    /// <param name="rows">Rows, at least 0.</param>
    /// <param name="columns">Columns, at least 0.</param>
    /// <param name="values">The values row by row; exactly rows times columns.</param>
    public Matrix(int rows, int columns, double[] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (values.Length != Size(rows, columns)) throw new ArgumentException($"{rows} x {columns} needs {Size(rows, columns)} values, got {values.Length}.", nameof(values));
        Rows = rows;
        Columns = columns;
        _values = values;
    }

    /// <summary>Number of observations.</summary>
    public int Rows { get; }

    /// <summary>Number of features.</summary>
    public int Columns { get; }

    /// <summary>All values, row by row.</summary>
    public Span<double> Values => _values;

    /// <summary>One value.</summary>
    public double this[int row, int column]
    {
        get => _values[row * Columns + column];
        set => _values[row * Columns + column] = value;
    }

    /// <summary>One observation, a view.</summary>
    public Span<double> Row(int row) => _values.AsSpan(row * Columns, Columns);

    /// <summary>One feature, a copy.</summary>
    public double[] Column(int column)
    {
        var result = new double[Rows];
        for (var i = 0; i < Rows; i++) result[i] = this[i, column];
        return result;
    }

    /// <summary>True if no value is NaN or infinite.</summary>
    public bool IsFinite()
    {
        foreach (var value in _values)
        {
            if (!double.IsFinite(value)) return false;
        }
        return true;
    }

    /// <summary>A matrix of columns of equal length.</summary>
    public static Matrix FromColumns(params IReadOnlyList<double[]> columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        var result = new Matrix(columns.Count == 0 ? 0 : columns[0].Length, columns.Count);
        for (var c = 0; c < columns.Count; c++)
        {
            if (columns[c].Length != result.Rows) throw new ArgumentException($"Column {c} has {columns[c].Length} rows, column 0 has {result.Rows}.", nameof(columns));
            for (var r = 0; r < result.Rows; r++) result[r, c] = columns[c][r];
        }
        return result;
    }

    /// <summary>The rows of <paramref name="upper"/>, then those of <paramref name="lower"/>, in a new matrix.</summary>
    public static Matrix Stack(Matrix upper, Matrix lower)
    {
        CheckSameColumns(upper, lower);
        var result = new Matrix(upper.Rows + lower.Rows, upper.Columns);
        upper._values.CopyTo(result._values, 0);
        lower._values.CopyTo(result._values, upper._values.Length);
        return result;
    }

    /// <summary>The rows at the given positions, in that order, in a new matrix.</summary>
    public Matrix SelectRows(ReadOnlySpan<int> rows)
    {
        var result = new Matrix(rows.Length, Columns);
        for (var i = 0; i < rows.Length; i++) Row(rows[i]).CopyTo(result.Row(i));
        return result;
    }

    /// <summary>The rows without a NaN or infinite value, in their order, in a new matrix.</summary>
    public Matrix CompleteRows()
    {
        var complete = new List<int>(Rows);
        for (var r = 0; r < Rows; r++)
        {
            var finite = true;
            foreach (var value in Row(r)) finite &= double.IsFinite(value);
            if (finite) complete.Add(r);
        }
        return SelectRows(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(complete));
    }

    /// <summary>The columns at the given positions, in that order, in a new matrix.</summary>
    public Matrix SelectColumns(params ReadOnlySpan<int> columns)
    {
        var result = new Matrix(Rows, columns.Length);
        for (var r = 0; r < Rows; r++)
        {
            var from = Row(r);
            var to = result.Row(r);
            for (var c = 0; c < columns.Length; c++) to[c] = from[columns[c]];
        }
        return result;
    }

    /// <summary>All columns but the given ones, in a new matrix.</summary>
    public Matrix WithoutColumns(params ReadOnlySpan<int> columns)
    {
        var kept = new List<int>(Columns);
        for (var c = 0; c < Columns; c++)
        {
            if (!columns.Contains(c)) kept.Add(c);
        }
        return SelectColumns(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(kept));
    }

    /// <summary>A copy in which one column has passed through a function, such as the inverse of a suspected unit change.</summary>
    public Matrix WithColumn(int column, Func<double, double> transform)
    {
        ArgumentNullException.ThrowIfNull(transform);
        var result = new Matrix(Rows, Columns, [.. _values]);
        for (var r = 0; r < Rows; r++) result[r, column] = transform(result[r, column]);
        return result;
    }

    internal static void CheckSameColumns(Matrix first, Matrix second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        if (first.Columns != second.Columns) throw new ArgumentException($"The matrices have {first.Columns} and {second.Columns} columns; both need the same features.", nameof(second));
    }

    internal static void CheckPair(Matrix reference, Matrix current)
    {
        CheckSameColumns(reference, current);
        reference.CheckFinite(nameof(reference));
        current.CheckFinite(nameof(current));
    }

    internal void CheckFinite(string name)
    {
        if (!IsFinite()) throw new ArgumentException("The matrix has missing or infinite values; encode or drop them first.", name);
    }

    private static int Size(int rows, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        return checked(rows * columns);
    }
}
