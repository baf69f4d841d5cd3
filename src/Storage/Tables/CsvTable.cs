using System.Text;
using Holdfast.Contracts;
using Sylvan.Data.Csv;

namespace Holdfast.Storage.Tables;

/// <summary>
/// CSV to columns. The kind of a column is guessed from the first rows; a later value that does not fit makes the column text,
/// and the file is read a second time. So the memory is that of the result, never that of all cells as text.
/// </summary>
internal sealed class CsvTable
{
    private const int SampleRows = 2_000;
    private const int PooledTexts = 4_096;
    private const long CountedBytes = 256 << 20;

    private readonly string _path;
    private readonly string _name;
    private readonly bool _packed;
    private readonly Action<long>? _onRead;

    private CsvTable(string path, bool packed, Action<long>? onRead)
    {
        _path = path;
        _name = Path.GetFileName(path);
        _packed = packed;
        _onRead = onRead;
    }

    public static Table Read(string path, bool packed, IReadOnlyDictionary<string, ColumnKind>? known, Action<long>? onRead)
    {
        var csv = new CsvTable(path, packed, onRead);
        var (names, kinds, sampled, characters) = csv.Sample(known);
        if (!packed && Plain(path, names, kinds, onRead) is { } plain)
            return plain;
        return csv.General(names, kinds, csv.Expected(sampled, characters));
    }

    /// <summary>Reads what <see cref="PlainCsv"/> cannot, on one core.</summary>
    private Table General(string[] names, ColumnKind[] kinds, long rows)
    {
        Cells[] cells = [.. names.Select((n, i) => new Cells(i + 1, n, kinds[i], rows))];
        Fill(cells, int.MaxValue, null);
        if (cells.Any(c => c.Misfit))
        {
            cells = [.. cells.Select((c, i) => new Cells(i + 1, c.Name, c.Misfit ? ColumnKind.Text : c.Kind, c.Count))];
            Fill(cells, int.MaxValue, null);
        }

        return Table(cells);
    }

    private static Table? Plain(string path, string[] names, ColumnKind[] kinds, Action<long>? onRead)
    {
        using var plain = PlainCsv.Open(path, names, half => onRead?.Invoke(half / 2));
        if (plain is null || plain.Rows > Array.MaxLength)
            return null;
        while (true)
        {
            PlainCsv.Target[] columns = [.. kinds.Select(k => new PlainCsv.Target(k, (int)plain.Rows))];
            var odd = false;
            Parallel.For(0, plain.Blocks, (block, state) =>
            {
                if (plain.Read(block, columns, (int)plain.FirstRow(block), half => onRead?.Invoke(half / 2)))
                    return;
                odd = true;
                state.Stop();
            });
            if (odd)
                return null;
            if (!columns.Any(c => c.Misfit))
                return new Table([.. columns.Select((c, i) => c.ToColumn(names[i]))]);
            kinds = [.. columns.Select(c => c.Misfit ? ColumnKind.Text : c.Kind)];
        }
    }

    /// <summary>
    /// Reads in pieces of <paramref name="rows"/> rows, for files that are larger than the memory; the kinds are those of the whole file; without rows there is one empty piece. With
    /// <paramref name="onRestart"/> one pass is enough where the first rows told the kinds; else it is called, and all pieces come again.
    /// </summary>
    public static void ReadBatches(string path, bool packed, int rows, Action<Table> onBatch, Action<long>? onRead, Action? onRestart = null)
    {
        var csv = new CsvTable(path, packed, onRead);
        var (names, kinds, _, _) = csv.Sample(null);
        if (!packed && onRestart is null && PlainBatches(path, names, kinds, rows, onBatch, onRead))
            return;
        Cells[] cells = [.. names.Select((n, i) => new Cells(i + 1, n, kinds[i], rows))];
        var pieces = 0;
        csv.Fill(cells, rows, () =>
        {
            pieces++;
            if (onRestart is not null && !cells.Any(c => c.Misfit))
                onBatch(Table(cells));
            Array.ForEach(cells, c => c.Clear());
        });
        if (pieces == 0)
            onBatch(Table(cells));
        if (pieces == 0 || (onRestart is not null && !cells.Any(c => c.Misfit)))
            return;
        onRestart?.Invoke();
        cells = [.. cells.Select((c, i) => new Cells(i + 1, c.Name, c.Misfit ? ColumnKind.Text : c.Kind, rows))];
        csv.Fill(cells, rows, () =>
        {
            onBatch(Table(cells));
            Array.ForEach(cells, c => c.Clear());
        });
    }

