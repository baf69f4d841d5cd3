namespace Holdfast.Statistics.Quality;

/// <summary>Repeated rows.</summary>
public static class DuplicateRows
{
    /// <summary>Rows whose hash occurred before in the same span; 0 if empty. Memory: one entry a distinct row.</summary>
    public static long Count(ReadOnlySpan<ulong> rowHashes)
    {
        var seen = new HashSet<ulong>(rowHashes.Length);
        long repeated = 0;
        foreach (var hash in rowHashes)
        {
            if (!seen.Add(hash)) repeated++;
        }
        return repeated;
    }
}
