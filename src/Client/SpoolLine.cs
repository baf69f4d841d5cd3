using Holdfast.Tracking;

namespace Holdfast.Client;

/// <summary>
/// One thing to tell the server: <c>server</c>, <c>start</c>, <c>resume</c>, <c>batch</c>, <c>inputs</c>, <c>console</c>, <c>file</c> (its path
/// among the artifacts, and where its content lies) or <c>end</c>. Any of them may be told twice: the server keeps it once.
/// </summary>
internal sealed record SpoolLine(
    string Op, SpoolStart? Start = null, RunBatch? Batch = null, IReadOnlyList<RunInput>? Inputs = null, ConsoleBatch? Console = null, string? Path = null, string? File = null, SpoolEnd? End = null)
{
    /// <summary>How many values it holds.</summary>
    public int Count => Batch is { } b ? (b.Metrics?.Count ?? 0) + (b.Params?.Count ?? 0) + (b.Tags?.Count ?? 0) : Console?.Pieces.Count ?? Inputs?.Count ?? 1;

    /// <summary>Its two halves, of which one may be acceptable where the whole is not; null for what cannot be divided.</summary>
    public (SpoolLine, SpoolLine)? Halves()
    {
        if (Batch is { Metrics.Count: > 1 and var m } metrics)
            return (new("batch", Batch: new RunBatch(Metrics: [.. metrics.Metrics!.Take(m / 2)])), new("batch", Batch: new RunBatch(Metrics: [.. metrics.Metrics!.Skip(m / 2)], metrics.Params, metrics.Tags)));
        if (Batch is { Params.Count: > 1 and var n } parameters)
            return (new("batch", Batch: new RunBatch(Params: [.. parameters.Params!.Take(n / 2)])), new("batch", Batch: parameters with { Params = [.. parameters.Params!.Skip(n / 2)] }));
        if (Batch is { Tags.Count: > 1 and var t } tags)
            return (new("batch", Batch: new RunBatch(Tags: [.. tags.Tags!.Take(t / 2)])), new("batch", Batch: tags with { Tags = [.. tags.Tags!.Skip(t / 2)] }));
        return null;
    }
}

/// <summary>
/// Where a run begins, or (in the line <c>server</c>, the first of a spool) where its lines belong. A program that owns the run ends it,
/// so the run has failed when the program is gone without having said so.
/// </summary>
internal sealed record SpoolStart(string Server, string? Workspace, string Experiment, NewRun Run, bool Owns = true);

/// <summary>How a run ends.</summary>
internal sealed record SpoolEnd(RunStatus Status, DateTimeOffset At);
