using System.Globalization;
using Holdfast.Statistics.Sketches;
using Holdfast.Storage.Tables;

namespace Holdfast.Commands.Drift;

/// <summary>A column of a <see cref="SpilledTable"/>: what the one pass kept of it, and its numbers on disk.</summary>
internal sealed class SpilledColumn(SpilledTable table, int index, string name, ColumnKind kind) : IColumnData
{
    private const int MostTexts = 100_000;
    private const string More = "(more than 100,000 values)";

    private readonly Dictionary<string, long> _texts = new(StringComparer.Ordinal);
    private readonly Reservoir _sample = new(FeatureProfile.DefaultSampleSize, 0);
    private readonly Reservoir _lengths = new(FeatureProfile.DefaultSampleSize, 0);
    private long _finite;
    private long _infinite;
    private long _zeros;
    private long _ones;
    private double _last = double.NegativeInfinity;
    private bool _rising = kind == ColumnKind.Numeric;

    public string Name => name;

    public ColumnKind Kind => kind;

    public long Total { get; private set; }

    public long Missing { get; private set; }

    public IReadOnlyDictionary<string, long> Texts => _texts;

    public bool IsOpenEnded => _texts.Count > MostTexts;

    public bool IsCounter => _rising && Total > 1;

    public bool IsZeroOrOne => kind == ColumnKind.Boolean || (kind == ColumnKind.Numeric && _zeros + _ones == Total - Missing);

    /// <summary>Takes the rows of the next piece.</summary>
    public void Add(Column part)
    {
        if (kind == ColumnKind.Text)
            AddTexts(part.Texts);
        else
            AddNumbers(part.Numbers);
        Total += part.Count;
    }

    public FeatureSide As(FeatureType type)
    {
        if (type == FeatureType.Categorical && kind == ColumnKind.Numeric)
            return new FeatureSide(Total, Missing) { Categories = Levels() };
        if (type is FeatureType.Boolean or FeatureType.Categorical)
            return new FeatureSide(Total, Missing) { Categories = kind == ColumnKind.Text ? _texts : Truths() };
        if (type == FeatureType.Text || kind != ColumnKind.Text)
            return Numbers(kind == ColumnKind.Text ? Total - Missing : _finite, kind == ColumnKind.Text ? _lengths : _sample);
        return Read(type == FeatureType.Time ? ColumnKind.Time : ColumnKind.Numeric);
    }

    private FeatureSide Numbers(long count, Reservoir sample) => new(Total, Total - count) { Sorted = table.Sorted(index, count), Sample = sample.InKeyOrder(), Infinite = _infinite };

    private void AddNumbers(double[] values)
    {
        _rising = _rising && NumberFacts.IsCounter(values, _last);
        for (var i = 0; i < values.Length; i++)
        {
            var value = values[i];
            if (double.IsFinite(value))
            {
                _sample.Add(value, (ulong)(Total + i));
                _finite++;
                _zeros += value == 0 ? 1 : 0;
                _ones += value == 1 ? 1 : 0;
            }
            else if (double.IsNaN(value))
            {
                Missing++;
            }
            else
            {
                _infinite++;
            }
        }

        _last = values.Length == 0 ? _last : values[^1];
    }

    private void AddTexts(string?[] texts)
    {
        for (var i = 0; i < texts.Length; i++)
        {
            if (texts[i] is not { } text)
            {
                Missing++;
                continue;
            }

            _lengths.Add(text.Length, (ulong)(Total + i));
            if (CellText.TryParse(ColumnKind.Numeric, text, out var number) && double.IsFinite(number))
                _sample.Add(number, (ulong)(Total + i));
            if (_texts.Count < MostTexts || _texts.ContainsKey(text))
                _texts[text] = _texts.GetValueOrDefault(text) + 1;
            else
                _texts[More] = _texts.GetValueOrDefault(More) + 1;
        }
    }

    private Dictionary<string, long> Truths() => new Dictionary<string, long>(StringComparer.Ordinal) { ["false"] = _zeros, ["true"] = _ones }.Where(t => t.Value > 0).ToDictionary(StringComparer.Ordinal);

    private Dictionary<string, long> Levels()
    {
        var levels = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var value in table.Sorted(index, _finite))
        {
            var text = value.ToString("R", CultureInfo.InvariantCulture);
            levels[text] = levels.GetValueOrDefault(text) + 1;
        }

        return levels;
    }

    // A column of texts that is mostly numbers: they are few enough to be counted, or it would be free text.
    private FeatureSide Read(ColumnKind wanted)
    {
        var values = new List<double>();
        (long Count, string? Example) unreadable = (0, null);
        foreach (var (text, count) in _texts)
        {
            if (!CellText.TryParse(wanted, text, out var value))
                unreadable = (unreadable.Count + count, unreadable.Example ?? text);
            else if (double.IsFinite(value))
                values.AddRange(Enumerable.Repeat(value, (int)count));
        }

        values.Sort();
        return new FeatureSide(Total, Total - values.Count) { Sorted = [.. values], Sample = _sample.InKeyOrder(), Unreadable = unreadable };
    }
}
