using Holdfast.Statistics;
using Holdfast.Statistics.Sketches;
using Holdfast.Storage.Tables;

namespace Holdfast.Commands.Drift;

/// <summary>A column in memory.</summary>
internal sealed class MemoryColumn(Column column) : IColumnData
{
    private readonly Lazy<Dictionary<string, long>> _texts = new(() => Statistics.Categories.Count(column.Texts, out _));

    public string Name => column.Name;

    public ColumnKind Kind => column.Kind;

    public long Total => column.Count;

    public long Missing { get; } = column.MissingCount();

    public IReadOnlyDictionary<string, long> Texts => _texts.Value;

    public bool IsOpenEnded => false;

    public bool IsCounter => column.Kind == ColumnKind.Numeric && column.Count > 1 && NumberFacts.IsCounter(column.Numbers);

    public bool IsZeroOrOne => column.Kind == ColumnKind.Boolean || (column.Kind == ColumnKind.Numeric && Array.TrueForAll(column.Numbers, n => n is 0 or 1 or double.NaN));

    public FeatureSide As(FeatureType type) => type switch
    {
        FeatureType.Boolean => Categories(Named(Truths(column))),
        FeatureType.Categorical => Categories(column.Kind == ColumnKind.Text ? _texts.Value : Named(column)),
        FeatureType.Text => Numbers([.. column.Texts.Select(t => t is null ? double.NaN : t.Length)], default),
        _ when column.Kind == ColumnKind.Text => Numbers(Read(type, out var unreadable), unreadable),
        _ => Numbers(column.Numbers, default),
    };

    private FeatureSide Categories(Dictionary<string, long> counts) => new(column.Count, Missing) { Categories = counts };

    private static FeatureSide Numbers(double[] values, (long, string?) unreadable)
    {
        var sample = new Reservoir(FeatureProfile.DefaultSampleSize, 0);
        sample.Add(values, 0);
        var sorted = Samples.SortedFinite(values);
        var infinite = sorted.Length == values.Length ? 0 : values.LongCount(double.IsInfinity);
        return new FeatureSide(values.Length, values.Length - sorted.Length) { Sorted = sorted, Sample = sample.InKeyOrder(), Infinite = infinite, Unreadable = unreadable };
    }

    private double[] Read(FeatureType type, out (long Count, string? Example) unreadable)
    {
        var values = new double[column.Count];
        unreadable = (0, null);
        for (var i = 0; i < values.Length; i++)
        {
            if (column.Texts[i] is not { } text)
                values[i] = double.NaN;
            else if (!CellText.TryParse(type == FeatureType.Time ? ColumnKind.Time : ColumnKind.Numeric, text, out values[i]))
                (values[i], unreadable) = (double.NaN, (unreadable.Count + 1, unreadable.Example ?? text));
        }

        return values;
    }

    private static Column Truths(Column column) => column.Kind == ColumnKind.Numeric ? new Column(column.Name, column.Numbers, ColumnKind.Boolean) : column;

    // Few different numbers: each is written once, not once a row.
    private static Dictionary<string, long> Named(Column column)
    {
        var numbers = new Dictionary<double, long>();
        foreach (var number in column.Numbers)
        {
            if (!double.IsNaN(number))
                System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(numbers, number, out _)++;
        }

        return numbers.ToDictionary(n => new Column(column.Name, [n.Key], column.Kind).Format(0), n => n.Value, StringComparer.Ordinal);
    }
}
