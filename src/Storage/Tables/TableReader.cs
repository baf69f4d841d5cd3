using Holdfast.Contracts;

namespace Holdfast.Storage.Tables;

/// <summary>Reads a CSV or Parquet file into memory. The content decides which it is, not the name: stored blobs have no extension.</summary>
public static class TableReader
{
    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="kinds">What columns must be, where the caller knows better than the content (a column that is wholly empty says nothing).</param>
    /// <exception cref="HoldfastException">The file is absent, unreadable or malformed; the message names line and column.</exception>
    public static Table Read(string path, IReadOnlyDictionary<string, ColumnKind>? kinds = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            return IsParquet(path) ? ParquetTable.Read(path) : CsvTable.Read(path, kinds);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new HoldfastException(ErrorCode.NotFound, $"There is no file {path}.", "Check the path.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new HoldfastException(ErrorCode.FailedPrecondition, $"The file {path} cannot be read: {e.Message}", "Name a file (not a folder) that this user may read.", e);
        }
    }

    private static bool IsParquet(string path)
    {
        using var file = File.OpenRead(path);
        Span<byte> magic = stackalloc byte[4];
        return file.ReadAtLeast(magic, 4, throwOnEndOfStream: false) == 4 && magic.SequenceEqual("PAR1"u8);
    }
}
