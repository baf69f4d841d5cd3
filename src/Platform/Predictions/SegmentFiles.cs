using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Holdfast.Storage;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Predictions;

/// <summary>Where a line lies.</summary>
/// <param name="Segment">First sequence number of the segment, which is also its file name.</param>
internal readonly record struct LinePlace(long Segment, long Offset, int Length);

/// <summary>
/// The segment files of one endpoint: <c>predictions/&lt;workspace&gt;/&lt;endpoint&gt;/&lt;first sequence number&gt;.ndjson</c>, only ever appended to.
/// One writer; readers open the files on their own.
/// </summary>
internal sealed class SegmentFiles(string folder, EndpointKey endpoint) : IDisposable
{
    private SafeFileHandle? _handle;
    private long _segment;
    private long _length;
    private DateTimeOffset _openedAt;

    /// <summary>Cuts a torn last line off the newest segment, as a crash in the middle of a write leaves it.</summary>
    /// <returns>The number of bytes that were cut.</returns>
    public long CutTornLine()
    {
        if (Segments() is not [.., var last])
            return 0;
        using var file = new FileStream(PathOf(last), FileMode.Open, FileAccess.ReadWrite, FileShare.Read);
        var whole = LengthOfWholeLines(file);
        var torn = file.Length - whole;
        if (torn > 0)
        {
            file.SetLength(whole);
            file.Flush(flushToDisk: true);
        }

        return torn;
    }

    /// <summary>The first sequence numbers of all segments, in order.</summary>
    public List<long> Segments() =>
        !Directory.Exists(folder)
            ? []
            : [.. Directory.EnumerateFiles(folder, "*.ndjson").Select(f => long.Parse(Path.GetFileNameWithoutExtension(f), CultureInfo.InvariantCulture)).Order()];

    /// <summary>The entries of a segment, in order.</summary>
    public IEnumerable<(long Seq, LogEntry Entry, LinePlace Place)> Read(long segment)
    {
        foreach (var (line, offset) in Lines(PathOf(segment)))
        {
            var entry = LogLine.Read(line.Span, endpoint, out var seq);
            yield return (seq, entry, new LinePlace(segment, offset, line.Length));
        }
    }

    /// <summary>Removes a segment that is no longer written; again is no fault.</summary>
    public void Delete(long segment)
    {
        File.Delete(PathOf(segment));
        if (Directory.Exists(folder))
            DurableFile.SyncFolder(folder);
    }

    public bool Exists(long segment) => File.Exists(PathOf(segment));

    /// <summary>Bytes of all segments.</summary>
    public long Bytes() => Directory.Exists(folder) ? new DirectoryInfo(folder).EnumerateFiles("*.ndjson").Sum(f => f.Length) : 0;

