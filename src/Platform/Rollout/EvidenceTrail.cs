namespace Holdfast.Rollout;

/// <summary>The evidence at a moment of the log.</summary>
/// <param name="At">Milliseconds since the Unix epoch, on the endpoint's clock.</param>
/// <param name="Weight">The candidate's share of the traffic.</param>
/// <param name="Harm">log10 of the e-value against "no worse", by guard.</param>
/// <param name="Safe">log10 of the e-value for "within the margin", by guard.</param>
internal sealed record TrailPoint(long At, double Weight, double[] Harm, double[] Safe);

/// <summary>All of an <see cref="EvidenceTrail"/>, for storing.</summary>
internal sealed record TrailSnapshot(long Interval, IReadOnlyList<TrailPoint> Points);

/// <summary>A rollout's evidence over time in at most 200 points: when they are full, every other one goes and the interval doubles.</summary>
internal sealed class EvidenceTrail(TrailSnapshot? stored = null)
{
    private const int Most = 200;
    private const long FirstInterval = 1000;
    private readonly List<TrailPoint> _points = [.. stored?.Points ?? []];
    private long _interval = stored?.Interval ?? FirstInterval;

    public IReadOnlyList<TrailPoint> Points => _points;

    public TrailSnapshot Snapshot => new(_interval, [.. _points]);

    /// <summary>Adds a point if it is time for one, or if a verdict fell.</summary>
    public void Add(long at, double weight, bool decided, Func<(double[] Harm, double[] Safe)> evidence)
    {
        if (!decided && _points.Count > 0 && at - _points[^1].At < _interval && weight == _points[^1].Weight)
            return;
        var (harm, safe) = evidence();
        _points.Add(new TrailPoint(at, weight, harm, safe));
        if (_points.Count <= Most)
            return;
        for (var i = _points.Count - 2; i > 0; i -= 2)
            _points.RemoveAt(i);
        _interval *= 2;
    }
}
