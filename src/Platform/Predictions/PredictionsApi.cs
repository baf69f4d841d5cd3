using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Holdfast.Predictions;

/// <summary>Predictions, labels and event clocks over HTTP.</summary>
public static class PredictionsApi
{
    /// <summary>Maps the routes.</summary>
    public static void MapPredictionsApi(this IEndpointRouteBuilder api)
    {
        api.MapPost("/endpoints/{name}/labels", AddLabels).Needs(Role.Editor);
        api.MapPost("/endpoints/{name}/clock", AdvanceClock).Needs(Role.Editor);
        api.MapGet("/endpoints/{name}/predictions", Query).Needs(Role.Viewer);
        api.MapGet("/endpoints/{name}/predictions/{id}", Get).Needs(Role.Viewer);
        api.MapGet("/endpoints/{name}/log", Completeness).Needs(Role.Viewer);
        api.MapGet("/endpoints/{name}/traffic", Traffic).Needs(Role.Viewer);
        api.MapPost("/endpoints/{name}/log/compact", Compact).Needs(Role.Editor);
        api.MapPost("/endpoints/{name}/query", Ask).Needs(Role.Viewer);
        api.MapPost("/endpoints/{name}/predictions/delete", Delete).Needs(Role.Admin);
        api.MapPost("/endpoints/{name}/events", AddEvent).Needs(Role.Editor);
        api.MapPost("/endpoints/{name}/datasets", Materialize).Needs(Role.Editor);
        api.MapGet("/endpoints/{name}/quarantines", Quarantines).Needs(Role.Viewer);
        api.MapPost("/quarantines/{id}/release", Release).Needs(Role.Editor);
    }

    // 200: all are joined or will be; 202: stored, some wait for their prediction; 404: a single one whose prediction is not here.
    private static async Task<IResult> AddLabels(HttpContext http, PredictionService predictions, string name, LabelsRequest body, CancellationToken ct)
    {
        var labels = body.Labels ?? [new LabelBody(body.PredictionId, body.Value, body.At) { Key = body.Key, Time = body.Time, Tolerance = body.Tolerance, RequestId = body.RequestId, Row = body.Row }];
        var key = new EndpointKey(http.Principal().WorkspaceId, name);
        var result = await predictions.AddLabels(http.Principal(), name, [.. labels.Select((l, i) => Label(key, l, i))], ct);
        if (labels.Count == 1 && result.Unknown is [var unknown])
            throw new HoldfastException(ErrorCode.NotFound, $"The endpoint '{name}' has no prediction '{unknown}' in its log.", "The label is kept and will be joined if the prediction still comes; check the id.");
        var answer = new LabelsAnswer(result.Accepted, result.Pending, result.Unknown) { Waiting = result.Waiting, Ambiguous = result.Ambiguous };
        return Results.Json(answer, statusCode: result.Accepted == labels.Count ? StatusCodes.Status200OK : StatusCodes.Status202Accepted);
    }

    private static NewLabel Label(EndpointKey endpoint, LabelBody l, int index) => new(
        l.PredictionId ?? (l.RequestId is { } request ? EventInbox.Id(endpoint, request, l.Row) : ""), Text(l.Value), l.At, l.Key, l.Time,
        l.Tolerance is { } tolerance ? Term.Parse(tolerance, $"labels[{index}].tolerance") : null);

    private static async Task<ClockAnswer> AdvanceClock(HttpContext http, PredictionService predictions, ControlLoop controllers, string name, ClockRequest body, CancellationToken ct)
    {
        await predictions.AdvanceClock(http.Principal(), name, body.To, ct);
        var key = new EndpointKey(http.Principal().WorkspaceId, name);
        if (body.Settle)
            await predictions.Settle(key, () => controllers.Settle(outside: true, ct));
        return new ClockAnswer(predictions.Now(key));
    }

    private static async Task<Page<PredictionInfo>> Query(
        HttpContext http, PredictionService predictions, string name, DateTimeOffset? from, DateTimeOffset? until, string? role, bool? labelled, int? limit,
        string? label, string? prediction, string? where, string? key, bool? failed, string? order,
        [FromQuery(Name = "model_version")] int? version, [FromQuery(Name = "min_score")] double? least, [FromQuery(Name = "max_score")] double? most,
        [FromQuery(Name = "page_token")] string? token, CancellationToken ct)
    {
        if (order is not (null or "oldest" or "newest"))
            throw new HoldfastException(ErrorCode.InvalidArgument, $"order is '{order}'.", "Use oldest or newest.");
        var query = new PredictionQuery(name, from, until, role, labelled, limit ?? 100, token)
        {
            Label = label,
            Prediction = prediction,
            Where = where,
            Key = key,
            Failed = failed,
            ModelVersion = version,
            MinScore = least,
            MaxScore = most,
            NewestFirst = order == "newest",
        };
        var page = await predictions.Query(http.Principal(), query, ct);
        return new Page<PredictionInfo>([.. page.Items.Select(Info)], page.NextToken);
    }

