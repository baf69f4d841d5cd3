using System.Globalization;
using Holdfast.Statistics.Multivariate;
using Holdfast.Statistics.Quality;

namespace Holdfast.Statistics.Tests.Quality.Matrix;

/// <summary>A table of a few thousand rows: numbers (NaN = missing) and texts (null = missing).</summary>
internal sealed class Frame
{
    public Dictionary<string, double[]> Numbers { get; } = [];

    public Dictionary<string, string?[]> Texts { get; } = [];

    public int Rows => Numbers.Count > 0 ? Numbers.First().Value.Length : Texts.First().Value.Length;

    /// <summary>A CSV file without quotes: a column is numeric if all its cells are.</summary>
    public static Frame Read(string path, int from = 0, int count = int.MaxValue)
    {
        var lines = File.ReadLines(path).Take(1).Concat(File.ReadLines(path).Skip(1 + from).Take(count)).Select(l => l.Split(',')).ToArray();
        var frame = new Frame();
        for (var c = 0; c < lines[0].Length; c++)
        {
            string[] cells = [.. lines.Skip(1).Select(l => l[c])];
            var numbers = new double[cells.Length];
            var numeric = true;
            for (var i = 0; i < cells.Length && numeric; i++)
            {
                if (cells[i].Length == 0) numbers[i] = double.NaN;
                else numeric = double.TryParse(cells[i], CultureInfo.InvariantCulture, out numbers[i]);
            }
            if (numeric) frame.Numbers[lines[0][c]] = numbers;
            else frame.Texts[lines[0][c]] = [.. cells.Select(x => x.Length == 0 ? null : x)];
        }
        return frame;
    }

    /// <summary>The given rows, in that order, repetitions allowed.</summary>
    public Frame Take(IReadOnlyList<int> rows)
    {
        var frame = new Frame();
        foreach (var (name, values) in Numbers) frame.Numbers[name] = [.. rows.Select(i => values[i])];
        foreach (var (name, values) in Texts) frame.Texts[name] = [.. rows.Select(i => values[i])];
        return frame;
    }

    public Frame Where(Func<int, bool> keep) => Take([.. Enumerable.Range(0, Rows).Where(keep)]);

    public Frame Append(Frame other)
    {
        var frame = new Frame();
        foreach (var (name, values) in Numbers) frame.Numbers[name] = [.. values, .. other.Numbers[name]];
        foreach (var (name, values) in Texts) frame.Texts[name] = [.. values, .. other.Texts[name]];
        return frame;
    }

    /// <summary>A copy with one numeric column replaced.</summary>
    public Frame With(string column, double[] values)
    {
        var frame = Take([.. Enumerable.Range(0, Rows)]);
        frame.Numbers[column] = values;
        return frame;
    }

    /// <summary>A copy with one text column replaced.</summary>
    public Frame With(string column, string?[] values)
    {
        var frame = Take([.. Enumerable.Range(0, Rows)]);
        frame.Texts[column] = values;
        return frame;
    }

    /// <summary>A numeric code column as words, as an exporter would write it.</summary>
    public Frame Named(string column, params string[] words)
    {
        var codes = Numbers[column];
        Numbers.Remove(column);
        Texts[column] = [.. codes.Select(c => double.IsNaN(c) ? null : c >= 0 && c < words.Length ? words[(int)c] : "Other")];
        return this;
    }

    /// <summary>Two random halves.</summary>
    public (Frame Reference, Frame Current) Halves(Draw draw)
    {
        var rows = draw.Shuffled(Rows);
        return (Take(rows[..(Rows / 2)]), Take(rows[(Rows / 2)..]));
    }

    // Every k-th row: as many as are of use.
    private static List<FeatureColumn> Sampled(Frame frame)
    {
        var some = frame.Rows <= JointRows.UsefulRows ? frame : frame.Take([.. Enumerable.Range(0, JointRows.UsefulRows).Select(i => (int)((long)i * frame.Rows / JointRows.UsefulRows))]);
        return [.. some.Numbers.Select(c => FeatureColumn.Numeric(c.Key, c.Value)), .. some.Texts.Select(c => FeatureColumn.Categorical(c.Key, c.Value))];
    }

    private IEnumerable<ulong> Hashes()
    {
        for (var i = 0; i < Rows; i++)
        {
            var hash = new HashCode();
            foreach (var (_, values) in Numbers) hash.Add(values[i]);
            foreach (var (_, values) in Texts) hash.Add(values[i]);
            yield return (ulong)hash.ToHashCode();
        }
    }

    /// <summary>All that the diagnosis is told about two tables.</summary>
    public static DiagnosisInput Evidence(Frame reference, Frame current)
    {
        var level = 1 - 0.05 / (reference.Numbers.Count + reference.Texts.Count);
        return new DiagnosisInput(
        [
            .. reference.Numbers.Select(c => FeatureEvidence.OfNumbers(c.Key, c.Value, current.Numbers[c.Key], level)),
            .. reference.Texts.Select(c => FeatureEvidence.OfCategories(c.Key, c.Value, current.Texts[c.Key], level)),
        ])
        {
            Rows = new JointRows(Sampled(reference), Sampled(current)),
            ReferenceRows = reference.Rows,
            ReferenceDuplicates = DuplicateRows.Count([.. reference.Hashes()]),
            CurrentRows = current.Rows,
            CurrentDuplicates = DuplicateRows.Count([.. current.Hashes()]),
        };
    }
}
