using System.Globalization;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using Holdfast.Predictions;

namespace Holdfast.Monitoring;

/// <summary>One sampled prediction: when, its inputs in the order of the window's columns, and the primary's score (NaN when another variant answered).</summary>
internal sealed record SampledRow(ulong Rank, DateTimeOffset At, double[] Cells, double Score)
{
    public double Cell(int column) => column < Cells.Length ? Cells[column] : double.NaN;
}

/// <summary>
/// The inputs of a window of event time in bounded memory: exact counts of rows and of missing values, and a uniform sample of whole
/// rows (bottom-k by a hash of the row's place), so that two windows merge into what one longer window would have held, in any
/// order. Rows stay joint and timed: a change point, a scale factor and "the other features did not move" can all be read off them.
/// </summary>
internal sealed class WindowRows(DateTimeOffset start, DateTimeOffset end)
{
    /// <summary>Rows kept. 2,000 resolve a PSI of 0.02 and a KS distance of 0.04.</summary>
    public const int Capacity = 2000;

    private const byte Version = 1;
    private const int MostCategories = 5000;
    private const string More = "(more)";
    private static readonly Comparer<ulong> Descending = Comparer<ulong>.Create((a, b) => b.CompareTo(a));

    private readonly List<Column> _columns = [];
    private readonly Dictionary<string, int> _index = new(StringComparer.Ordinal);
    private readonly PriorityQueue<SampledRow, ulong> _heap = new(Descending);

    public DateTimeOffset Start { get; } = start;

    public DateTimeOffset End { get; } = end;

    /// <summary>Rows seen, sampled or not.</summary>
    public long Total { get; private set; }

    public int Sampled => _heap.Count;

    public IEnumerable<string> Features => _columns.Select(c => c.Name);

    public void Add(PredictionEntry entry, bool scored)
    {
        Total++;
        foreach (var value in entry.Features)
        {
            var column = ColumnOf(value.Name);
            _columns[column].Present += value.IsMissing ? 0 : 1;
            if (value.Text is not null)
                BecomeText(column);
        }

        // By place in the log, not by id: a replay takes the same sample.
        var rank = XxHash3.HashToUInt64(MemoryMarshal.AsBytes<long>([Start.ToUnixTimeMilliseconds(), Total]));
        if (_heap.Count == Capacity && rank >= _heap.Peek().Rank)
            return;
        var cells = new double[_columns.Count];
        Array.Fill(cells, double.NaN);
        foreach (var value in entry.Features)
        {
            var column = _index[value.Name];
            cells[column] = value.Text is null ? _columns[column].OfNumber(value.Number) : _columns[column].Code(value.Text);
        }

        Offer(new SampledRow(rank, entry.At, cells, scored ? entry.Score : double.NaN));
    }

    /// <summary>Takes over another window's rows.</summary>
    public void Merge(WindowRows other)
    {
        var map = new int[other._columns.Count];
        for (var i = 0; i < map.Length; i++)
        {
            map[i] = ColumnOf(other._columns[i].Name);
            _columns[map[i]].Present += other._columns[i].Present;
            if (other._columns[i].Codes is not null)
                BecomeText(map[i]);
        }

        Total += other.Total;
        foreach (var (row, rank) in other._heap.UnorderedItems)
        {
            if (_heap.Count == Capacity && rank >= _heap.Peek().Rank)
                continue;
            var cells = new double[_columns.Count];
            Array.Fill(cells, double.NaN);
            for (var i = 0; i < row.Cells.Length; i++)
            {
                if (other._columns[i].Codes is { } codes && !double.IsNaN(row.Cells[i]))
                    cells[map[i]] = _columns[map[i]].Code(codes[(int)row.Cells[i]]);
                else
                    cells[map[i]] = _columns[map[i]].OfNumber(row.Cells[i]);
            }

            Offer(row with { Cells = cells });
        }
    }

    /// <summary>The sample in order of event time.</summary>
    public SampledRow[] ByTime(DateTimeOffset? from = null) =>
        [.. _heap.UnorderedItems.Select(i => i.Element).Where(r => from is null || r.At >= from).OrderBy(r => r.At).ThenBy(r => r.Rank)];

    /// <summary>Share of rows without a value, over all rows; rows that did not name the feature lack it.</summary>
    public double MissingShare(string feature) =>
        Total == 0 ? 0 : !_index.TryGetValue(feature, out var column) ? 1 : (double)(Total - _columns[column].Present) / Total;