    // Both passes: the first finds the kinds and whether all of the file is plain, the second hands the rows out.
    private static bool PlainBatches(string path, string[] names, ColumnKind[] kinds, int rows, Action<Table> onBatch, Action<long>? onRead)
    {
        using var plain = PlainCsv.Open(path, names, third => onRead?.Invoke(third / 3));
        if (plain is null)
            return false;
        var odd = false;
        var misfits = new bool[names.Length];
        Parallel.For(0, plain.Blocks, () => new PlainCsv.Scratch(kinds), (block, state, scratch) =>
        {
            odd |= !plain.Read(block, scratch.For(plain.RowsOf(block)), 0, third => onRead?.Invoke(third / 3));
            if (odd)
                state.Stop();
            return scratch;
        }, scratch =>
        {
            for (var i = 0; i < misfits.Length; i++)
                misfits[i] |= scratch.Misfit(i);
        });
        if (odd)
            return false;
        kinds = [.. kinds.Select((k, i) => misfits[i] ? ColumnKind.Text : k)];
        var pieces = new Pieces(names, kinds, rows, onBatch);
        var ahead = Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new PlainCsv.Scratch(kinds)).ToArray();
        for (var block = 0; block < plain.Blocks; block += ahead.Length)
        {
            var count = Math.Min(ahead.Length, plain.Blocks - block);
            Parallel.For(0, count, i =>
            {
                if (!plain.Read(block + i, ahead[i].For(plain.RowsOf(block + i)), 0, third => onRead?.Invoke(third / 3)))
                    throw new IOException($"{Path.GetFileName(path)} changed while it was read.");
            });
            for (var i = 0; i < count; i++)
                pieces.Add(ahead[i].For(0), plain.RowsOf(block + i));
        }

