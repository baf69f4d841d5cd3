using System.Globalization;

namespace Holdfast.Kernel.Expressions;

/// <summary>The types of the expression language. There is no coercion between them.</summary>
public enum ExprType
{
    /// <summary>Known to be absent: the third truth value, and what NaN is read as.</summary>
    Missing,
    Number,
    Text,
    Boolean,
}

/// <summary>A value of the expression language: missing, a number, a text or a boolean.</summary>
public readonly struct ExprValue : IEquatable<ExprValue>
{
    private readonly double _number;
    private readonly string? _text;

    private ExprValue(ExprType type, double number, string? text)
    {
        Type = type;
        _number = number;
        _text = text;
    }

    /// <summary>The absent value; also the default of the struct.</summary>
    public static ExprValue Missing => default;

    public static ExprValue True { get; } = new(ExprType.Boolean, 1, null);

    public static ExprValue False { get; } = new(ExprType.Boolean, 0, null);

    public ExprType Type { get; }

    public bool IsMissing => Type == ExprType.Missing;

    /// <summary>True only for the boolean true: missing decides for nothing.</summary>
    public bool IsTrue => Type == ExprType.Boolean && _number != 0;

    public bool IsFalse => Type == ExprType.Boolean && _number == 0;

    /// <summary>The number, or NaN when this is not one.</summary>
    public double AsNumber => Type == ExprType.Number ? _number : double.NaN;

    /// <summary>The text, or null when this is not one.</summary>
    public string? AsText => _text;

    /// <summary>A number; NaN and the infinities are missing, so that a division by zero decides nothing.</summary>
    public static ExprValue Of(double number) => double.IsFinite(number) ? new(ExprType.Number, number, null) : default;

    public static ExprValue Of(string? text) => text is null ? default : new(ExprType.Text, 0, text);

    public static ExprValue Of(bool value) => value ? True : False;

    public bool Equals(ExprValue other) => Type == other.Type && _number.Equals(other._number) && string.Equals(_text, other._text, StringComparison.Ordinal);

    public override bool Equals(object? obj) => obj is ExprValue other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(Type, _number, _text);

    public override string ToString() => Type switch
    {
        ExprType.Number => _number.ToString("R", CultureInfo.InvariantCulture),
        ExprType.Text => _text!,
        ExprType.Boolean => _number != 0 ? "true" : "false",
        _ => "missing",
    };

    public static bool operator ==(ExprValue left, ExprValue right) => left.Equals(right);

    public static bool operator !=(ExprValue left, ExprValue right) => !left.Equals(right);
}