    /// <summary>A feature of the given rows as numbers; text that is no number is missing.</summary>
    public double[] Numbers(string feature, IReadOnlyList<SampledRow> rows)
    {
        var result = new double[rows.Count];
        if (!_index.TryGetValue(feature, out var index))
        {
            Array.Fill(result, double.NaN);
            return result;
        }

        var codes = _columns[index].Codes;
        for (var i = 0; i < result.Length; i++)
        {
            var cell = rows[i].Cell(index);
            result[i] = codes is null || double.IsNaN(cell) ? cell
                : double.TryParse(codes[(int)cell], NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : double.NaN;
        }

        return result;
    }

    /// <summary>A feature of the given rows as categories.</summary>
    public string?[] Texts(string feature, IReadOnlyList<SampledRow> rows)
    {
        var result = new string?[rows.Count];
        if (!_index.TryGetValue(feature, out var index))
            return result;
        var codes = _columns[index].Codes;
        for (var i = 0; i < result.Length; i++)
        {
            var cell = rows[i].Cell(index);
            result[i] = double.IsNaN(cell) ? null : codes is null ? cell.ToString(CultureInfo.InvariantCulture) : codes[(int)cell];
        }

        return result;
    }

    public byte[] ToBytes()
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write(Version);
        writer.Write(Start.ToUnixTimeMilliseconds());
        writer.Write(End.ToUnixTimeMilliseconds());
        writer.Write(Total);
        writer.Write(_columns.Count);
        foreach (var column in _columns)
        {
            writer.Write(column.Name);
            writer.Write(column.Present);
            writer.Write(column.Codes?.Count ?? -1);
            foreach (var code in column.Codes ?? [])
                writer.Write(code);
        }

        writer.Write(_heap.Count);
        foreach (var (row, rank) in _heap.UnorderedItems.OrderBy(i => i.Priority))
        {
            writer.Write(rank);
            writer.Write(row.At.ToUnixTimeMilliseconds());
            writer.Write(row.Score);
            for (var i = 0; i < _columns.Count; i++)
                writer.Write(row.Cell(i));
        }

        writer.Flush();
        return stream.ToArray();
    }

    public static WindowRows FromBytes(byte[] bytes)
    {
        using var reader = new BinaryReader(new MemoryStream(bytes, writable: false));
        if (reader.ReadByte() is var version && version != Version)
            throw new FormatException($"A window of version {version} cannot be read; this release reads version {Version}.");
        var window = new WindowRows(Moment(reader), Moment(reader)) { Total = reader.ReadInt64() };
        for (var left = reader.ReadInt32(); left > 0; left--)
        {
            var column = window._columns[window.ColumnOf(reader.ReadString())];
            column.Present = reader.ReadInt64();
            for (var codes = reader.ReadInt32(); codes >= 0; codes--)
            {
                if (codes == 0)
                    column.Codes ??= [];
                else
                    column.Code(reader.ReadString());
            }
        }

        for (var left = reader.ReadInt32(); left > 0; left--)
        {
            var rank = reader.ReadUInt64();
            var at = Moment(reader);
            var score = reader.ReadDouble();
            var cells = new double[window._columns.Count];
            for (var i = 0; i < cells.Length; i++)
                cells[i] = reader.ReadDouble();
            window.Offer(new SampledRow(rank, at, cells, score));
        }

        return window;
    }

    private static DateTimeOffset Moment(BinaryReader reader) => DateTimeOffset.FromUnixTimeMilliseconds(reader.ReadInt64());

    private int ColumnOf(string name)
    {
        if (_index.TryGetValue(name, out var index))
            return index;
        _columns.Add(new Column(name));
        return _index[name] = _columns.Count - 1;
    }

    // From the first text on, a column's cells are codes: the numbers that it held so far become their texts.
    private void BecomeText(int column)
    {
        if (_columns[column].Codes is not null)
            return;
        _columns[column].Codes = [];
        foreach (var (row, _) in _heap.UnorderedItems)
        {
            if (column < row.Cells.Length)
                row.Cells[column] = _columns[column].OfNumber(row.Cells[column]);
        }
    }

    private void Offer(SampledRow row)
    {
        if (_heap.Count < Capacity)
            _heap.Enqueue(row, row.Rank);
        else if (row.Rank < _heap.Peek().Rank)
            _heap.EnqueueDequeue(row, row.Rank);
    }

    private sealed class Column(string name)
    {
        private Dictionary<string, int>? _code;

        public string Name { get; } = name;

        public long Present { get; set; }

        /// <summary>Categories by code; null while only numbers were seen.</summary>
        public List<string>? Codes { get; set; }

        public double Code(string text)
        {
            Codes ??= [];
            _code ??= Codes.Select((t, i) => (t, i)).ToDictionary(x => x.t, x => x.i, StringComparer.Ordinal);
            if (_code.TryGetValue(text, out var code))
                return code;
            if (Codes.Count >= MostCategories && text != More)
                return Code(More);
            Codes.Add(text);
            return _code[text] = Codes.Count - 1;
        }

        // A column of categories takes a stray number as its text, so that a cell has one meaning.
        public double OfNumber(double number) =>
            Codes is null || double.IsNaN(number) ? number : Code(number.ToString(CultureInfo.InvariantCulture));
    }
}
