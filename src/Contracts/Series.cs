namespace Holdfast.Contracts;

/// <summary>The courses of several metrics of several runs. Body of <c>POST /api/v1/runs/series</c>.</summary>
/// <param name="Runs">Ids of the runs, at most 2,000; one that is not there is left out of the answer.</param>
/// <param name="Keys">Names of the metrics, at most 100; runs times keys at most 20,000.</param>
/// <param name="Buckets">The most positions of one series, 1 to 5,000. A series with no more points than that comes as it was logged.</param>
/// <param name="X">What the positions are: <c>step</c>, <c>time</c> (milliseconds since 1970) or <c>relative</c> (milliseconds since the run's start).</param>
/// <param name="From">Least position; null: from the first.</param>
/// <param name="To">Greatest position; null: to the last.</param>
public sealed record SeriesQuery(IReadOnlyList<string> Runs, IReadOnlyList<string> Keys, int Buckets = 500, string X = "step", double? From = null, double? To = null);

/// <summary>
/// One metric of one run over buckets of equal width. Of a long series a bucket is made of blocks of 64 or 1,024 points, so its ends are
/// those of blocks; between half as many buckets as were asked for and all of them come.
/// </summary>
/// <param name="Run">Id of the run.</param>
/// <param name="Key">Name of the metric.</param>
/// <param name="Points">Points in the range, before bucketing.</param>
/// <param name="X">Position of the last point of each bucket; buckets without a point are left out.</param>
/// <param name="Last">Value of that point; NaN as the text <c>NaN</c>.</param>
/// <param name="Min">Least value of each bucket; null when every bucket is one point.</param>
/// <param name="Max">Greatest value of each bucket; null when every bucket is one point.</param>
/// <param name="Mean">Mean of the values of each bucket that are not NaN; null when every bucket is one point.</param>
/// <param name="Count">Points of each bucket; null when every bucket is one point.</param>
public sealed record SeriesCourse(
    string Run, string Key, long Points, IReadOnlyList<double> X, IReadOnlyList<double> Last, IReadOnlyList<double>? Min = null, IReadOnlyList<double>? Max = null, IReadOnlyList<double>? Mean = null,
    IReadOnlyList<long>? Count = null);

/// <summary>Answer of <c>POST /api/v1/runs/series</c>: what was found, in the order of runs, then keys.</summary>
public sealed record SeriesAnswer(IReadOnlyList<SeriesCourse> Series);

/// <summary>Runs that changed: one message of <c>GET /api/v1/runs/live</c>.</summary>
/// <param name="Runs">Their ids.</param>
/// <param name="Many">More than are named changed: read everything again.</param>
public sealed record RunNews(IReadOnlyList<string> Runs, bool Many = false);
