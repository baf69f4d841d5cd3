using System.Globalization;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Predictions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Holdfast.Serving;

/// <summary>Endpoints and their routes over HTTP.</summary>
public static class ServingApi
{
    /// <summary>Maps the routes.</summary>
    public static void MapServingApi(this IEndpointRouteBuilder api)
    {
        api.MapGet("/endpoints", List).Needs(Role.Viewer);
        api.MapGet("/endpoints/{name}", Get).Needs(Role.Viewer);
        api.MapPut("/endpoints/{name}", Apply).Needs(Role.Editor);
        api.MapDelete("/endpoints/{name}", Delete).Needs(Role.Editor);
        api.MapPut("/endpoints/{name}/override", SetOverride).Needs(Role.Editor);
        api.MapDelete("/endpoints/{name}/override", ClearOverride).Needs(Role.Editor);
        api.MapGet("/endpoints/{name}/logs", Logs).Needs(Role.Viewer);
        api.MapPost("/endpoints/{name}/explain", Explain).Needs(Role.Editor);
        StreamApi.Map(api);
    }

    private static async Task<Page<EndpointInfo>> List(HttpContext http, ServingService serving, PredictionService predictions, CancellationToken ct) =>
        new([.. (await serving.List(http.Principal(), ct)).Select(s => Info(http, predictions, serving, s))]);

    private static async Task<EndpointInfo> Get(HttpContext http, ServingService serving, PredictionService predictions, string name, CancellationToken ct) =>
        Info(http, predictions, serving, await serving.Get(http.Principal(), name, ct));

    private static async Task<EndpointInfo> Apply(HttpContext http, ServingService serving, PredictionService predictions, string name, EndpointBody body, CancellationToken ct)
    {
        // What a project declared is changed there, or the next apply would undo it.
        if (await serving.Find(http.Principal(), name, ct) is { ManagedBy: { } owner })
            throw new HoldfastException(ErrorCode.FailedPrecondition, $"The endpoint '{name}' is managed by {owner}.", "Change its holdfast.yaml and run 'holdfast apply'.");
        var spec = new EndpointSpec(
            name, body.Model, body.Fallback, body.Clock, body.Key, body.Timeout, body.ShadowTimeout, body.Lateness, body.Concurrency, body.OnMissing, body.Range, body.FallbackLimit,
            new LogRules(
                body.Retention is { } keep ? Term.Parse(keep, "retention") : null, body.Redact, body.Hash, body.Events is { } events ? new EventTarget(events.To, events.Format ?? EventTarget.KServe) : null));
        return Info(http, predictions, serving, await serving.ApplyEndpoint(http.Principal(), spec, null, ct));
    }

    private static Task Delete(HttpContext http, ServingService serving, string name, CancellationToken ct) => serving.DeleteEndpoint(http.Principal(), name, ct);

    private static async Task<EndpointInfo> SetOverride(HttpContext http, ServingService serving, PredictionService predictions, string name, OverrideBody body, CancellationToken ct) =>
        Info(http, predictions, serving, await serving.SetOverride(http.Principal(), name, new RouteOverride(body.Kind, Variant(body.Pin), body.Reason, body.IncidentId), ct));

    private static async Task<EndpointInfo> ClearOverride(HttpContext http, ServingService serving, PredictionService predictions, string name, string? reason, CancellationToken ct) =>
        Info(http, predictions, serving, await serving.ClearOverride(http.Principal(), name, reason ?? "cleared by " + http.Principal().Name, ct));

    private static async Task<ExplainAnswer> Explain(HttpContext http, ServingService serving, string name, ExplainRequest body)
    {
        var request = RowObjects.Request(body.Rows);
        (request.Explain, request.Version, request.Key, request.EventTime) = (true, body.Version, body.Key, body.EventTime);
        if (body.Top < 0)
            throw new HoldfastException(ErrorCode.InvalidArgument, $"'top' is {body.Top}.", "Use 1 or more, or 0 for all contributions.");
        var answer = await serving.Infer(http.Principal(), name, request);
        return new ExplainAnswer(answer.Role, answer.Model, answer.Version, [.. answer.Ids.Select((id, row) => new ExplainedPrediction(
            id, double.IsFinite(answer.Outcomes[row].Score) ? answer.Outcomes[row].Score : null, answer.Outcomes[row].Prediction, Top(answer.Explanations![row], body.Top)))]);
    }

    private static EndpointLogs Logs(HttpContext http, ServingService serving, string name, int? lines) => new(serving.Logs(http.Principal(), name, lines ?? 200));

    private static Explanation? Top(Explanation? explanation, int top) =>
        explanation is null || top == 0 ? explanation : explanation with { Contributions = [.. explanation.Contributions.Take(top)] };

    private static VariantRef? Variant(string? text)
    {
        if (text is null)
            return null;
        var slash = text.LastIndexOf('/');
        return slash > 0 && int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            ? new VariantRef(text[..slash], version)
            : throw new HoldfastException(ErrorCode.InvalidArgument, $"'{text}' is not a model version.", "Write MODEL/VERSION, such as credit-risk/3.");
    }

    private static EndpointInfo Info(HttpContext http, PredictionService predictions, ServingService serving, EndpointState state)
    {
        var (plan, over) = (state.Plan, state.Override);
        return new EndpointInfo(
            state.Spec.Name, state.Spec.Model, state.Spec.Fallback.Length > 0, state.Spec.Clock, state.Spec.Key,
            new PlanInfo(plan.Revision, plan.Primary?.ToString(), plan.Candidate?.ToString(), plan.Mode, plan.CandidateWeight, plan.RolloutId),
            over is null ? null : new OverrideBody(over.Kind, over.Pin?.ToString(), over.Reason, over.IncidentId),
            state.ManagedBy, predictions.Now(new EndpointKey(http.Principal().WorkspaceId, state.Spec.Name)), state.UpdatedAt, state.Faults, serving.Traffic(http.Principal(), state.Spec.Name))
        {
            Variants = serving.Variants(http.Principal(), state.Spec.Name),
        };
    }
}
