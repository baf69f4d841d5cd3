using System.Globalization;
using System.Text;
using Holdfast.Contracts;
using Sylvan.Data.Csv;

namespace Holdfast.Storage.Tables;

/// <summary>
/// CSV to columns. The kind of a column is guessed from the first rows; a later value that does not fit makes the column text,
/// and the file is read a second time. So the memory is that of the result, never that of all cells as text.
/// </summary>
internal static class CsvTable
{
    private const int SampleRows = 2_000;
    private const int PooledTexts = 4_096;

    public static Table Read(string path, IReadOnlyDictionary<string, ColumnKind>? known)
    {
        var name = Path.GetFileName(path);
        var cells = Guess(path, name, known);
        Fill(path, name, cells);
        if (cells.Any(c => c.Misfit))
        {
            cells = [.. cells.Select(c => new Cells(c.Name, c.Misfit ? ColumnKind.Text : c.Kind))];
            Fill(path, name, cells);
        }

        return new Table([.. cells.Select(c => c.ToColumn())]);
    }

    private static Cells[] Guess(string path, string name, IReadOnlyDictionary<string, ColumnKind>? known)
    {
        var kinds = Array.Empty<ColumnKind?>();
        var names = Scan(path, name, SampleRows, (reader, _) =>
        {
            if (kinds.Length == 0)
                kinds = new ColumnKind?[reader.FieldCount];
            for (var i = 0; i < kinds.Length; i++)
                kinds[i] = Widen(kinds[i], reader.GetFieldSpan(i));
        });
        return [.. names.Select((n, i) => new Cells(n, known is not null && known.TryGetValue(n, out var kind) ? kind : i < kinds.Length ? kinds[i] ?? ColumnKind.Numeric : ColumnKind.Numeric))];
    }

    private static ColumnKind? Widen(ColumnKind? kind, ReadOnlySpan<char> field)
    {
        if (kind == ColumnKind.Text || IsMissing(field))
            return kind;
        if (kind is { } had)
            return TryParse(had, field, out _) ? had : ColumnKind.Text;
        foreach (var candidate in new[] { ColumnKind.Numeric, ColumnKind.Boolean, ColumnKind.Time })
        {
            if (TryParse(candidate, field, out _))
                return candidate;
        }

        return ColumnKind.Text;
    }

    private static void Fill(string path, string name, Cells[] cells) => Scan(path, name, int.MaxValue, (reader, _) =>
    {
        for (var i = 0; i < cells.Length; i++)
            cells[i].Add(reader.GetFieldSpan(i));
    });