    /// <summary>The entries at given places, in that order. Throws <see cref="IOException"/> where a segment is gone.</summary>
    public IEnumerable<LogEntry> ReadAt(IEnumerable<LinePlace> places)
    {
        SafeFileHandle? open = null;
        long segment = -1;
        var buffer = ArrayPool<byte>.Shared.Rent(4096);
        try
        {
            foreach (var place in places)
            {
                if (place.Segment != segment)
                {
                    open?.Dispose();
                    open = File.OpenHandle(PathOf(place.Segment), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                    segment = place.Segment;
                }

                if (buffer.Length < place.Length)
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = ArrayPool<byte>.Shared.Rent(place.Length);
                }

                var read = RandomAccess.Read(open!, buffer.AsSpan(0, place.Length), place.Offset);
                yield return LogLine.Read(buffer.AsSpan(0, read), endpoint, out _);
            }
        }
        finally
        {
            open?.Dispose();
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Opens the segment for the next lines: the current one, or a new one when it is full or of an earlier hour.</summary>
    /// <returns>The place at which the next byte will lie.</returns>
    public LinePlace Prepare(long nextSeq, long maxBytes, DateTimeOffset now)
    {
        Reopen();
        if (_handle is null || (_length > 0 && (_length >= maxBytes || now.UtcDateTime.Date != _openedAt.UtcDateTime.Date || now.Hour != _openedAt.Hour)))
            Begin(nextSeq, now);
        return new LinePlace(_segment, _length, 0);
    }

    /// <summary>Closes the current segment, unless it is empty, so that everything written so far lies in closed ones.</summary>
    public void Roll(long nextSeq, DateTimeOffset now)
    {
        Reopen();
        if (_handle is not null && _length > 0)
            Begin(nextSeq, now);
    }

    /// <summary>Appends whole lines and waits for the disk. When it fails nothing of them stays.</summary>
    public void Append(ReadOnlySpan<byte> lines)
    {
        try
        {
            RandomAccess.Write(_handle!, lines, _length);
            RandomAccess.FlushToDisk(_handle!);
            _length += lines.Length;
        }
        catch (IOException)
        {
            RandomAccess.SetLength(_handle!, _length);
            throw;
        }
    }

    public void Dispose() => _handle?.Dispose();

    private void Reopen()
    {
        if (_handle is not null || Segments() is not [.., var last])
            return;
        _handle = File.OpenHandle(PathOf(last), FileMode.Open, FileAccess.ReadWrite, FileShare.Read);
        (_segment, _length, _openedAt) = (last, RandomAccess.GetLength(_handle), File.GetCreationTimeUtc(PathOf(last)));
    }

    private void Begin(long nextSeq, DateTimeOffset now)
    {
        _handle?.Dispose();
        Directory.CreateDirectory(folder);
        _handle = File.OpenHandle(PathOf(nextSeq), FileMode.Create, FileAccess.ReadWrite, FileShare.Read);
        (_segment, _length, _openedAt) = (nextSeq, 0, now);
        DurableFile.SyncFolder(folder);
    }

    private string PathOf(long segment) => Path.Combine(folder, segment.ToString("D16", CultureInfo.InvariantCulture) + ".ndjson");

    private long LengthOfWholeLines(FileStream file)
    {
        // The line feed alone proves little after a power loss: a hole of zeros can stand before it. So the last line must parse.
        var end = file.Length;
        while (end > 0)
        {
            var start = StartOfLine(file, end - 1);
            var line = new byte[end - start];
            file.Position = start;
            file.ReadExactly(line);
            if (line[^1] == (byte)'\n' && Parses(line))
                return end;
            end = start;
        }

        return 0;
    }

    private static long StartOfLine(FileStream file, long before)
    {
        var chunk = new byte[4096];
        while (before > 0)
        {
            var from = Math.Max(0, before - chunk.Length);
            var part = chunk.AsSpan(0, (int)(before - from));
            file.Position = from;
            file.ReadExactly(part);
            var feed = part.LastIndexOf((byte)'\n');
            if (feed >= 0)
                return from + feed + 1;
            before = from;
        }

        return 0;
    }

    private bool Parses(byte[] line)
    {
        try
        {
            LogLine.Read(line, endpoint, out _);
            return true;
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            return false;
        }
    }

    private static IEnumerable<(ReadOnlyMemory<byte> Line, long Offset)> Lines(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        var buffer = new byte[1 << 16];
        var filled = 0;
        long offset = 0;
        while (true)
        {
            var read = file.Read(buffer, filled, buffer.Length - filled);
            filled += read;
            var start = 0;
            int feed;
            while ((feed = Array.IndexOf(buffer, (byte)'\n', start, filled - start)) >= 0)
            {
                yield return (buffer.AsMemory(start, feed - start), offset);
                offset += feed - start + 1;
                start = feed + 1;
            }

            if (read == 0)
                yield break;
            Array.Copy(buffer, start, buffer, 0, filled - start);
            filled -= start;
            if (filled == buffer.Length)
                Array.Resize(ref buffer, buffer.Length * 2);
        }
    }
}
