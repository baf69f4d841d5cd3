using System.Globalization;
using System.Text;
using System.Text.Json;
using Holdfast.Contracts;

namespace Holdfast.Storage.Tables;

/// <summary>
/// JSON lines to columns: one object a line; keys of nested objects are joined by a dot, lists are kept as their text. A column that holds
/// different kinds becomes text; a key that a line lacks is missing there.
/// </summary>
internal sealed class JsonLinesTable
{
    private readonly string _name;
    private readonly List<Cells> _columns = [];
    private readonly Dictionary<string, Cells> _byName = new(StringComparer.Ordinal);
    private int _rows;

    private JsonLinesTable(string path) => _name = Path.GetFileName(path);

    public static Table Read(string path, bool packed, Action<long>? onRead)
    {
        var result = new JsonLinesTable(path);
        result.Scan(path, packed, onRead, long.MaxValue, int.MaxValue, null);
        return result.Take(null);
    }

    /// <summary>
    /// Reads in pieces of <paramref name="rows"/> rows, all with the same columns: those of the whole file. With <paramref name="onRestart"/> one pass is enough where the
    /// first piece has all columns and shows their kinds; else it is called, and all pieces come again.
    /// </summary>
    public static void ReadBatches(string path, bool packed, int rows, Action<Table> onBatch, Action<long>? onRead, Action? onRestart = null)
    {
        var first = new JsonLinesTable(path);
        var kinds = new Dictionary<string, ColumnKind?>(StringComparer.Ordinal);
        var guess = new Dictionary<string, ColumnKind?>(StringComparer.Ordinal);
        var holds = onRestart is not null;
        first.Scan(path, packed, onRead, long.MaxValue, rows, table =>
        {
            foreach (var column in table.Columns)
            {
                ColumnKind? kind = column.MissingCount() == column.Count ? null : column.Kind;
                var had = kinds.GetValueOrDefault(column.Name);
                kinds[column.Name] = had is null ? kind : kind is null || kind == had ? had : ColumnKind.Text;
            }

            if (!holds)
                return;
            foreach (var (name, kind) in guess.Count == 0 ? kinds : [])
                guess[name] = kind;
            holds = table.Columns.Length == guess.Count && table.Columns.All(c => c.Kind == (guess[c.Name] ?? ColumnKind.Numeric));
            if (holds)
                onBatch(table);
        }, onRestart is null ? null : guess);
        if (holds)
            return;
        onRestart?.Invoke();
        var names = first._columns.Select(c => c.Name).ToList();
        var second = new JsonLinesTable(path);
        names.ForEach(n => second.Find(n));
        second.Scan(path, packed, onRead, long.MaxValue, rows, onBatch, kinds);
    }

    /// <summary>Rows of the file, estimated from its first ones, and its columns.</summary>
    public static (long Rows, int Columns) Size(string path, bool packed)
    {
        var sample = new JsonLinesTable(path);
        var bytes = sample.Scan(path, packed, null, 2_000, int.MaxValue, null);
        var total = new FileInfo(path).Length * (packed ? 4L : 1);
        return (sample._rows < 2_000 ? sample._rows : total * sample._rows / Math.Max(1, bytes), sample._columns.Count);
    }

    private long Scan(string path, bool packed, Action<long>? onRead, long limit, int batch, Action<Table>? onBatch, Dictionary<string, ColumnKind?>? kinds = null)
    {
        using var content = TableFile.Open(path, packed, onRead);
        var lines = new LineReader(content);
        long line = 0, bytes = 0;
        while (limit > 0 && lines.Next(out var text))
        {
            line++;
            bytes += text.Length + 1;
            if (line == 1 && text.StartsWith("\uFEFF"u8))
                text = text[3..];
            if (text.TrimEnd("\r \t"u8).IsEmpty)
                continue;
            Parse(text, line);
            limit--;
            if (++_rows == batch && onBatch is not null)
                onBatch(Take(kinds));
        }

        if (_rows > 0 && onBatch is not null)
            onBatch(Take(kinds));
        return bytes;
    }

    private void Parse(ReadOnlySpan<byte> text, long line)
    {
        try
        {
            var reader = new Utf8JsonReader(text, new JsonReaderOptions { MaxDepth = 64 });
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
                throw Broken(line, "an object {…} is expected, one a line");
            Object(ref reader, text, "", 0);
            if (reader.Read())
                throw Broken(line, "something follows the object");
        }
        catch (JsonException e)
        {
            throw Broken(line, $"byte {e.BytePositionInLine}: {e.Message.Split(" LineNumber")[0].ReplaceLineEndings(" ")}");
        }
        catch (InvalidOperationException)
        {
            throw Broken(line, "the bytes are not UTF-8 text");
        }
    }

    private int Object(ref Utf8JsonReader reader, ReadOnlySpan<byte> text, string prefix, int position)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var cells = prefix.Length == 0 && position < _columns.Count && reader.ValueTextEquals(_columns[position].Utf8) ? _columns[position] : null;
            var name = cells is null ? prefix + reader.GetString() : "";
            reader.Read();
            if (reader.TokenType == JsonTokenType.StartObject)
            {
                position = Object(ref reader, text, (cells?.Name ?? name) + ".", position);
                continue;
            }