    // Walks the records, checks their shape, and keeps count of lines: a quoted field may hold line breaks.
    private static string[] Scan(string path, string name, int limit, Action<CsvDataReader, long> onRow)
    {
        var record = 1L;
        var line = 1L;
        try
        {
            using var text = new StreamReader(path, new UTF8Encoding(false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: true, 1 << 16);
            using var reader = CsvDataReader.Create(text, new CsvDataReaderOptions { HasHeaders = true, BufferSize = 1 << 16, MaxBufferSize = 1 << 24, HeaderComparer = StringComparer.Ordinal });
            var names = Header(reader, name);
            while (limit-- > 0 && reader.Read())
            {
                record++;
                line++;
                if (reader.RowFieldCount == 1 && names.Length > 1 && reader.GetFieldSpan(0).IsEmpty)
                    continue;
                if (reader.RowFieldCount != names.Length)
                    throw Ragged(name, line, reader.RowFieldCount, names);
                for (var i = 0; i < names.Length; i++)
                {
                    var field = reader.GetFieldSpan(i);
                    if (field.Contains('\0'))
                        throw new HoldfastException(ErrorCode.InvalidArgument, $"{name}, line {line}, column {i + 1} ({names[i]}): the value holds a NUL character; this is not a CSV file.", "Export the data as UTF-8 CSV or as Parquet.");
                    line += field.Count('\n');
                }

                onRow(reader, line);
            }

            return names;
        }
        catch (CsvMissingHeadersException e)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"{name}, line 1: the file is empty; a header with the column names is missing.", "Write the column names into the first line.", e);
        }
        catch (CsvRecordTooLargeException e)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"{name}, line {line + 1}: the record is longer than 16 MB.", "A quotation mark that is never closed makes one record of the rest of the file.", e);
        }
        catch (CsvFormatException e)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"{name}, line {line + 1}, column {Math.Max(e.FieldOrdinal, 0) + 1}: {Trimmed(e.Message)}", "Close the quotation marks, and double those inside a quoted value.", e);
        }
        catch (DecoderFallbackException e)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"{name}, near line {line + 1}: the bytes are not UTF-8.", "Save the file as UTF-8.", e);
        }
    }

    private static string[] Header(CsvDataReader reader, string file)
    {
        var names = Enumerable.Range(0, reader.FieldCount).Select(i => reader.GetName(i).Trim()).ToArray();
        for (var i = 0; i < names.Length; i++)
        {
            if (names[i].Contains('\0'))
                throw new HoldfastException(ErrorCode.InvalidArgument, $"{file}, line 1, column {i + 1}: not text; this is not a CSV file.", "Export the data as UTF-8 CSV or as Parquet.");
            if (names[i].Length == 0)
                throw new HoldfastException(ErrorCode.InvalidArgument, $"{file}, line 1, column {i + 1}: the column has no name.", "Name every column in the first line.");
            if (Array.IndexOf(names, names[i]) is var first && first < i)
                throw new HoldfastException(ErrorCode.InvalidArgument, $"{file}, line 1, column {i + 1}: the name '{names[i]}' stands already at column {first + 1}.", "Give each column a name of its own.");
        }

        return names;
    }

    private static HoldfastException Ragged(string file, long line, int fields, string[] names) => new(
        ErrorCode.InvalidArgument,
        fields < names.Length
            ? $"{file}, line {line}, column {fields + 1}: the line ends after {fields} of {names.Length} values ('{names[fields]}' is missing)."
            : $"{file}, line {line}, column {names.Length + 1}: {fields} values, but the header names {names.Length} columns.",
        "Give every line as many values as the header; quote values that hold the separator.");

    private static string Trimmed(string message) => message.ReplaceLineEndings(" ").Trim();

    private static bool IsMissing(ReadOnlySpan<char> field) => field.Length switch
    {
        0 => true,
        2 => field is "NA",
        3 => field is "NaN" or "nan" or "N/A",
        4 => field is "null" or "NULL" or "None",
        _ => field.IsWhiteSpace(),
    };

    private static bool TryParse(ColumnKind kind, ReadOnlySpan<char> field, out double value)
    {
        switch (kind)
        {
            case ColumnKind.Numeric:
                return double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out value);
            case ColumnKind.Boolean:
                var parsed = bool.TryParse(field, out var truth);
                value = truth ? 1 : 0;
                return parsed;
            case ColumnKind.Time:
                value = 0;
                // Only ISO 8601: anything looser would read "1-2" as a day of the current year.
                if (field.Length < 10 || field[4] != '-' || field[7] != '-' || !char.IsAsciiDigit(field[0]) || !char.IsAsciiDigit(field[9]))
                    return false;
                if (!DateTimeOffset.TryParse(field, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at))
                    return false;
                value = at.ToUnixTimeMilliseconds();
                return true;
            default:
                value = 0;
                return false;
        }
    }

    private sealed class Cells(string name, ColumnKind kind)
    {
        private readonly List<double> _numbers = [];
        private readonly List<string?> _texts = [];
        private readonly HashSet<string> _pool = [];

        public string Name => name;

        public ColumnKind Kind => kind;

        /// <summary>A value did not fit the guessed kind.</summary>
        public bool Misfit { get; private set; }

        public void Add(ReadOnlySpan<char> field)
        {
            if (kind == ColumnKind.Text)
                _texts.Add(field.IsEmpty ? null : Pooled(field));
            else if (IsMissing(field))
                _numbers.Add(double.NaN);
            else if (TryParse(kind, field, out var value))
                _numbers.Add(value);
            else
                Misfit = true;
        }

        public Column ToColumn() => kind == ColumnKind.Text ? new Column(name, _texts.ToArray()) : new Column(name, _numbers.ToArray(), kind);

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