        pieces.End();
        return true;
    }

    /// <summary>Rows of the file (estimated if it is packed or long), and its columns.</summary>
    public static (long Rows, int Columns) Size(string path, bool packed)
    {
        var csv = new CsvTable(path, packed, null);
        var (names, _, sampled, characters) = csv.Sample(null);
        var bytes = new FileInfo(path).Length;
        return (!packed && bytes > CountedBytes ? (long)((double)bytes / characters * sampled) : csv.Expected(sampled, characters), names.Length);
    }

    /// <summary>Columns of the file.</summary>
    public static int Columns(string path, bool packed) => new CsvTable(path, packed, null).Sample(null).Names.Length;

    private static Table Table(Cells[] cells) => new([.. cells.Select(c => c.ToColumn())]);

    // Names, the kinds that the first rows suggest, and how many rows and characters those were.
    private (string[] Names, ColumnKind[] Kinds, long Rows, long Characters) Sample(IReadOnlyDictionary<string, ColumnKind>? known)
    {
        var kinds = Array.Empty<ColumnKind?>();
        long characters = 0, rows = 0;
        var names = Scan(SampleRows, null, reader =>
        {
            if (kinds.Length == 0)
                kinds = new ColumnKind?[reader.FieldCount];
            var lines = 0;
            for (var i = 0; i < kinds.Length; i++)
            {
                var field = reader.GetFieldSpan(i);
                characters += field.Length + 1;
                kinds[i] = Widen(kinds[i], field);
                lines += kinds[i] == ColumnKind.Text ? field.Count('\n') : 0;
            }

            rows++;
            return lines;
        });
        return (names, [.. names.Select((n, i) => known is not null && known.TryGetValue(n, out var kind) ? kind : i < kinds.Length ? kinds[i] ?? ColumnKind.Numeric : ColumnKind.Numeric)], rows, characters);
    }

    // The lines of a file are its rows (fewer only where a quoted value holds a line break). Counting them costs little, and arrays of the right length
    // need not grow or be cut: half of the memory.
    private long Expected(long rows, long characters)
    {
        if (rows < SampleRows)
            return rows;
        if (_packed)
            return Math.Max(rows, (long)(4.1 * new FileInfo(_path).Length * rows / characters));
        using var file = TableFile.Open(_path, false);
        var buffer = new byte[1 << 18];
        long lines = 0;
        var last = (byte)'\n';
        for (int read; (read = file.Read(buffer)) > 0; last = buffer[read - 1])
            lines += buffer.AsSpan(0, read).Count((byte)'\n');
        return Math.Max(rows, lines - (last == '\n' ? 1 : 0));
    }

    private static ColumnKind? Widen(ColumnKind? kind, ReadOnlySpan<char> field)
    {
        if (kind == ColumnKind.Text || IsMissing(field))
            return kind;
        if (kind is { } had)
            return CellText.TryParse(had, field, out _) ? had : ColumnKind.Text;
        foreach (var candidate in (ReadOnlySpan<ColumnKind>)[ColumnKind.Numeric, ColumnKind.Boolean, ColumnKind.Time])
        {
            if (CellText.TryParse(candidate, field, out _))
                return candidate;
        }

        return ColumnKind.Text;
    }

    private void Fill(Cells[] cells, int batch, Action? onBatch)
    {
        var rows = 0;
        Scan(long.MaxValue, _onRead, reader =>
        {
            var lines = 0;
            for (var i = 0; i < cells.Length; i++)
                lines += cells[i].Add(reader.GetFieldSpan(i));
            if (++rows == batch)
            {
                onBatch?.Invoke();
                rows = 0;
            }

            return lines;
        });
        if (rows > 0)
            onBatch?.Invoke();
    }

    // Walks the records, checks their shape, and keeps count of lines: a quoted field may hold line breaks, which onRow counts.
    private string[] Scan(long limit, Action<long>? onRead, Func<CsvDataReader, int> onRow)
    {
        var line = 1L;
        try
        {
            using var text = new StreamReader(TableFile.Open(_path, _packed, onRead), new UTF8Encoding(false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: true, 1 << 16);
            using var reader = CsvDataReader.Create(text, new CsvDataReaderOptions { HasHeaders = true, BufferSize = 1 << 16, MaxBufferSize = 1 << 24, HeaderComparer = StringComparer.Ordinal });
            var names = Header(reader);
            while (limit-- > 0 && reader.Read())
            {
                line++;
                if (reader.RowFieldCount == 1 && names.Length > 1 && reader.GetFieldSpan(0).IsEmpty)
                    continue;
                if (reader.RowFieldCount != names.Length)
                    throw Ragged(line, reader.RowFieldCount, names);
                line += onRow(reader);
            }

            return names;
        }
        catch (NotTextException e)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"{_name}, line {line}, column {e.Position} ({e.Column}): the value holds a NUL character; this is not a CSV file.", "Export the data as UTF-8 CSV or as Parquet.", e);
        }
        catch (CsvMissingHeadersException e)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"{_name}, line 1: the file is empty; a header with the column names is missing.", "Write the column names into the first line.", e);
        }
        catch (CsvRecordTooLargeException e)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"{_name}, line {line + 1}: the record is longer than 16 MB.", "A quotation mark that is never closed makes one record of the rest of the file.", e);
        }
        catch (CsvFormatException e)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"{_name}, line {line + 1}, column {Math.Max(e.FieldOrdinal, 0) + 1}: {Trimmed(e.Message)}", "Close the quotation marks, and double those inside a quoted value.", e);
        }
        catch (DecoderFallbackException e)
        {
            throw NotUtf8(e);
        }
        catch (InvalidDataException e)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"{_name}: the gzip file is damaged: {Trimmed(e.Message)}", "Pack it again.", e);
        }
    }

    private string[] Header(CsvDataReader reader)
    {
        var names = Enumerable.Range(0, reader.FieldCount).Select(i => reader.GetName(i).Trim()).ToArray();
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < names.Length; i++)
        {
            if (names[i].Contains('\0'))
                throw new HoldfastException(ErrorCode.InvalidArgument, $"{_name}, line 1, column {i + 1}: not text; this is not a CSV file.", "Export the data as UTF-8 CSV or as Parquet.");
            if (names[i].Length == 0)
                throw new HoldfastException(ErrorCode.InvalidArgument, $"{_name}, line 1, column {i + 1}: the column has no name.", "Name every column in the first line.");
            if (!seen.TryAdd(names[i], i))
                throw new HoldfastException(ErrorCode.InvalidArgument, $"{_name}, line 1, column {i + 1}: the name '{names[i]}' stands already at column {seen[names[i]] + 1}.", "Give each column a name of its own.");
        }

        return names;
    }

    private HoldfastException Ragged(long line, int fields, string[] names) => new(
        ErrorCode.InvalidArgument,
        fields < names.Length
            ? $"{_name}, line {line}, column {fields + 1}: the line ends after {fields} of {names.Length} values ('{names[fields]}' is missing)."
            : $"{_name}, line {line}, column {names.Length + 1}: {fields} values, but the header names {names.Length} columns.",
        "Give every line as many values as the header; quote values that hold the separator.");

    // The decoder knows no place in the file, so the bytes are read again up to the first wrong one.
    private HoldfastException NotUtf8(DecoderFallbackException e)
    {
        using var file = new BufferedStream(TableFile.Open(_path, _packed), 1 << 16);
        long offset = 0, line = 1;
        var rest = new byte[4];
        int held = 0, next;
        while ((next = file.ReadByte()) >= 0)
        {
            rest[held++] = (byte)next;
            var status = Rune.DecodeFromUtf8(rest.AsSpan(0, held), out var rune, out _);
            if (status == System.Buffers.OperationStatus.NeedMoreData)
                continue;
            if (status != System.Buffers.OperationStatus.Done)
                break;
            offset += held;
            held = 0;
            line += rune.Value == '\n' ? 1 : 0;
        }

        return new HoldfastException(ErrorCode.InvalidArgument, $"{_name}, line {line}, byte {offset}: 0x{rest[0]:X2} is not UTF-8 text.", "Save the file as UTF-8.", e);
    }

    private static string Trimmed(string message) => message.ReplaceLineEndings(" ").Trim();

    internal static bool IsMissing(ReadOnlySpan<char> field) => field.Length switch
    {
        0 => true,
        2 => field is "NA",
        3 => field is "NaN" or "nan" or "N/A",
        4 => field is "null" or "NULL" or "None",
        _ => field.IsWhiteSpace(),
    };

    // Cuts rows into pieces of one size; the arrays of a full piece serve again.
    private sealed class Pieces(string[] names, ColumnKind[] kinds, int rows, Action<Table> onBatch)
    {
        private readonly Column[] _columns = [.. names.Select((n, i) => kinds[i] == ColumnKind.Text ? new Column(n, new string?[rows]) : new Column(n, new double[rows], kinds[i]))];
        private int _held;

        public void Add(PlainCsv.Target[] from, int count)
        {
            for (int taken = 0, part; taken < count; taken += part)
            {
                part = Math.Min(rows - _held, count - taken);
                for (var i = 0; i < _columns.Length; i++)
                {
                    if (kinds[i] == ColumnKind.Text)
                        Array.Copy(from[i].Texts, taken, _columns[i].Texts, _held, part);
                    else
                        Array.Copy(from[i].Numbers, taken, _columns[i].Numbers, _held, part);
                }

                if ((_held += part) < rows)
                    continue;
                onBatch(new Table(_columns));
                _held = 0;
            }
        }

        public void End()
        {
            if (_held > 0)
                onBatch(new Table([.. _columns.Select(c => c.Kind == ColumnKind.Text ? new Column(c.Name, c.Texts[.._held]) : new Column(c.Name, c.Numbers[.._held], c.Kind))]));
        }
    }

    private sealed class NotTextException(int position, string column) : Exception
    {
        public int Position => position;

        public string Column => column;
    }

    private sealed class Cells(int position, string name, ColumnKind kind, long expected)
    {
        private readonly HashSet<string> _pool = [];
        private double[] _numbers = kind == ColumnKind.Text ? [] : new double[Capacity(expected)];
        private string?[] _texts = kind == ColumnKind.Text ? new string?[Capacity(expected)] : [];

        public string Name => name;

        public ColumnKind Kind => kind;

        public int Count { get; private set; }

        /// <summary>A value did not fit the guessed kind.</summary>
        public bool Misfit { get; private set; }

        /// <summary>Takes a value; the result is the number of line breaks inside it.</summary>
        public int Add(ReadOnlySpan<char> field)
        {
            if (kind == ColumnKind.Text)
                return AddText(field);
            var value = double.NaN;
            var lines = 0;
            if (field.Length > 0 && !CellText.TryParse(kind, field, out value))
            {
                lines = Lines(field);
                value = double.NaN;
                Misfit |= !IsMissing(field);
            }

            if (Count == _numbers.Length)
                Array.Resize(ref _numbers, Capacity(2L * Count));
            _numbers[Count++] = value;
            return lines;
        }

        public void Clear() => Count = 0;

        public Column ToColumn()
        {
            if (kind == ColumnKind.Text)
                return new Column(name, _texts.Length == Count ? _texts : _texts[..Count]);
            return new Column(name, _numbers.Length == Count ? _numbers : _numbers[..Count], kind);
        }

        private static int Capacity(long rows) => (int)Math.Clamp(rows, 16, Array.MaxLength);

        private int AddText(ReadOnlySpan<char> field)
        {
            if (Count == _texts.Length)
                Array.Resize(ref _texts, Capacity(2L * Count));
            _texts[Count++] = field.IsEmpty ? null : Pooled(field);
            return field.ContainsAny('\0', '\n') ? Lines(field) : 0;
        }

        private int Lines(ReadOnlySpan<char> field) => field.Contains('\0') ? throw new NotTextException(position, name) : field.Count('\n');

        private string Pooled(ReadOnlySpan<char> field)
        {
            var lookup = _pool.GetAlternateLookup<ReadOnlySpan<char>>();
            if (lookup.TryGetValue(field, out var kept))
                return kept;
            var text = field.ToString();
            if (_pool.Count < PooledTexts)
                _pool.Add(text);
            return text;
        }
    }
}
