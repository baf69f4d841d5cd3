using Holdfast.Registry;

namespace Holdfast.Serving.Backends;

/// <summary>
/// The features of one or more requests, by column, so that a row costs no object per value. A number that is missing is NaN,
/// a text that is missing is null, a boolean is 0 or 1. Created all missing.
/// </summary>
public sealed class FeatureRows
{
    private readonly double[][] _numbers;
    private readonly string?[]?[] _texts;

    /// <summary>Columns of numbers; <see cref="MakeTexts"/> turns one into texts.</summary>
    public FeatureRows(IReadOnlyList<string> names, int count)
    {
        ArgumentNullException.ThrowIfNull(names);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        Names = names;
        Count = count;
        _numbers = new double[names.Count][];
        _texts = new string?[]?[names.Count];
        for (var i = 0; i < _numbers.Length; i++)
        {
            _numbers[i] = new double[count];
            Array.Fill(_numbers[i], double.NaN);
        }
    }

    /// <summary>Rows over arrays that are filled already; a column of texts has numbers that are all NaN.</summary>
    internal FeatureRows(IReadOnlyList<string> names, int count, double[][] numbers, string?[]?[] texts) =>
        (Names, Count, _numbers, _texts) = (names, count, numbers, texts);

    /// <summary>The columns' names.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>How many rows.</summary>
    public int Count { get; }

    /// <summary>Rows shaped like a signature: its text inputs are text columns.</summary>
    public static FeatureRows For(Signature signature, int count)
    {
        ArgumentNullException.ThrowIfNull(signature);
        var rows = new FeatureRows(signature.Inputs.Select(i => i.Name).ToArray(), count);
        for (var i = 0; i < signature.Inputs.Count; i++)
        {
            if (signature.Inputs[i].Datatype == "BYTES")
                rows.MakeTexts(i);
        }

        return rows;
    }

    /// <summary>The numbers of a column; all NaN when it is a text column.</summary>
    public double[] Numbers(int column) => _numbers[column];

    /// <summary>The texts of a column, or null when it is a column of numbers.</summary>
    public string?[]? Texts(int column) => _texts[column];

    /// <summary>Makes a column one of texts, all missing, and gives its array.</summary>
    public string?[] MakeTexts(int column) => _texts[column] ??= new string?[Count];

    /// <summary>Some of the rows, in the given order.</summary>
    internal FeatureRows Pick(int[] rows) => new(
        Names, rows.Length, Array.ConvertAll(_numbers, column => Array.ConvertAll(rows, row => column[row])),
        Array.ConvertAll(_texts, column => column is null ? null : Array.ConvertAll(rows, row => column[row])));

    /// <summary>Rows of the same columns, one after the other.</summary>
    internal static FeatureRows Join(IReadOnlyList<FeatureRows> parts)
    {
        var joined = new FeatureRows(parts[0].Names, parts.Sum(p => p.Count));
        for (var column = 0; column < joined.Names.Count; column++)
        {
            var at = 0;
            foreach (var part in parts)
            {
                part._numbers[column].CopyTo(joined._numbers[column], at);
                if (part._texts[column] is { } texts)
                    texts.CopyTo(joined.MakeTexts(column), at);
                at += part.Count;
            }
        }

        return joined;
    }

    /// <summary>Index of a column, or -1.</summary>
    public int Column(string name)
    {
        for (var i = 0; i < Names.Count; i++)
        {
            if (string.Equals(Names[i], name, StringComparison.Ordinal))
                return i;
        }

        return -1;
    }
}
