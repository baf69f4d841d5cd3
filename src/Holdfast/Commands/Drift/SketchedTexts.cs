using System.IO.Hashing;
using System.Runtime.InteropServices;
using Holdfast.Statistics.Sketches;
using Holdfast.Storage.Tables;

namespace Holdfast.Commands.Drift;

/// <summary>A stream of texts in bounded memory: the counts of the frequent ones, how many different ones there are, their lengths, and what they are if read as numbers or times.</summary>
internal sealed class SketchedTexts(SketchSizes sizes)
{
    private readonly RepeatSketch _repeats = new(1 << 14);
    private SketchedNumbers? _times;
    private string? _noNumber;
    private string? _noTime;
    private long _numbers;
    private long _timesRead;
    private long _truths;

    /// <summary>Counts: exact while their error is 0.</summary>
    public MisraGries Frequent { get; } = new(sizes.Texts);

    /// <summary>The texts' lengths in characters.</summary>
    public SketchedNumbers Lengths { get; } = new(sizes);

    /// <summary>The texts read as numbers.</summary>
    public SketchedNumbers Numbers { get; } = new(sizes);

    /// <summary>The texts read as times.</summary>
    public SketchedNumbers Times => _times ?? new SketchedNumbers(sizes);

    /// <summary>Different texts, estimated once they are many.</summary>
    public double Distinct => Frequent.Error == 0 ? Frequent.Top(int.MaxValue).Count : _repeats.Distinct;

    /// <summary>Takes the text of a row.</summary>
    public void Add(string text, long row)
    {
        Frequent.Add(text);
        _repeats.Add(XxHash3.HashToUInt64(MemoryMarshal.AsBytes(text.AsSpan())));
        Lengths.Add(text.Length, row);
        if (CellText.TryParse(ColumnKind.Numeric, text, out var value))
        {
            Numbers.Add(value, row);
            _numbers++;
        }
        else
        {
            _noNumber ??= text;
        }

        // A date has a digit and a dash; most texts need not be looked at twice.
        if (text.Length >= 8 && text.Contains('-', StringComparison.Ordinal) && CellText.TryParse(ColumnKind.Time, text, out value))
        {
            (_times ??= new SketchedNumbers(sizes)).Add(value, row);
            _timesRead++;
        }
        else
        {
            _noTime ??= text;
            _truths += CellText.TryParse(ColumnKind.Boolean, text, out _) ? 1 : 0;
        }
    }

    /// <summary>Share of the texts that can be read as a kind, in [0, 1].</summary>
    public double Share(ColumnKind kind) => Frequent.Total == 0 ? 0 : (double)Read(kind) / Frequent.Total;

    /// <summary>Texts that cannot, and one of them.</summary>
    public (long Count, string? Example) Unreadable(ColumnKind kind) => (Frequent.Total - Read(kind), kind == ColumnKind.Time ? _noTime : _noNumber);

    private long Read(ColumnKind kind) => kind switch
    {
        ColumnKind.Numeric => _numbers,
        ColumnKind.Time => _timesRead,
        ColumnKind.Boolean => _truths,
        _ => Frequent.Total,
    };
}
