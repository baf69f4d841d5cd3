using Holdfast.Contracts;
using Microsoft.Data.Sqlite;

namespace Holdfast.Serve;

/// <summary>What a disk or a database says when it cannot go on, in words that say what to do.</summary>
internal static class StorageFaults
{
    // errno, as .NET puts it into HResult.
    private const int IoError = 5;
    private const int FileTooLarge = 27;
    private const int NoSpace = 28;
    private const int ReadOnly = 30;
    private const int OverQuota = 122;

    // Result codes of SQLite.
    private const int SqliteReadOnly = 8;
    private const int SqliteIoError = 10;
    private const int SqliteCorrupt = 11;
    private const int SqliteFull = 13;
    private const int SqliteNotADatabase = 26;

    /// <summary>The failure as an answer; null for every other exception.</summary>
    public static HoldfastException? Explain(Exception e) => e switch
    {
        IOException { HResult: NoSpace or OverQuota or FileTooLarge } or SqliteException { SqliteErrorCode: SqliteFull } => new(
            ErrorCode.Unavailable, $"There is no room left on the disk: {e.Message}",
            "Free space where the data folder and the artifacts lie. What was acknowledged is safe; writing goes on as soon as there is room.", e),
        IOException { HResult: ReadOnly } or UnauthorizedAccessException or SqliteException { SqliteErrorCode: SqliteReadOnly } => new(
            ErrorCode.Unavailable, $"The data folder cannot be written: {e.Message}", "Give the server's user rights on it, and look whether its file system was mounted read-only after a fault.", e),
        SqliteException { SqliteErrorCode: SqliteCorrupt or SqliteNotADatabase } => new(
            ErrorCode.Internal, $"The database is damaged: {e.Message}", "Stop the server, copy the data folder as it is, and restore the last backup.", e),
        IOException { HResult: IoError } or SqliteException { SqliteErrorCode: SqliteIoError } => new(
            ErrorCode.Unavailable, $"The disk fails: {e.Message}", "Look at the system's log for the disk. What was acknowledged was on it.", e),
        _ => null,
    };
}