            cells ??= Find(name);
            position = cells.Position + 1;
            cells.Fill(_rows);
            Value(ref reader, text, cells);
        }

        return position;
    }

    private static void Value(ref Utf8JsonReader reader, ReadOnlySpan<byte> text, Cells cells)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Number:
                cells.Add(ColumnKind.Numeric, reader.GetDouble());
                break;
            case JsonTokenType.True or JsonTokenType.False:
                cells.Add(ColumnKind.Boolean, reader.TokenType == JsonTokenType.True ? 1 : 0);
                break;
            case JsonTokenType.String:
                cells.Add(reader.GetString()!);
                break;
            case JsonTokenType.StartArray:
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                cells.Add(Encoding.UTF8.GetString(text[start..(int)reader.BytesConsumed]));
                break;
        }
    }

    private Cells Find(string name)
    {
        if (_byName.TryGetValue(name, out var cells))
            return cells;
        cells = new Cells(name, _columns.Count);
        _byName[name] = cells;
        _columns.Add(cells);
        return cells;
    }

    private Table Take(Dictionary<string, ColumnKind?>? kinds)
    {
        var columns = _columns.Select(c => c.ToColumn(_rows, kinds?.GetValueOrDefault(c.Name))).ToList();
        _columns.ForEach(c => c.Clear());
        _rows = 0;
        return new Table(columns);
    }

    private HoldfastException Broken(long line, string what) => new(ErrorCode.InvalidArgument, $"{_name}, line {line}: {what}.", "Write one JSON object a line, as UTF-8.");

    private sealed class Cells(string name, int position)
    {
        private readonly List<double> _numbers = [];
        private readonly List<string?> _texts = [];
        private ColumnKind? _kind;

        public string Name => name;

        public byte[] Utf8 { get; } = Encoding.UTF8.GetBytes(name);

        public int Position => position;

        // Missing up to the row; a key that stands twice in a line counts with its last value.
        public void Fill(int rows)
        {
            if (_kind == ColumnKind.Text)
                Pad(_texts, rows, null);
            else
                Pad(_numbers, rows, double.NaN);
        }

        public void Add(ColumnKind kind, double value)
        {
            if (_kind == ColumnKind.Text)
            {
                _texts.Add(Text(kind, value));
                return;
            }

            if (_kind is { } had && had != kind)
            {
                ToTexts();
                _texts.Add(Text(kind, value));
                return;
            }

            _kind = kind;
            _numbers.Add(value);
        }

        public void Add(string text)
        {
            if (_kind != ColumnKind.Text)
                ToTexts();
            _texts.Add(text);
        }

        public void Clear()
        {
            _kind = null;
            _numbers.Clear();
            _texts.Clear();
        }

        public Column ToColumn(int rows, ColumnKind? wanted)
        {
            Fill(rows);
            if (wanted == ColumnKind.Text && _kind != ColumnKind.Text)
                ToTexts();
            if (_kind != ColumnKind.Text)
                return new Column(name, _numbers.ToArray(), _kind ?? (wanted is { } known and not ColumnKind.Text ? known : ColumnKind.Numeric));
            return wanted != ColumnKind.Text && Times() is { } times ? new Column(name, times, ColumnKind.Time) : new Column(name, _texts.ToArray());
        }

        private double[]? Times()
        {
            var times = new double[_texts.Count];
            for (var i = 0; i < times.Length; i++)
            {
                if (_texts[i] is not { } text)
                    times[i] = double.NaN;
                else if (!TimeText.TryParse(text, out times[i]))
                    return null;
            }

            return times;
        }

        private void ToTexts()
        {
            foreach (var number in _numbers)
                _texts.Add(double.IsNaN(number) ? null : Text(_kind ?? ColumnKind.Numeric, number));
            _numbers.Clear();
            _kind = ColumnKind.Text;
        }

        private static string Text(ColumnKind kind, double value) => kind == ColumnKind.Boolean ? value == 0 ? "false" : "true" : value.ToString("R", CultureInfo.InvariantCulture);

        private static void Pad<T>(List<T> list, int rows, T missing)
        {
            if (list.Count > rows)
                list.RemoveRange(rows, list.Count - rows);
            while (list.Count < rows)
                list.Add(missing);
        }
    }

    // Lines of bytes out of one growing buffer.
    private sealed class LineReader(Stream content)
    {
        private byte[] _buffer = new byte[1 << 16];
        private int _start;
        private int _end;

        public bool Next(out ReadOnlySpan<byte> line)
        {
            var searched = _start;
            while (true)
            {
                var at = _buffer.AsSpan(searched, _end - searched).IndexOf((byte)'\n');
                if (at >= 0)
                {
                    line = _buffer.AsSpan(_start, searched + at - _start);
                    _start = searched + at + 1;
                    return true;
                }

                searched = Compact(_end - _start);
                var read = content.Read(_buffer, _end, _buffer.Length - _end);
                if (read > 0)
                {
                    _end += read;
                    continue;
                }

                line = _buffer.AsSpan(_start, _end - _start);
                _start = _end;
                return line.Length > 0;
            }
        }

        private int Compact(int held)
        {
            if (held > _buffer.Length / 2)
                Array.Resize(ref _buffer, 2 * _buffer.Length);
            _buffer.AsSpan(_start, held).CopyTo(_buffer);
            _start = 0;
            _end = held;
            return held;
        }
    }
}
