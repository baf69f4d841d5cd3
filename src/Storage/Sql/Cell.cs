namespace Holdfast.Storage.Sql;

/// <summary>A value of a row that is inserted together with many others: a whole number or a number.</summary>
public readonly struct Cell
{
    private Cell(long whole, double number, bool isNumber) => (Whole, Number, IsNumber) = (whole, number, isNumber);

    /// <summary>The whole number.</summary>
    public long Whole { get; }

    /// <summary>The number.</summary>
    public double Number { get; }

    /// <summary>Which of both it is.</summary>
    public bool IsNumber { get; }

    /// <summary>A whole number.</summary>
    public static implicit operator Cell(long value) => FromInt64(value);

    /// <summary>A number.</summary>
    public static implicit operator Cell(double value) => FromDouble(value);

    /// <summary>A whole number.</summary>
    public static Cell FromInt64(long value) => new(value, 0, false);

    /// <summary>A number.</summary>
    public static Cell FromDouble(double value) => new(0, value, true);
}
