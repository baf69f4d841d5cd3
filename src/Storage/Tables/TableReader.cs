using Holdfast.Contracts;

namespace Holdfast.Storage.Tables;

/// <summary>Reads a file of rows: CSV and JSON lines (also gzipped), Parquet. The content decides which it is, not the name: stored blobs have no extension.</summary>
public static class TableReader
{
    /// <summary>Reads a file into memory.</summary>
    /// <param name="path">The file.</param>
    /// <param name="kinds">What columns must be, where the caller knows better than the content (a column that is wholly empty says nothing). CSV only: the others tell.</param>
    /// <param name="onRead">Told how many bytes were read since the last time; may be called from another thread.</param>
    /// <exception cref="HoldfastException">The file is absent, unreadable or malformed; the message names line and column.</exception>
    public static Table Read(string path, IReadOnlyDictionary<string, ColumnKind>? kinds = null, Action<long>? onRead = null) => Opened(path, (format, packed) => format switch
    {
        TableFormat.Parquet => ParquetTable.Read(path),
        TableFormat.JsonLines => JsonLinesTable.Read(path, packed, onRead),
        _ => CsvTable.Read(path, packed, kinds, onRead),
    });

    /// <summary>Reads a file in pieces, for files that are larger than the memory. Every piece has the same columns of the same kinds: those of the whole file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="rows">Rows of a piece.</param>
    /// <param name="onBatch">Takes a piece; its arrays may be used again for the next one.</param>
    /// <param name="onRead">Told how many bytes were read since the last time.</param>
    /// <param name="onRestart">
    /// If given, the file is read once: the pieces come while the columns and their kinds are still those of its beginning (2,000 rows of CSV, the first piece of JSON
    /// lines). Should a later row contradict them, this is called, what came before is void, and all pieces come again.
    /// </param>
    public static void ReadBatches(string path, int rows, Action<Table> onBatch, Action<long>? onRead = null, Action? onRestart = null) => Opened(path, (format, packed) =>
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        if (format == TableFormat.Parquet)
            ParquetTable.ReadBatches(path, rows, onBatch);
        else if (format == TableFormat.JsonLines)
            JsonLinesTable.ReadBatches(path, packed, rows, onBatch, onRead, onRestart);
        else
            CsvTable.ReadBatches(path, packed, rows, onBatch, onRead, onRestart);
        return true;
    });

    /// <summary>How many rows (estimated where only reading all of it would tell) and columns a file has.</summary>
    public static (long Rows, int Columns) Size(string path) => Opened(path, (format, packed) => format switch
    {
        TableFormat.Parquet => ParquetTable.Size(path),
        TableFormat.JsonLines => JsonLinesTable.Size(path, packed),
        _ => CsvTable.Size(path, packed),
    });

    /// <summary>How many columns a file has, from its beginning.</summary>
    public static int Columns(string path) => Opened(path, (format, packed) => format switch
    {
        TableFormat.Parquet => ParquetTable.Size(path).Columns,
        TableFormat.JsonLines => JsonLinesTable.Size(path, packed).Columns,
        _ => CsvTable.Columns(path, packed),
    });

    private static T Opened<T>(string path, Func<TableFormat, bool, T> read)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Directory.Exists(path))
            throw new HoldfastException(ErrorCode.FailedPrecondition, $"{path} is a folder.", "Name a CSV, JSON lines or Parquet file.");
        try
        {
            var (format, packed) = TableFile.Detect(path);
            return read(format, packed);
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
}
