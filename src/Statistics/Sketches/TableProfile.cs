using System.Globalization;
using Holdfast.Statistics.Distances;

namespace Holdfast.Statistics.Sketches;

/// <summary>One value of a row: a number, a text, or nothing.</summary>
public readonly struct Cell : IEquatable<Cell>
{
    private Cell(double number, string? text)
    {
        Number = number;
        Text = text;
    }

    /// <summary>No value.</summary>
    public static Cell Missing => new(double.NaN, null);

    /// <summary>The number; NaN if it is a text or missing.</summary>
    public double Number { get; }

    /// <summary>The text; null if it is a number or missing.</summary>
    public string? Text { get; }

    /// <summary>A number; NaN and infinities count as missing.</summary>
    public static implicit operator Cell(double number) => new(number, null);

    /// <summary>A text; null counts as missing.</summary>
    public static implicit operator Cell(string? text) => new(double.NaN, text);

    /// <inheritdoc cref="op_Implicit(double)"/>
    public static Cell FromDouble(double number) => number;

    /// <inheritdoc cref="op_Implicit(string)"/>
    public static Cell FromString(string? text) => text;

    /// <inheritdoc/>
    public bool Equals(Cell other) => Number.Equals(other.Number) && Text == other.Text;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Cell other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Number, Text);

    /// <summary>Whether both are the same value.</summary>
    public static bool operator ==(Cell left, Cell right) => left.Equals(right);

    /// <summary>Whether they differ.</summary>
    public static bool operator !=(Cell left, Cell right) => !left.Equals(right);
}

/// <summary>
/// What is kept of a window (or a reference) over several features: for each column the exact counts in its bins, missing values and moments, and one
/// uniform sample of whole rows, so that what the columns do together can be asked later. Time, score and the like are columns as others are.
/// Columns may be added at any time: rows before lack them. Windows merge into what one longer window would have held, in any order (moments: up to
/// rounding; order of columns: as met first). Keys must be unique over all that is merged. Not safe for concurrent writers.
/// </summary>
public sealed class TableProfile
{
    private const byte Version = 1;

    private readonly List<Column> _columns = [];
    private readonly Dictionary<string, int> _index = new(StringComparer.Ordinal);
    private RowReservoir _sample;
    private double[] _row = [];

    /// <summary>A profile without columns.</summary>
    /// <param name="seed">Seed of the sample; profiles to be merged need the same one. Default 0.</param>
    /// <param name="sampleRows">Rows kept. Default 2,000.</param>
    public TableProfile(ulong seed = 0, int sampleRows = RowReservoir.DefaultCapacity) => _sample = new RowReservoir(0, sampleRows, seed);

    /// <summary>Rows seen, sampled or not.</summary>
    public long Rows { get; private set; }

    /// <summary>Rows in the sample.</summary>
    public int Sampled => _sample.Count;

    /// <summary>Number of columns.</summary>
    public int Width => _columns.Count;

    /// <summary>Names of the columns in their order.</summary>
    public IEnumerable<string> Names => _columns.Select(c => c.Name);

    /// <summary>The place of a column; -1 if there is none of this name.</summary>
    public int IndexOf(string name) => _index.GetValueOrDefault(name, -1);

    /// <summary>Adds a column of numbers and returns its place. Without <paramref name="bins"/> it has one bin for all.</summary>
    public int AddNumbers(string name, ReferenceBins? bins = null)
    {
        if (bins is { IsCategorical: true }) throw new ArgumentException($"Column '{name}' has numbers and its bins hold categories.", nameof(bins));
        return AddColumn(name, bins ?? ReferenceBins.FromNumeric([]));
    }

    /// <summary>Adds a column of categories and returns its place. Without <paramref name="bins"/> all fall into "other", and the counts are in <see cref="FeatureProfile.Categories"/>.</summary>
    public int AddTexts(string name, ReferenceBins? bins = null)
    {
        if (bins is { IsCategorical: false }) throw new ArgumentException($"Column '{name}' has categories and its bins hold numbers.", nameof(bins));
        return AddColumn(name, bins ?? ReferenceBins.FromCategories(new Dictionary<string, long>()));
    }

    /// <summary>Counts, missing values and moments of a column over all rows that came after it was added. It keeps no sample of its own.</summary>
    public FeatureProfile Profile(int column) => _columns[column].Profile;

    /// <summary>Texts met in a column of numbers that are no numbers; they count as missing too.</summary>
    public long Unparsed(int column) => _columns[column].Unparsed;

    /// <summary>Rows without a value in a column, over all rows; those before the column was added lack it.</summary>
    public long Missing(int column) => Rows - (_columns[column].Profile.Total - _columns[column].Profile.Missing);

    /// <summary>Share of rows without a value, in [0, 1]; 0 without rows.</summary>
    public double MissingShare(int column) => Rows == 0 ? 0 : (double)Missing(column) / Rows;

