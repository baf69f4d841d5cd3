using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Tracking;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Wire.Mlflow;

/// <summary><c>metrics/*</c>.</summary>
internal static class MetricCalls
{
    private const string Root = "/2.0/mlflow/metrics/";
    private const int MaxRuns = 100;
    private const int MaxBulk = 25_000;
    private const int MaxInterval = 2_500;

    public static IEnumerable<MlflowEndpoint> Endpoints =>
    [
        new("GET", Root + "get-history", Role.Viewer, History),
        new("GET", Root + "get-history-bulk-interval", Role.Viewer, BulkInterval),
    ];

    public static IEnumerable<MlflowEndpoint> AjaxEndpoints =>
    [
        new("GET", Root + "get-history-bulk", Role.Viewer, Bulk),
    ];

    private static async Task<IResult> History(MlflowCall call)
    {
        var page = await call.Tracking.MetricHistory(call.Principal, call.Args.RunId(), call.Args.Required("metric_key"), call.Args.Int32("max_results"), call.Args.Text("page_token"), call.Ct);
        return new MlflowJson(w =>
        {
            w.List("metrics", page.Items, MlflowWriter.Metric);
            w.Token(page.NextToken);
        });
    }

    private static async Task<IResult> Bulk(MlflowCall call)
    {
        var runs = call.Args.Texts("run_id");
        if (runs.Count == 0)
            throw new HoldfastException(ErrorCode.InvalidArgument, "GetMetricHistoryBulk request must specify at least one run_id.");
        if (runs.Count > MaxRuns)
            throw new HoldfastException(ErrorCode.InvalidArgument, $"GetMetricHistoryBulk request cannot specify more than {MaxRuns} run_ids. Received {runs.Count} run_ids.");
        if (call.Args.Text("metric_key") is not { Length: > 0 } key)
            throw new HoldfastException(ErrorCode.InvalidArgument, "GetMetricHistoryBulk request must specify a metric_key.");
        var left = Math.Min(call.Args.Int32("max_results") ?? MaxBulk, MaxBulk);
        var found = new List<(string Run, MetricPoint Point)>();
        foreach (var run in runs.Order(StringComparer.Ordinal))
        {
            if (left - found.Count <= 0)
                break;
            found.AddRange((await call.Tracking.MetricHistory(call.Principal, run, key, left - found.Count, ct: call.Ct)).Items.Select(point => (run, point)));
        }

        // This one endpoint writes its list even when it is empty.
        return new MlflowJson(w =>
        {
            w.WriteStartArray("metrics");
            foreach (var (run, point) in found)
            {
                w.WriteStartObject();
                MlflowWriter.Metric(w, point);
                w.WriteString("run_id", run);
                w.WriteEndObject();
            }

            w.WriteEndArray();
        });
    }

    public static async Task<IResult> BulkInterval(MlflowCall call)
    {
        var runs = call.Args.Texts("run_ids");
        if (runs.Count == 0)
            throw call.Args.Missing("run_ids");
        if (runs.Count > MaxRuns)
            throw new HoldfastException(ErrorCode.InvalidArgument, $"GetMetricHistoryBulkInterval request must specify at most {MaxRuns} run_ids. Received {runs.Count} run_ids.");
        var key = call.Args.Required("metric_key");
        var max = call.Args.Int32("max_results") ?? MaxInterval;
        if (max is < 1 or > MaxInterval)
            throw new HoldfastException(ErrorCode.InvalidArgument, $"max_results must be between 1 and {MaxInterval}.");
        var points = await call.Tracking.SampledHistory(call.Principal, runs, key, call.Args.Int64("start_step"), call.Args.Int64("end_step"), max, call.Ct);
        return new MlflowJson(w => w.List("metrics", points, (w, p) =>
        {
            MlflowWriter.Metric(w, p.Point);
            w.WriteString("run_id", p.RunId);
        }));
    }
}
