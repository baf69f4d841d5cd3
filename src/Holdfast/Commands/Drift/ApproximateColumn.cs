using System.Globalization;
using Holdfast.Storage.Tables;

namespace Holdfast.Commands.Drift;

/// <summary>A column of which one pass kept sketches only; its memory does not grow with the rows.</summary>
internal sealed class ApproximateColumn(string name, ColumnKind kind, SketchSizes sizes) : IColumnData
{
    private readonly SketchedNumbers _numbers = new(sizes);
    private readonly SketchedTexts? _texts = kind == ColumnKind.Text ? new SketchedTexts(sizes) : null;
    private IReadOnlyDictionary<string, long>? _frequent;
    private double _last = double.NegativeInfinity;
    private bool _rising = kind == ColumnKind.Numeric;

    public string Name => name;

    public ColumnKind Kind => kind;

    public long Total { get; private set; }

    public long Missing { get; private set; }

    public IReadOnlyDictionary<string, long> Texts => _texts is null ? new Dictionary<string, long>() : _frequent ??= _texts.Frequent.Top(int.MaxValue).ToDictionary(t => t.Category, t => t.Low, StringComparer.Ordinal);

    public long Distinct => _texts is null ? 0 : (long)Math.Round(_texts.Distinct);

    public bool IsOpenEnded => false;

    public bool IsCounter => _rising && Total > 1;

    public bool IsZeroOrOne => kind == ColumnKind.Boolean || (kind == ColumnKind.Numeric && _numbers.Zeros + _numbers.Ones == Total - Missing);

    public double Share(ColumnKind wanted) => _texts is null ? kind == wanted ? 1 : 0 : _texts.Share(wanted);

    /// <summary>Takes the rows of the next piece.</summary>
    public void Add(Column part)
    {
        if (_texts is null)
        {
            _rising = _rising && NumberFacts.IsCounter(part.Numbers, _last);
            for (var i = 0; i < part.Count; i++)
            {
                Missing += double.IsNaN(part.Numbers[i]) ? 1 : 0;
                _numbers.Add(part.Numbers[i], Total + i);
            }

            _last = part.Count == 0 ? _last : part.Numbers[^1];
        }
        else
        {
            for (var i = 0; i < part.Count; i++)
            {
                if (part.Texts[i] is { } text)
                    _texts.Add(text, Total + i);
                else
                    Missing++;
            }
        }

        Total += part.Count;
    }

    public FeatureSide As(FeatureType type) => (type, _texts) switch
    {
        (FeatureType.Boolean or FeatureType.Categorical, { } texts) => OfTexts(texts),
        (FeatureType.Boolean, _) => OfCounts(Truths()),
        (FeatureType.Categorical, _) => OfCounts(kind == ColumnKind.Boolean ? Truths() : Levels()),
        (FeatureType.Text, { } texts) => texts.Lengths.Side(Total),
        (FeatureType.Time, { } texts) => texts.Times.Side(Total) with { Unreadable = texts.Unreadable(ColumnKind.Time) },
        (_, { } texts) => texts.Numbers.Side(Total) with { Unreadable = texts.Unreadable(ColumnKind.Numeric) },
        _ => _numbers.Side(Total),
    };

    private FeatureSide OfTexts(SketchedTexts texts) =>
        OfCounts(Texts) with { Frequent = texts.Frequent.Error == 0 ? null : texts.Frequent, Distinct = texts.Distinct };

    private FeatureSide OfCounts(IReadOnlyDictionary<string, long> counts) => new(Total, Missing) { Categories = counts };

    private Dictionary<string, long> Truths() => new Dictionary<string, long>(StringComparer.Ordinal) { ["false"] = _numbers.Zeros, ["true"] = _numbers.Ones }.Where(t => t.Value > 0).ToDictionary(StringComparer.Ordinal);

    // Codes written as numbers are few; of a column with more different values this says only that they are many.
    private Dictionary<string, long> Levels() =>
        (_numbers.Counts ?? Enumerable.Range(0, 100).ToDictionary(i => (double)i, _ => 1L)).ToDictionary(c => c.Key.ToString("R", CultureInfo.InvariantCulture), c => c.Value, StringComparer.Ordinal);
}
