using System.IO.Compression;
using Holdfast.Contracts;

namespace Holdfast.Storage.Tables;

/// <summary>What a file of rows is written in.</summary>
internal enum TableFormat
{
    Csv,
    JsonLines,
    Parquet,
}

/// <summary>Opens a file of rows. The content decides what it is, not the name: stored blobs have no ending.</summary>
internal static class TableFile
{
    public static (TableFormat Format, bool Packed) Detect(string path)
    {
        using var file = File.OpenRead(path);
        Span<byte> magic = stackalloc byte[4];
        var read = file.ReadAtLeast(magic, 4, throwOnEndOfStream: false);
        if (magic[..read].SequenceEqual("PAR1"u8))
            return (TableFormat.Parquet, false);
        var packed = read >= 2 && magic[0] == 0x1F && magic[1] == 0x8B;
        using var content = Open(path, packed);
        return (StartsObject(content) ? TableFormat.JsonLines : TableFormat.Csv, packed);
    }

    /// <summary>The bytes of the file, unpacked if it is a gzip file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="packed">Whether it is a gzip file.</param>
    /// <param name="onRead">Told how many bytes of the file were read since the last time.</param>
    public static Stream Open(string path, bool packed, Action<long>? onRead = null)
    {
        Stream file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1, FileOptions.SequentialScan);
        if (onRead is not null)
            file = new CountedStream(file, onRead);
        return packed ? new GZipStream(file, CompressionMode.Decompress) : file;
    }

    private static bool StartsObject(Stream content)
    {
        Span<byte> start = stackalloc byte[256];
        int read;
        try
        {
            read = content.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        }
        catch (InvalidDataException e)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"The gzip file is damaged: {e.Message}", "Pack it again.", e);
        }

        ReadOnlySpan<byte> text = start[..read];
        if (text.StartsWith("\uFEFF"u8))
            text = text[3..];
        text = text.TrimStart(" \t\r\n"u8);
        if (text.Length == 0 || text[0] != '{')
            return false;
        text = text[1..].TrimStart(" \t"u8);
        return text.Length > 0 && text[0] is (byte)'"' or (byte)'}';
    }

    private sealed class CountedStream(Stream inner, Action<long> onRead) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => inner.Length;

        public override long Position { get => inner.Position; set => throw new NotSupportedException(); }

        public override int Read(Span<byte> buffer)
        {
            var read = inner.Read(buffer);
            onRead(read);
            return read;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
