using System.Buffers;
using System.Collections.Concurrent;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Storage.Tables;

/// <summary>
/// CSV as nearly every program writes it, read in blocks on all cores, from the bytes. A pass that counts line ends tells each block where its rows go, so
/// that values are written once and to their place. Whatever is not plain (a quoted line break, a doubled quote, a line with too few values, …) makes
/// it say so, and <see cref="CsvTable"/>, which knows all of the format and can name what is wrong, reads the file instead.
/// </summary>
internal sealed unsafe class PlainCsv : IDisposable
{
    private const int BlockBytes = 2 << 20;
    private const int Room = 64;
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    private readonly SafeFileHandle _file;
    private readonly int _columns;
    private readonly byte _delimiter;
    private readonly Block[] _blocks;
    private readonly ConcurrentBag<TextPool[]> _pools = [];

    private PlainCsv(SafeFileHandle file, int columns, byte delimiter, Block[] blocks, long rows)
    {
        _file = file;
        _columns = columns;
        _delimiter = delimiter;
        _blocks = blocks;
        Rows = rows;
    }

    /// <summary>Rows of the file.</summary>
    public long Rows { get; }

    /// <summary>Blocks of whole lines, about 2 MiB each.</summary>
    public int Blocks => _blocks.Length;

    /// <summary>Opens a file whose header has these names; null where it is not plain.</summary>
    public static PlainCsv? Open(string path, string[] names, Action<long>? onRead = null)
    {
        var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, FileOptions.SequentialScan);
        var plain = Index(file, names, onRead);
        if (plain is null)
            file.Dispose();
        return plain;
    }

    /// <summary>The row with which a block begins, or the number of rows for the block behind the last.</summary>
    public long FirstRow(int block) => block == _blocks.Length ? Rows : _blocks[block].FirstRow;

    /// <summary>The rows of a block.</summary>
    public int RowsOf(int block) => (int)(FirstRow(block + 1) - FirstRow(block));

    /// <summary>Reads a block into the columns; false where one is not plain. Safe for several threads.</summary>
    /// <param name="block">The block.</param>
    /// <param name="columns">Where the values go; those that do not fit their kind are noted there.</param>
    /// <param name="at">The place of the block's first row.</param>
    /// <param name="onRead">Told the bytes read.</param>
    public bool Read(int block, Target[] columns, int at, Action<long>? onRead)
    {
        var (start, length, _) = _blocks[block];
        var buffer = ArrayPool<byte>.Shared.Rent(length + 1 + Room);
        if (!_pools.TryTake(out var pools))
            pools = [.. Enumerable.Range(0, _columns).Select(_ => new TextPool())];
        try
        {
            ReadFully(_file, buffer.AsSpan(0, length), start);
            if (buffer[length - 1] != '\n')
                buffer[length++] = (byte)'\n';
            buffer.AsSpan(length, Room).Clear();
            fixed (byte* first = buffer)
            {
                if (!Lines(first, first + length, columns, pools, at, RowsOf(block)))
                    return false;
            }

            onRead?.Invoke(_blocks[block].Length);
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            _pools.Add(pools);
        }
    }

    public void Dispose() => _file.Dispose();

    private static PlainCsv? Index(SafeFileHandle file, string[] names, Action<long>? onRead)
    {
        var length = RandomAccess.GetLength(file);
        var header = new byte[(int)Math.Min(length, 1 << 20)];
        ReadFully(file, header, 0);
        var begin = header.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0;
        var end = header.AsSpan().IndexOf((byte)'\n');
        if (end < 0 || Delimiter(header.AsSpan(begin, end - begin), names.Length) is not { } delimiter)
            return null;
        long data = end + 1;
        var count = (int)((length - data + BlockBytes - 1) / BlockBytes);
        var ends = new long[count];
        var firsts = new long[count + 1];
        firsts[count] = length;
        Parallel.For(0, count, block =>
        {
            var start = data + ((long)block * BlockBytes);
            var buffer = ArrayPool<byte>.Shared.Rent(BlockBytes);
            var bytes = buffer.AsSpan(0, (int)Math.Min(BlockBytes, length - start));
            ReadFully(file, bytes, start);
            ends[block] = bytes.Count((byte)'\n');
            firsts[block] = bytes.IndexOf((byte)'\n') is >= 0 and var at ? start + at + 1 : block + 1 < count ? -1 : length;
            // The last line may lack its end.
            if (block + 1 == count && bytes[^1] != '\n')
                ends[block]++;
            onRead?.Invoke(bytes.Length);
            ArrayPool<byte>.Shared.Return(buffer);
        });
        var blocks = new List<Block>(count);
        long passed = 0;
        for (var block = 0; block < count; passed += ends[block++])
        {
            // A block begins behind the line that runs into it.
            var (from, row) = block == 0 ? (data, 0) : (firsts[block], passed + 1);
            if (from < 0)
                return null;
            if (from < length)
                blocks.Add(new Block(from, (int)(firsts[block + 1] - from), row));
        }

        return new PlainCsv(file, names.Length, delimiter, [.. blocks], passed);
    }

    // The character that parts the header into as many names as were found in it; null where that is not plain to see.
    private static byte? Delimiter(ReadOnlySpan<byte> header, int names)
    {
        byte? found = null;
        foreach (var candidate in ",;\t|"u8)
        {
            int parts = 1;
            var quoted = false;
            foreach (var b in header)
            {
                quoted ^= b == '"';
                parts += b == candidate && !quoted ? 1 : 0;
            }

            if (quoted || (parts > 1 && (parts != names || found is not null)))
                return null;
            if (parts == names)
                found = candidate;
        }

        return names == 1 ? null : found;
    }

    private bool Lines(byte* p, byte* end, Target[] columns, TextPool[] pools, int at, int expected)
    {
        var row = at;
        for (; p < end; row++)
        {
            // A blank line, or what may be a comment.
            if (*p is (byte)'\n' or (byte)'\r' or (byte)'#' || row - at == expected)
                return false;
            for (var c = 0; c < columns.Length; c++)
            {
                p = columns[c].Kind == ColumnKind.Text ? Text(p, columns[c], pools[c], row) : Number(p, columns[c], row);
                if (p == null)
                    return false;
                if (c + 1 < columns.Length)
                {
                    if (*p++ != _delimiter)
                        return false;
                }
                else if (*p == '\n')
                {
                    p++;
                }
                else if (*p == '\r' && p[1] == '\n')
                {
                    p += 2;
                }
                else
                {
                    return false;
                }
            }
        }

        return row - at == expected;
    }

    private byte* Number(byte* p, Target column, int row)
    {
        if (column.Kind == ColumnKind.Numeric && NumberBytes.Read(p, out var value) is var end && end != null && (*end == _delimiter || *end is (byte)'\n' or (byte)'\r'))
        {
            column.Numbers[row] = value;
            return end;
        }

        if ((end = Field(p, out var start, out var length)) == null)
            return null;
        column.Numbers[row] = length == 0 ? double.NaN : Odd(new ReadOnlySpan<byte>(start, length), column);
        return end;
    }

    private static double Odd(ReadOnlySpan<byte> bytes, Target column)
    {
        Span<char> room = stackalloc char[256];
        ReadOnlySpan<char> text = bytes.Length <= room.Length ? room[..Strict.GetChars(bytes, room)] : Strict.GetString(bytes);
        if (CellText.TryParse(column.Kind, text, out var value))
            return value;
        if (!CsvTable.IsMissing(text))
            column.Misfit = true;
        return double.NaN;
    }

    private byte* Text(byte* p, Target column, TextPool pool, int row)
    {
        if (Field(p, out var start, out var length) is var end && end != null)
            column.Texts[row] = length == 0 ? null : pool.Of(start, length);
        return end;
    }

    // The place behind a field, and its content; null if it is not plain. Every line of the block has an end.
    private byte* Field(byte* p, out byte* start, out int length)
    {
        start = p;
        length = 0;
        if (*p == '"')
        {
            for (start = ++p; *p != '"'; p++)
            {
                if (*p is (byte)'\n' or 0)
                    return null;
            }

            length = (int)(p - start);
            p++;
            return *p == _delimiter || *p is (byte)'\n' or (byte)'\r' ? p : null;
        }

        var delimiter = _delimiter;
        for (; *p != delimiter && *p != '\n'; p++)
        {
            if (*p is (byte)'"' or 0)
                return null;
            if (*p == '\r')
                break;
        }

        length = (int)(p - start);
        return p;
    }

    private static void ReadFully(SafeFileHandle file, Span<byte> bytes, long at)
    {
        for (int read; bytes.Length > 0; bytes = bytes[read..], at += read)
        {
            read = RandomAccess.Read(file, bytes, at);
            if (read == 0)
                throw new EndOfStreamException("The file became shorter while it was read.");
        }
    }

    /// <summary>Where the values of a column go.</summary>
    public sealed class Target(ColumnKind kind, int rows)
    {
        /// <summary>The kind.</summary>
        public ColumnKind Kind => kind;

        /// <summary>The values of every kind but text.</summary>
        public double[] Numbers { get; } = kind == ColumnKind.Text ? [] : GC.AllocateUninitializedArray<double>(rows);

        /// <summary>The texts.</summary>
        public string?[] Texts { get; } = kind == ColumnKind.Text ? new string?[rows] : [];

        /// <summary>A value was not of the kind.</summary>
        public bool Misfit { get; set; }

        /// <summary>All of it as a column.</summary>
        public Column ToColumn(string name) => kind == ColumnKind.Text ? new Column(name, Texts) : new Column(name, Numbers, kind);
    }

    /// <summary>Columns for the rows of one block, used again for the next.</summary>
    public sealed class Scratch(ColumnKind[] kinds)
    {
        private readonly bool[] _misfits = new bool[kinds.Length];
        private Target[] _columns = [];
        private int _rows = -1;

        /// <summary>Columns with room for so many rows.</summary>
        public Target[] For(int rows)
        {
            if (rows <= _rows)
                return _columns;
            Note();
            _rows = rows + (rows / 4);
            return _columns = [.. kinds.Select(k => new Target(k, _rows))];
        }

        /// <summary>Whether any value so far was not of the column's kind.</summary>
        public bool Misfit(int column)
        {
            Note();
            return _misfits[column];
        }

        private void Note()
        {
            for (var i = 0; i < _columns.Length; i++)
                _misfits[i] |= _columns[i].Misfit;
        }
    }

    private readonly record struct Block(long Start, int Length, long FirstRow);
}