    private static async Task<PredictionInfo> Get(HttpContext http, PredictionService predictions, string name, string id, CancellationToken ct) =>
        Info(await predictions.Get(http.Principal(), name, id, ct));

    private static Task<LogCompleteness> Completeness(HttpContext http, PredictionService predictions, string name, CancellationToken ct) =>
        predictions.Figures(http.Principal(), name, ct);

    private static async Task<CompactAnswer> Compact(HttpContext http, PredictionService predictions, string name, CancellationToken ct) =>
        new(await predictions.Compact(http.Principal(), name, ct));

    private static Task<DeletionReport> Delete(HttpContext http, PredictionService predictions, string name, DeletePredictions body, CancellationToken ct) =>
        predictions.DeleteEntity(http.Principal(), name, body.Key, ct);

    // The result is a file; how many rows it has and whether there were more stands in the header.
    private static async Task Ask(HttpContext http, PredictionService predictions, string name, PredictionQuestion body, CancellationToken ct)
    {
        if (!Enum.TryParse<QueryFormat>(body.Format ?? "json", ignoreCase: true, out var format) || !Enum.IsDefined(format))
            throw new HoldfastException(ErrorCode.InvalidArgument, $"format is '{body.Format}'.", "Use json, csv or parquet.");
        using var result = await predictions.Ask(http.Principal(), name, new LogQuestion(body.Sql, format, body.Limit ?? LogQuestion.DefaultLimit, body.From, body.Until), ct);
        http.Response.ContentType = format switch { QueryFormat.Csv => "text/csv; charset=utf-8", QueryFormat.Parquet => "application/vnd.apache.parquet", _ => "application/json" };
        http.Response.Headers.XContentTypeOptions = "nosniff";
        http.Response.Headers["X-Holdfast-Rows"] = result.Rows.ToString(System.Globalization.CultureInfo.InvariantCulture);
        http.Response.Headers["X-Holdfast-Truncated"] = result.Truncated ? "true" : "false";
        await http.Response.SendFileAsync(result.Path, ct);
    }

    // 202: the other half is still to come.
    private static async Task<IResult> AddEvent(HttpContext http, PredictionService predictions, string name, CancellationToken ct)
    {
        var answer = await predictions.AddEvent(http.Principal(), name, await EventHeaders.Read(http.Request, ct), ct);
        return Results.Json(answer, statusCode: answer.State == "waiting" ? StatusCodes.Status202Accepted : StatusCodes.Status200OK);
    }

    private static TrafficSeries Traffic(HttpContext http, PredictionService predictions, string name, string? step) =>
        predictions.Traffic(new EndpointKey(http.Principal().WorkspaceId, name), step);

    private static async Task<MaterializeAnswer> Materialize(HttpContext http, PredictionService predictions, string name, MaterializeRequest body, CancellationToken ct)
    {
        var window = await predictions.Materialize(http.Principal(), name, body.From, body.Until, body.Dataset, new MaterializeOptions(body.LabelColumn), ct);
        return new MaterializeAnswer(window.Version.Ref, window.Rows, window.LabelCoverage, window.Quarantined);
    }

    private static Task<IReadOnlyList<Quarantine>> Quarantines(HttpContext http, PredictionService predictions, string name, CancellationToken ct) =>
        predictions.ListQuarantines(http.Principal(), name, ct);

    private static Task Release(HttpContext http, PredictionService predictions, string id, ReleaseRequest body, CancellationToken ct) =>
        predictions.ReleaseQuarantine(http.Principal(), id, body.Reason, ct);

    // Numbers keep the digits that were sent: "1" and "1.0" are different labels of a class.
    private static string Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
        _ => "",
    };

    private static PredictionInfo Info(LoggedPrediction logged)
    {
        var (e, label, labelAt) = logged;
        return new PredictionInfo(
            e.Id, e.At, e.Endpoint, e.Role, e.Model, e.ModelVersion, e.RouteRevision, e.RolloutId, e.CandidateWeight, e.HasKey, Known(e.Score), e.Prediction, e.Error, e.FellBack, e.LatencyMs,
            e.Features.ToDictionary(f => f.Name, f => f.Text ?? (object?)Known(f.Number)),
            e.Shadow is { } s ? new ShadowInfo(s.Model, s.ModelVersion, Known(s.Score), s.Prediction, s.Error, s.LatencyMs) : null,
            label, labelAt, e.Asked);
    }

    private static double? Known(double value) => double.IsNaN(value) ? null : value;
}
