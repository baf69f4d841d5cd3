using System.Text;
using System.Text.Json;
using Holdfast.Kernel;

namespace Holdfast.Tracking;

public sealed partial class TrackingService
{
    /// <summary>Points of a metric within a range (ends included), by step, time and value.</summary>
    /// <param name="max">Length of the page, 1 to 50,000.</param>
    public async Task<Page<MetricPoint>> MetricPoints(
        Principal p, string runId, string key, decimal? fromStep = null, decimal? toStep = null, DateTimeOffset? fromTime = null, DateTimeOffset? toTime = null, int max = KeyRules.MaxPage, string? token = null,
        CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        KeyRules.Page(max);
        var range = Range(fromStep, toStep, fromTime, toTime);
        var after = PointToken.Read(token);
        return await db.Read(
            tx =>
            {
                var run = RunStore.Find(tx, p.WorkspaceId, runId) ?? throw NoRun(runId);
                var points = SeriesStore.Points(tx, p.WorkspaceId, run.Key, key, range, after, max + 1);
                return points.Count > max ? new Page<MetricPoint>(points[..max], PointToken.Of(points[max - 1])) : new Page<MetricPoint>(points);
            },
            ct);
    }

    private static PointRange Range(decimal? fromStep, decimal? toStep, DateTimeOffset? fromTime, DateTimeOffset? toTime)
    {
        if (fromStep > toStep)
            throw KeyRules.Invalid($"'from_step' is {fromStep}, which is greater than 'to_step', {toStep}.", "Exchange them.");
        if (fromTime > toTime)
            throw KeyRules.Invalid($"'from_time' is {fromTime:O}, which is later than 'to_time', {toTime:O}.", "Exchange them.");
        return new PointRange(Stored(fromStep), Stored(toStep), fromTime?.ToUnixTimeMilliseconds(), toTime?.ToUnixTimeMilliseconds());

        static decimal? Stored(decimal? step) => step is { } s ? Math.Clamp(s, long.MinValue, long.MaxValue) : null;
    }
}

/// <summary>Where the next page of points begins: after the last point of this one, so a page costs the same at any depth.</summary>
internal static class PointToken
{
    public static string Of(MetricPoint point)
    {
        var key = SeriesStore.Key(point);
        return Convert.ToBase64String(JsonSerializer.SerializeToUtf8Bytes(new[] { key.Step.Whole, key.Step.Part, key.At, BitConverter.DoubleToInt64Bits(key.Value), key.IsNan ? 1 : 0 }));
    }

    public static PointKey? Read(string? token)
    {
        if (string.IsNullOrEmpty(token))
            return null;
        try
        {
            if (JsonSerializer.Deserialize<long[]>(Encoding.UTF8.GetString(Convert.FromBase64String(token))) is [var whole, var part, var at, var value, var nan])
                return new PointKey(new StepKey(whole, part), at, BitConverter.Int64BitsToDouble(value), nan == 1);
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            // Whatever it was, it is no token of ours.
        }

        throw KeyRules.Invalid($"Invalid page token '{token}'", "Send the token of the page before, unchanged, or none for the first page.");
    }
}