    /// <summary>
    /// Adds a row under a key unique in the whole stream, such as its log position. Columns beyond the given cells are missing. In a column of numbers a
    /// text is read as a number if it is one; in a column of categories a number is taken as its text.
    /// </summary>
    public void Add(ReadOnlySpan<Cell> row, ulong key)
    {
        if (row.Length > Width) throw new ArgumentException($"The row has {row.Length} values for {Width} columns.", nameof(row));
        Rows++;
        var wanted = _sample.Wants(key);
        for (var i = 0; i < _columns.Count; i++)
        {
            var cell = i < row.Length ? row[i] : Cell.Missing;
            var column = _columns[i];
            if (column.IsText)
            {
                var text = cell.Text ?? (double.IsFinite(cell.Number) ? cell.Number.ToString(CultureInfo.InvariantCulture) : null);
                column.Profile.Add(text);
                if (wanted) _row[i] = text is null ? double.NaN : Code(i, text);
            }
            else
            {
                var number = column.NumberOf(cell);
                column.Profile.Add(number, key);
                _row[i] = double.IsFinite(number) ? number : double.NaN;
            }
        }
        if (wanted) _sample.Add(_row, key);
    }

    /// <summary>Adds rows given column by column, under consecutive keys: for files. All columns must be of numbers, one array for each, of one length.</summary>
    public void Add(IReadOnlyList<double[]> columns, ulong firstKey)
    {
        ArgumentNullException.ThrowIfNull(columns);
        if (columns.Count != Width) throw new ArgumentException($"{columns.Count} arrays for {Width} columns.", nameof(columns));
        for (var i = 0; i < Width; i++)
        {
            if (_columns[i].IsText) throw new ArgumentException($"Column '{_columns[i].Name}' has categories; blocks are of numbers.", nameof(columns));
            if (columns[i].Length != columns[0].Length) throw new ArgumentException($"Column '{_columns[i].Name}' has {columns[i].Length} rows, the first {columns[0].Length}.", nameof(columns));
        }
        if (Width == 0) return;
        for (var i = 0; i < Width; i++) _columns[i].Profile.Add(columns[i], firstKey);
        Rows += columns[0].Length;
        for (var r = 0; r < columns[0].Length; r++)
        {
            if (!_sample.Wants(firstKey + (ulong)r)) continue;
            for (var i = 0; i < Width; i++) _row[i] = double.IsFinite(columns[i][r]) ? columns[i][r] : double.NaN;
            _sample.Add(_row, firstKey + (ulong)r);
        }
    }

    /// <summary>Takes over another profile of the same seed, column by column of the same name; bins of a shared column must agree.</summary>
    public void Merge(TableProfile other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (ReferenceEquals(other, this)) throw new ArgumentException("A profile cannot be merged into itself.", nameof(other));
        if (other._sample.Seed != _sample.Seed) throw new ArgumentException("Profiles with different seeds cannot be merged.", nameof(other));
        foreach (var column in other._columns)
        {
            var bins = column.Profile.Bins;
            if (IndexOf(column.Name) is var own and >= 0 && !_columns[own].Profile.Bins.SameBinsAs(bins))
                throw new ArgumentException($"Column '{column.Name}' has other bins there: both must be counted against the same reference.", nameof(other));
        }
        var map = new int[other.Width];
        for (var i = 0; i < map.Length; i++)
        {
            var column = other._columns[i];
            map[i] = IndexOf(column.Name) is var own and >= 0 ? own : AddColumn(column.Name, column.Profile.Bins);
            _columns[map[i]].Profile.Merge(column.Profile);
            _columns[map[i]].Unparsed += column.Unparsed;
        }
        Rows += other.Rows;
        foreach (var (key, cells) in other._sample.ByRank())
        {
            if (!_sample.Wants(key)) continue;
            Array.Fill(_row, double.NaN);
            for (var i = 0; i < map.Length; i++)
                _row[map[i]] = other._columns[i].IsText && !double.IsNaN(cells[i]) ? Code(map[i], other._columns[i].Texts[(int)cells[i]]) : cells[i];
            _sample.Add(_row, key);
        }
    }

    /// <summary>Keys of the sampled rows, ascending.</summary>
    public ulong[] SampledKeys() => _sample.Keys();

    /// <summary>A column of the sampled rows as numbers, by key; missing values and categories that are no numbers are NaN.</summary>
    public double[] Numbers(int column)
    {
        var cells = _sample.Column(column);
        if (_columns[column] is { IsText: true } texts) return Array.ConvertAll(cells, c => double.IsNaN(c) ? c : Parsed(texts.Texts[(int)c]));
        return cells;
    }

    /// <summary>A column of the sampled rows as categories, by key; missing values are null.</summary>
    public string?[] Texts(int column)
    {
        var texts = _columns[column].IsText ? _columns[column].Texts : null;
        return Array.ConvertAll(_sample.Column(column), c => double.IsNaN(c) ? null : texts is null ? c.ToString(CultureInfo.InvariantCulture) : texts[(int)c]);
    }

