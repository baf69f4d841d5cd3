using System.Diagnostics;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Predictions;
using Holdfast.Serving.Backends;

namespace Holdfast.Serving;

/// <summary>The hot path: route, variant, answer, record. Nothing here waits for monitoring, disk or database.</summary>
internal sealed class Gateway(RouteTable routes, PredictionService predictions, ShadowQueue shadows, TimeProvider time)
{
    private static readonly TimeSpan Ahead = TimeSpan.FromMinutes(1);

    /// <summary>One variant to try.</summary>
    private readonly record struct Attempt(Variant? Variant, string Role, string? Fault);

    /// <summary>How a group of rows fared.</summary>
    private readonly record struct Served(Variant? By, string Role, Outcome[] Outcomes, string? Error, bool FellBack);

    public async ValueTask<InferAnswer> Infer(Principal p, string endpoint, InferRequest request)
    {
        var key = new EndpointKey(p.WorkspaceId, endpoint);
        var route = routes.Find(key) ?? throw Unknown(endpoint);
        var features = request.Features(route);
        if (features.Count == 0)
            throw new HoldfastException(ErrorCode.InvalidArgument, "The request has no rows.", "Send at least one input with at least one value.");
        var only = request.Version is { } version ? Only(route, version) : null;
        if ((only ?? route.Primary)?.Refuses(features) is { } refusal)
            throw new HoldfastException(ErrorCode.InvalidArgument, $"The endpoint '{endpoint}' cannot take this request: {refusal}.", $"GET /v2/models/{endpoint} shows its inputs.");
        if (request.Explain && (only ?? route.Primary) is { CanExplain: false } mute)
            throw new HoldfastException(ErrorCode.FailedPrecondition, $"The endpoint '{endpoint}' cannot explain its predictions: {mute.Model}/{mute.Version} is run by {mute.Info.Engine}{(mute.Info.Note is { } note ? $" ({note})" : "")}.", "Explanations need a model that is an ensemble of trees; leave 'explain' out.");
        var rows = Rows(route, request, features.Count, takesPart: only is null);
        predictions.Count(key, features.Count, 0);
        var copies = only is null && route.Shadow is not null ? shadows.Send(route, features) : null;
        var began = Stopwatch.GetTimestamp();
        var groups = Groups(rows);
        var served = new Served[groups.Length];
        for (var g = 0; g < groups.Length; g++)
        {
            var part = groups.Length == 1 ? features : features.Pick(groups[g].Rows);
            served[g] = await Serve(route, only is null ? Chain(route, groups[g].ToCandidate) : [new Attempt(only, Role(route, only), null)], part);
        }

        var took = Stopwatch.GetElapsedTime(began);
        for (var g = 0; g < groups.Length; g++)
            Record(route, rows, groups[g].Rows, features, served[g], took, copies, takesPart: only is null);
        foreach (var group in served)
        {
            if (group.By is null)
                throw new HoldfastException(ErrorCode.Unavailable, $"The endpoint '{endpoint}' did not answer: {group.Error}.", "Deploy a model version to it, or declare a fallback.");
        }

        predictions.Count(key, 0, features.Count);
        var answer = Answer(rows, groups, served);
        return request.Explain ? answer with { Explanations = Explain(features, groups, served) } : answer;
    }

    private static Explanation?[] Explain(FeatureRows features, (bool ToCandidate, int[] Rows)[] groups, Served[] served)
    {
        var explanations = new Explanation?[features.Count];
        for (var g = 0; g < groups.Length; g++)
        {
            var found = served[g].By!.Explain(groups.Length == 1 ? features : features.Pick(groups[g].Rows));
            for (var i = 0; found is not null && i < found.Count; i++)
                explanations[groups[g].Rows[i]] = found[i];
        }

        return explanations;
    }

    /// <summary>One row of a request on its way.</summary>
    private readonly record struct Row(string Id, DateTimeOffset At, ulong Unit, bool HasKey, bool ToCandidate);

    private Row[] Rows(Route route, InferRequest request, int count, bool takesPart)
    {
        var clock = default(DateTimeOffset);
        if (request.EventTime is null && request.RowTimes is null)
            clock = predictions.Now(route.Key);
        var latest = route.Spec.Clock == "wall" ? time.GetUtcNow() + Ahead : DateTimeOffset.MaxValue;
        var rows = new Row[count];
        // Without a key a request of many rows is one unit: its rows go one way together.
        ulong? shared = null;
        for (var i = 0; i < count; i++)
        {
            var at = request.RowTimes?[i] ?? request.EventTime ?? clock;
            if (at > latest)
                throw new HoldfastException(ErrorCode.InvalidArgument, $"The event_time {at:O} lies in the future of this endpoint's wall clock.", "Leave it out, or declare the endpoint with 'clock: event'.");
            if (at <= DateTimeOffset.UnixEpoch)
                throw new HoldfastException(ErrorCode.InvalidArgument, $"The endpoint '{route.Key.Name}' runs on event time and has none yet.", "Send the parameter event_time (RFC 3339 or unix milliseconds).");
            var id = Ids.Prediction(at);
            var sticky = request.RowKeys?[i] ?? request.Key;
            var unit = sticky is not null ? StickyBucket.Unit(route.Plan.Salt, sticky) : shared ??= StickyBucket.Unit(route.Plan.Salt, id);
            rows[i] = new Row(id, at, unit, sticky is not null, takesPart && route.Weight > 0 && StickyBucket.Holds(unit, route.Weight));
        }

        return rows;
    }

