namespace Holdfast.Tracking;

/// <summary>Which metrics of which runs to chart. Body of <c>POST /api/v1/runs/chart</c>.</summary>
/// <param name="RunIds">1 to 1,000 runs.</param>
/// <param name="Keys">1 to 100 metrics.</param>
/// <param name="Buckets">At most so many points a series, 1 to 10,000. All series together may have 2,000,000.</param>
/// <param name="FromStep">Only points from this step on.</param>
/// <param name="ToStep">Only points up to this step.</param>
/// <param name="FromTime">Only points from this time on.</param>
/// <param name="ToTime">Only points up to this time.</param>
/// <param name="ByTime">Whether buckets are of equal length in time, not in steps.</param>
public sealed record ChartQuery(
    IReadOnlyList<string> RunIds, IReadOnlyList<string> Keys, int Buckets = 500, decimal? FromStep = null, decimal? ToStep = null, DateTimeOffset? FromTime = null, DateTimeOffset? ToTime = null,
    bool ByTime = false);

/// <summary>
/// A metric of a run as a chart draws it: one entry a bucket in each list, in the order of the steps. A spike is never lost: it is the
/// least or greatest of its bucket. Where the points are no more than the buckets, each is its own.
/// </summary>
/// <param name="RunId">The run.</param>
/// <param name="Key">The metric.</param>
/// <param name="Points">How many points lie in the range.</param>
/// <param name="Step">The step of the bucket's last point.</param>
/// <param name="TimeMs">Its time in milliseconds since 1970, UTC.</param>
/// <param name="Last">Its value; may be NaN.</param>
/// <param name="Min">The least value in the bucket; NaN when all are NaN.</param>
/// <param name="Max">The greatest value in the bucket; NaN when all are NaN.</param>
/// <param name="Mean">The mean of those that are not NaN; NaN when all are.</param>
/// <param name="Count">How many points are in the bucket.</param>
public sealed record MetricChart(
    string RunId, string Key, long Points, IReadOnlyList<decimal> Step, IReadOnlyList<long> TimeMs, IReadOnlyList<double> Last, IReadOnlyList<double> Min, IReadOnlyList<double> Max,
    IReadOnlyList<double> Mean, IReadOnlyList<long> Count);
