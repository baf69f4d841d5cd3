using Holdfast.Contracts;
using Holdfast.Tracking;

namespace Holdfast.Client;

/// <summary>What a synchronisation came to.</summary>
/// <param name="Synced">Files that were told whole and are gone.</param>
/// <param name="InUse">Files that a living process still writes.</param>
/// <param name="Values">Values that the server acknowledged.</param>
/// <param name="Refused">Values that the server will never take; they stay in a file beside.</param>
/// <param name="Left">Files that could not be told, with the reason.</param>
public sealed record SyncReport(int Synced, int InUse, long Values, long Refused, IReadOnlyList<(string File, string Reason)> Left);

/// <summary>What programs kept on disk while the server was away.</summary>
public static class Spool
{
    /// <summary>
    /// Tells the server everything that lies in the spool and removes it. A run whose program is gone without having ended it becomes
    /// failed. May be interrupted and repeated: the server keeps each value once.
    /// </summary>
    /// <param name="options">Folder, credentials, and with <see cref="TrackOptions.Server"/> another server than the one that was away.</param>
    /// <param name="progress">Told of each file before it is begun.</param>
    /// <param name="ct">Ends it between two values.</param>
    public static async Task<SyncReport> Sync(TrackOptions? options = null, IProgress<string>? progress = null, CancellationToken ct = default)
    {
        options ??= new TrackOptions();
        var (synced, inUse, values, refused) = (0, 0, 0L, 0L);
        var left = new List<(string, string)>();
        foreach (var path in SpoolFile.List(options.SpoolFolder))
        {
            using var file = SpoolFile.Open(path);
            if (file is null)
            {
                inUse++;
                continue;
            }

            progress?.Report(path);
            var told = new Sum();
            try
            {
                await Tell(file, options, told, ct);
                file.Delete();
                synced++;
            }
            catch (HoldfastException e)
            {
                left.Add((path, e.Message));
                file.Save();
            }
            catch (OperationCanceledException)
            {
                file.Save();
                throw;
            }

            (values, refused) = (values + told.Values, refused + told.Refused);
        }

        return new SyncReport(synced, inUse, values, refused, left);
    }

    private static async Task Tell(SpoolFile file, TrackOptions options, Sum sum, CancellationToken ct)
    {
        var (start, ended) = file.Frame();
        if (start is null)
            return;
        using var transport = (options.Server is null ? options with { Server = new Uri(start.Server), Workspace = options.Workspace ?? start.Workspace } : options).Connect();
        while (file.Next() is var (line, end))
        {
            ct.ThrowIfCancellationRequested();
            try
            {
                if (line.Op != "server")
                {
                    await RunWriter.Tell(transport, file.RunId, line, file.Folder, ct);
                    sum.Values += line.Count;
                }
            }
            catch (HoldfastException e) when (RunWriter.Refuses(e))
            {
                file.Refused(line, e.Message);
                sum.Refused += line.Count;
            }

            file.Told(end);
        }

        // Nobody holds the file, so its program is gone; it cannot have said how the run ended.
        if (start.Owns && !ended)
            await RunWriter.Tell(transport, file.RunId, new SpoolLine("end", End: new SpoolEnd(RunStatus.Failed, File.GetLastWriteTimeUtc(file.Path))), file.Folder, ct);
    }

    private sealed class Sum
    {
        public long Values { get; set; }

        public long Refused { get; set; }
    }
}