    private static (bool ToCandidate, int[] Rows)[] Groups(Row[] rows)
    {
        var toCandidate = rows.Count(r => r.ToCandidate);
        var all = Enumerable.Range(0, rows.Length);
        return toCandidate == 0 || toCandidate == rows.Length
            ? [(toCandidate > 0, [.. all])]
            : [(false, [.. all.Where(i => !rows[i].ToCandidate)]), (true, [.. all.Where(i => rows[i].ToCandidate)])];
    }

    private static List<Attempt> Chain(Route route, bool toCandidate)
    {
        var chain = new List<Attempt>(3);
        if (toCandidate)
            chain.Add(new Attempt(route.Candidate, VariantRole.Candidate, null));
        if (route.RulesByOverride)
            chain.Add(new Attempt(route.Rules, VariantRole.Fallback, "the fallback is in force, but no rules are declared"));
        else if (route.Primary is not null || route.PrimaryFault is not null)
            chain.AddRange([new Attempt(route.Primary, VariantRole.Primary, route.PrimaryFault), new Attempt(route.Rules, VariantRole.Fallback, null)]);
        else
            chain.Add(new Attempt(route.Rules, VariantRole.Primary, toCandidate ? null : "it has no model yet and no fallback"));
        return chain;
    }

    private static async ValueTask<Served> Serve(Route route, List<Attempt> chain, FeatureRows rows)
    {
        string? first = null;
        for (var i = 0; i < chain.Count; i++)
        {
            var (variant, role, fault) = chain[i];
            var error = fault;
            if (variant is not null)
            {
                var outcomes = new Outcome[rows.Count];
                error = variant.Refuses(rows) ?? await variant.Predict(rows, outcomes, route.Spec.Timeout);
                if (error is null)
                    return new Served(variant, role, outcomes, first, i > 0);
            }

            first ??= error;
        }

        return new Served(null, chain[0].Role, [], first ?? "unknown", false);
    }

    private void Record(Route route, Row[] rows, int[] indexes, FeatureRows features, Served served, TimeSpan took, Task<ShadowResult[]>? copies, bool takesPart)
    {
        for (var i = 0; i < indexes.Length; i++)
        {
            var index = indexes[i];
            var row = rows[index];
            var outcome = served.By is null ? new Outcome(double.NaN, "") : served.Outcomes[i];
            var entry = new PredictionEntry(
                row.Id, row.At, route.Key.Name, route.Key.WorkspaceId, served.Role, served.By?.Model ?? route.Plan.Primary?.Model ?? "", served.By?.Version ?? 0,
                route.Plan.Revision, takesPart ? route.RolloutId : null, takesPart ? route.Weight : 0, row.Unit, row.HasKey, outcome.Score, outcome.Prediction, served.Error, served.FellBack,
                took.TotalMilliseconds, Features(features, index), null);
            if (!predictions.Append(entry, copies is null ? null : Of(copies, index)))
                route.Gauge.NotLogged.Inc();
        }

        if (served.FellBack)
            route.Gauge.FellBack.Inc(indexes.Length);
        if (served.By is null)
            route.Gauge.Lost.Inc(indexes.Length);
        else
            route.Gauge.Answered(served.Role, indexes.Length, took);
    }

    private static async Task<ShadowResult> Of(Task<ShadowResult[]> copies, int row) => (await copies)[row];

    private static FeatureValue[] Features(FeatureRows rows, int row)
    {
        var values = new FeatureValue[rows.Names.Count];
        for (var i = 0; i < values.Length; i++)
            values[i] = new FeatureValue(rows.Names[i], rows.Numbers(i)[row], rows.Texts(i)?[row]);
        return values;
    }

    private static InferAnswer Answer(Row[] rows, (bool ToCandidate, int[] Rows)[] groups, Served[] served)
    {
        var ids = Array.ConvertAll(rows, r => r.Id);
        if (groups.Length == 1)
            return new InferAnswer(ids, served[0].Outcomes, served[0].Role, served[0].By!.Model, served[0].By!.Version);
        var outcomes = new Outcome[rows.Length];
        for (var g = 0; g < groups.Length; g++)
        {
            for (var i = 0; i < groups[g].Rows.Length; i++)
                outcomes[groups[g].Rows[i]] = served[g].Outcomes[i];
        }

        return served[0].By == served[1].By
            ? new InferAnswer(ids, outcomes, served[0].Role, served[0].By!.Model, served[0].By!.Version)
            : new InferAnswer(ids, outcomes, "mixed", served[0].By!.Model, -1);
    }

    private static Variant Only(Route route, int version)
    {
        foreach (var variant in route.Versions)
        {
            if (variant.Version == version)
                return variant;
        }

        throw new HoldfastException(
            ErrorCode.NotFound, $"The endpoint '{route.Key.Name}' does not serve version {version}.",
            route.Versions.Count == 0 ? "It serves no model version now." : $"It serves {string.Join(" and ", route.Versions.Select(v => v.Version))}.");
    }

    private static string Role(Route route, Variant only) => only == route.Primary ? VariantRole.Primary : VariantRole.Candidate;

    private static HoldfastException Unknown(string endpoint) =>
        new(ErrorCode.NotFound, $"There is no endpoint '{endpoint}' in this workspace.", "Declare it in holdfast.yaml and run 'holdfast apply'.");
}
