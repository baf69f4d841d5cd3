using Holdfast.Predictions;

namespace Holdfast.Rollout;

/// <summary>All of a <see cref="LatencyLimit"/>, for storing.</summary>
internal sealed record LatencySnapshot(double? P99, long[] Counts, long Seen, int Blocks);

/// <summary>
/// The 99th percentile of the primary's latency over its previous block of answers: fixed before the answers that are judged by it, as
/// an e-process demands. Blocks of 200, 500, then 1,000 answers, so that a first value comes soon. Log-scaled counters, 5 % wide.
/// </summary>
internal sealed class LatencyLimit
{
    private static readonly int[] BlockSizes = [200, 500, 1000];

    private readonly long[] _counts;
    private long _seen;
    private int _blocks;

    public LatencyLimit() => _counts = new long[LatencyBins.Size];

    public LatencyLimit(LatencySnapshot s) => (P99, _counts, _seen, _blocks) = (s.P99, [.. s.Counts], s.Seen, s.Blocks);

    /// <summary>Milliseconds; null before the first block is full.</summary>
    public double? P99 { get; private set; }

    public LatencySnapshot Snapshot => new(P99, [.. _counts], _seen, _blocks);

    public void Observe(double milliseconds)
    {
        _counts[LatencyBins.Of(milliseconds)]++;
        if (++_seen < BlockSizes[Math.Min(_blocks, BlockSizes.Length - 1)])
            return;
        P99 = LatencyBins.Above(_counts, 0.01);
        Array.Clear(_counts);
        (_seen, _blocks) = (0, _blocks + 1);
    }

    /// <summary>The limit beyond which an answer is slow: the percentile and what is tolerated on top, never below the floor.</summary>
    public double? Limit(GuardSpec spec) => P99 is { } p99 && spec.LatencyP99 is { } rule ? Math.Max(spec.LatencyFloorMs, p99 * (1 + rule.Tolerance)) : null;
}
