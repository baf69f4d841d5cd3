namespace Holdfast.Contracts;

/// <summary>What one variant did in one stretch of an endpoint's clock.</summary>
/// <param name="Role"><c>primary</c>, <c>candidate</c>, <c>fallback</c>, or <c>shadow</c> for the candidate's copies.</param>
/// <param name="Model">Model; <c>rules</c> for the rules.</param>
/// <param name="Requests">Rows that it answered (or failed to).</param>
/// <param name="Errors">Rows where the variant that was tried first erred.</param>
/// <param name="FellBack">Rows that another variant answered in the place of the first.</param>
/// <param name="P50">Median latency in milliseconds, within 5 %; null without an answer.</param>
/// <param name="P99">99th percentile of it.</param>
/// <param name="MeanScore">Mean of the scores; null without one.</param>
/// <param name="Labels">Labels known by now, counted where their prediction stands.</param>
/// <param name="Right">How many of them are what was predicted.</param>
public sealed record VariantTraffic(
    string Role, string Model, int ModelVersion, long Requests, long Errors, long FellBack, double? P50, double? P90, double? P99, double? MeanScore, long Labels, long Right);

/// <summary>One stretch of traffic.</summary>
/// <param name="At">Its start, on the endpoint's clock.</param>
public sealed record TrafficBucket(DateTimeOffset At, IReadOnlyList<VariantTraffic> Variants);

/// <summary>The traffic of an endpoint over time; stretches without any are left out.</summary>
/// <param name="Step">Length of a stretch: <c>1m</c> (the last hour is kept), <c>1h</c> (a week) or <c>1d</c> (four months).</param>
/// <param name="Now">The endpoint's clock.</param>
public sealed record TrafficSeries(string Step, DateTimeOffset Now, IReadOnlyList<TrafficBucket> Buckets);