    /// <summary>The profile as bytes: a version byte, little-endian fields, a checksum. Equal profiles give equal bytes.</summary>
    public byte[] ToBytes()
    {
        var rows = _sample.ByRank().ToList();
        var writer = new SketchWriter(Version);
        writer.UInt64(_sample.Seed);
        writer.Int32(_sample.Capacity);
        writer.Int64(Rows);
        writer.Int32(Width);
        for (var i = 0; i < Width; i++)
        {
            writer.Text(_columns[i].Name);
            writer.Int64(_columns[i].Unparsed);
            _columns[i].Profile.Write(writer);
            if (_columns[i].IsText) WriteTexts(writer, _columns[i], rows, i);
        }
        writer.Int32(rows.Count);
        foreach (var (key, cells) in rows)
        {
            writer.UInt64(key);
            writer.Doubles(cells);
        }
        return writer.Finish();
    }

    /// <summary>The profile stored by <see cref="ToBytes"/>. Throws <see cref="FormatException"/> for another version or damaged bytes.</summary>
    public static TableProfile FromBytes(ReadOnlySpan<byte> bytes)
    {
        var reader = new SketchReader(bytes, "table profile", Version);
        var seed = reader.UInt64();
        var capacity = reader.Int32();
        reader.Require(capacity >= 0, "the size of the sample is negative");
        var result = new TableProfile(seed, capacity) { Rows = reader.Count() };
        for (var left = reader.Length(1); left > 0; left--) result.ReadColumn(ref reader);
        result._sample = new RowReservoir(result.Width, capacity, seed);
        var count = reader.Length(8 + 8 * result.Width);
        reader.Require(count <= capacity, "the sample is larger than its size");
        for (; count > 0; count--)
        {
            var key = reader.UInt64();
            reader.Doubles(result._row);
            for (var i = 0; i < result.Width; i++)
                reader.Require(!result._columns[i].IsText || double.IsNaN(result._row[i]) || (result._row[i] >= 0 && result._row[i] < result._columns[i].Texts.Count), "a category is out of range");
            result._sample.Add(result._row, key);
        }
        reader.End();
        return result;
    }

    private void ReadColumn(ref SketchReader reader)
    {
        var name = reader.Text();
        reader.Require(!_index.ContainsKey(name), "a column comes twice");
        var unparsed = reader.Count();
        var column = new Column(name, FeatureProfile.Read(ref reader)) { Unparsed = unparsed };
        if (column.IsText)
        {
            for (var left = reader.Length(1); left > 0; left--) column.Code(reader.Text());
        }
        _index[name] = _columns.Count;
        _columns.Add(column);
        _row = new double[_columns.Count];
    }

    // In the order in which the rows, by rank, use them: codes given in another order of arrival are no difference.
    private static void WriteTexts(SketchWriter writer, Column column, List<(ulong Key, double[] Row)> rows, int index)
    {
        var codes = new Dictionary<int, int>();
        var texts = new List<string>();
        foreach (var (_, cells) in rows)
        {
            if (double.IsNaN(cells[index])) continue;
            var code = (int)cells[index];
            if (codes.TryAdd(code, texts.Count)) texts.Add(column.Texts[code]);
            cells[index] = codes[code];
        }
        writer.Int32(texts.Count);
        foreach (var text in texts) writer.Text(text);
    }

    private int AddColumn(string name, ReferenceBins bins)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (_index.ContainsKey(name)) throw new ArgumentException($"There is a column '{name}' already.", nameof(name));
        _index[name] = _columns.Count;
        _columns.Add(new Column(name, new FeatureProfile(bins, _sample.Seed, sampleSize: 0)));
        _sample.Widen(Width);
        _row = new double[Width];
        return Width - 1;
    }

    // Rows that left the sample leave their texts behind; those are forgotten before they outnumber what the sample can hold.
    private double Code(int index, string text)
    {
        var column = _columns[index];
        if (column.Texts.Count > 2 * (long)_sample.Capacity)
        {
            var old = column.Forget();
            _sample.Recode(index, cell => double.IsNaN(cell) ? cell : column.Code(old[(int)cell]));
        }
        return column.Code(text);
    }

    private static double Parsed(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : double.NaN;

    private sealed class Column(string name, FeatureProfile profile)
    {
        private readonly Dictionary<string, int> _codes = new(StringComparer.Ordinal);

        public string Name { get; } = name;

        public FeatureProfile Profile { get; } = profile;

        public bool IsText => Profile.Bins.IsCategorical;

        public long Unparsed { get; set; }

        /// <summary>Texts of sampled rows by code.</summary>
        public List<string> Texts { get; private set; } = [];

        public int Code(string text)
        {
            if (_codes.TryGetValue(text, out var code)) return code;
            Texts.Add(text);
            return _codes[text] = Texts.Count - 1;
        }

        public List<string> Forget()
        {
            var old = Texts;
            Texts = [];
            _codes.Clear();
            return old;
        }

        public double NumberOf(Cell cell)
        {
            if (cell.Text is null) return cell.Number;
            var number = Parsed(cell.Text);
            if (double.IsNaN(number)) Unparsed++;
            return number;
        }
    }
}
