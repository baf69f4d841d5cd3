namespace Holdfast.Predictions;

/// <summary>How the prediction log is written.</summary>
public sealed record PredictionOptions
{
    /// <summary>Records that may wait for the log, over all endpoints; beyond that predictions are dropped and counted. 1 and more; default 32,768.</summary>
    public int QueueCapacity { get; init; } = 32_768;

    /// <summary>How long the writer gathers records before one fsync; at most 1 s. Default 50 ms.</summary>
    public TimeSpan Linger { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>How often the index and the folds' states are committed under traffic. Default 1 s.</summary>
    public TimeSpan CommitEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Records after which a commit comes early. Default 5,000; must be below <see cref="Recent"/>.</summary>
    public int CommitAfter { get; init; } = 5_000;

    /// <summary>Size at which a segment is closed; it is also closed when the hour changes. Default 64 MiB.</summary>
    public long SegmentBytes { get; init; } = 64 << 20;

    /// <summary>Predictions kept in memory for labels that come soon. Default 20,000.</summary>
    public int Recent { get; init; } = 20_000;
}
