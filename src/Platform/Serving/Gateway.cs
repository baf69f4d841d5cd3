using System.Diagnostics;
using System.Globalization;
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

    /// <summary>How a row fared.</summary>
    private struct Served
    {
        public Variant? By;
        public string Role;
        public Outcome Outcome;
        public string? Error;
        public bool FellBack;
    }

    public async ValueTask<InferAnswer> Infer(Principal p, string endpoint, InferRequest request)
    {
        var key = new EndpointKey(p.WorkspaceId, endpoint);
        var route = routes.Find(key) ?? throw Unknown(endpoint);
        if (route.Unloaded)
            throw new HoldfastException(ErrorCode.Unavailable, $"The endpoint '{endpoint}' was unloaded.", $"POST /v2/repository/models/{endpoint}/load loads it again.");
        if (request.Batch)
            await predictions.WaitForRoom(Math.Max(request.Rows, 0), request.Ended);
        if (!route.Gate.TryEnter())
            throw new HoldfastException(ErrorCode.Overloaded, $"The endpoint '{endpoint}' answers {route.Gate.Limit} requests at once and no more now.", "Send it again after a second, or raise its 'concurrency'.");
        var began = Stopwatch.GetTimestamp();
        var took = TimeSpan.Zero;
        try
        {
            var features = request.Features(route);
            if (features.Count == 0)
                throw new HoldfastException(ErrorCode.InvalidArgument, "The request has no rows.", "Send at least one input with at least one value.");
            var only = Only(route, request);
            if ((only ?? route.Primary)?.Refuses(features, only is null && route.FallsBackOnMissing) is { } refusal)
                throw new HoldfastException(ErrorCode.InvalidArgument, $"The endpoint '{endpoint}' cannot take this request: {refusal}.", $"GET /v2/models/{endpoint} shows its inputs.");
            if (request.Explain && (only ?? route.Primary ?? route.Rules) is { CanExplain: false } mute)
                throw new HoldfastException(ErrorCode.Unsupported, $"The model behind '{endpoint}' gives no explanations: {mute.Model} is run by {mute.Info.Engine}{(mute.Info.Note is { } note ? $" ({note})" : "")}.", "Explanations need an ensemble of trees; ask without them.");
            var rows = Rows(route, request, features.Count, takesPart: only is null);
            predictions.Count(key, features.Count, 0);
            var copies = only is null && route.Shadow is not null ? shadows.Send(route, features) : null;
            var served = new Served[features.Count];
            if (only is not null)
                await Serve(route, [new Attempt(only, Role(route, only), null)], features, null, served);
            else
                await Serve(route, rows, features, served);
            took = Stopwatch.GetElapsedTime(began);
            Record(route, rows, features, served, took, copies, only is null ? null : Asked(request));
            foreach (ref readonly var row in served.AsSpan())
            {
                if (row.By is null)
                    throw new HoldfastException(ErrorCode.Unavailable, $"The endpoint '{endpoint}' did not answer: {row.Error}.", "Deploy a model version to it, or declare a fallback.");
            }

            predictions.Count(key, 0, features.Count);
            var answer = Answer(rows, served);
            return request.Explain ? answer with { Explanations = Explain(features, served) } : answer;
        }
        finally
        {
            if (took == TimeSpan.Zero || request.Batch)
                route.Gate.Leave();
            else
                route.Gate.Leave(took.TotalMilliseconds, route.Spec.Timeout.TotalMilliseconds, Environment.TickCount64);
        }
    }

    private static Explanation?[] Explain(FeatureRows features, Served[] served)
    {
        var explanations = new Explanation?[served.Length];
        foreach (var group in Enumerable.Range(0, served.Length).GroupBy(i => served[i].By))
        {
            int[] rows = [.. group];
            var found = group.Key!.Explain(features.Pick(rows));
            for (var i = 0; found is not null && i < found.Count; i++)
                explanations[rows[i]] = found[i];
        }

        return explanations;
    }

    /// <summary>One row of a request on its way.</summary>
    private readonly record struct Row(string Id, DateTimeOffset At, ulong Unit, ulong? Entity, bool ToCandidate)
    {
        public bool HasKey => Entity is not null;
    }

    private Row[] Rows(Route route, InferRequest request, int count, bool takesPart)
    {
        DateTimeOffset? clock = null;
        var latest = route.Spec.Clock == "wall" ? time.GetUtcNow() + Ahead : DateTimeOffset.MaxValue;
        var rows = new Row[count];
        // Without a key a request of many rows is one unit: its rows go one way together.
        ulong? shared = null;
        for (var i = 0; i < count; i++)
        {
            var own = request.RowTimes?[i];
            var at = own is { } given && given != default ? given : request.EventTime ?? (clock ??= predictions.Now(route.Key));
            if (at > latest)
                throw new HoldfastException(ErrorCode.InvalidArgument, $"The event_time {at:O} lies in the future of this endpoint's wall clock.", "Leave it out, or declare the endpoint with 'clock: event'.");
            if (at <= DateTimeOffset.UnixEpoch)
                throw new HoldfastException(ErrorCode.InvalidArgument, $"The endpoint '{route.Key.Name}' runs on event time and has none yet.", "Send the parameter event_time (RFC 3339 or unix milliseconds).");
            var id = Ids.Prediction(at);
            var sticky = request.RowKeys?[i] ?? request.Key;
            var unit = sticky is not null ? StickyBucket.Unit(route.Plan.Salt, sticky) : shared ??= StickyBucket.Unit(route.Plan.Salt, id);
            rows[i] = new Row(id, at, unit, sticky is null ? null : StickyBucket.Entity(sticky), takesPart && route.Weight > 0 && StickyBucket.Holds(unit, route.Weight));
        }

        return rows;
    }

    private static async ValueTask Serve(Route route, Row[] rows, FeatureRows features, Served[] served)
    {
        var toCandidate = 0;
        foreach (ref readonly var row in rows.AsSpan())
            toCandidate += row.ToCandidate ? 1 : 0;
        if (toCandidate == 0 || toCandidate == rows.Length)
        {
            await Serve(route, Chain(route, toCandidate > 0), features, null, served);
            return;
        }

        var (primary, candidate) = (new List<int>(rows.Length - toCandidate), new List<int>(toCandidate));
        for (var i = 0; i < rows.Length; i++)
            (rows[i].ToCandidate ? candidate : primary).Add(i);
        await Serve(route, Chain(route, false), features, [.. primary], served);
        await Serve(route, Chain(route, true), features, [.. candidate], served);
    }

    private static Attempt[] Chain(Route route, bool toCandidate)
    {
        Attempt[] standing = route.RulesByOverride
            ? [new Attempt(route.Rules, VariantRole.Fallback, "the fallback is in force, but no rules are declared")]
            : route.Primary is not null || route.PrimaryFault is not null
                ? [new Attempt(route.Primary, VariantRole.Primary, route.PrimaryFault), new Attempt(route.Rules, VariantRole.Fallback, null)]
                : [new Attempt(route.Rules, VariantRole.Primary, toCandidate ? null : "it has no model yet and no fallback")];
        return toCandidate ? [new Attempt(route.Candidate, VariantRole.Candidate, null), .. standing] : standing;
    }

    /// <summary>Lets the variants answer rows (null: all) one after the other, each what those before it could not.</summary>
    private static async ValueTask Serve(Route route, Attempt[] chain, FeatureRows features, int[]? rows, Served[] served)
    {
        for (var i = 0; i < chain.Length; i++)
        {
            var (variant, role, fault) = chain[i];
            if (variant is null)
            {
                Note(served, rows, fault);
                continue;
            }

            List<int>? left = null;
            if (route.FallsBackOnMissing && !variant.IsRules)
                rows = Whole(variant, features, rows, served, ref left);
            if (rows is not { Length: 0 })
            {
                var part = rows is null ? features : features.Pick(rows);
                var outcomes = new Outcome[part.Count];
                if ((variant.Refuses(part) ?? await variant.Predict(part, outcomes, route.Spec.Timeout)) is { } error)
                {
                    Note(served, rows, error);
                    left = Joined(left, rows, features.Count);
                }
                else
                {
                    Take(route, variant, role, i > 0, outcomes, rows, served, ref left);
                }
            }

            if (left is null)
                return;
            rows = [.. left];
        }

        var first = chain[0].Role;
        for (var i = 0; i < (rows?.Length ?? features.Count); i++)
        {
            ref var row = ref served[rows?[i] ?? i];
            (row.Role, row.Error) = (first, row.Error ?? "unknown");
        }
    }

    /// <summary>The rows that have all that a variant needs; the others are noted and left.</summary>
    private static int[]? Whole(Variant variant, FeatureRows features, int[]? rows, Served[] served, ref List<int>? left)
    {
        var count = rows?.Length ?? features.Count;
        for (var i = 0; i < count; i++)
        {
            var row = rows?[i] ?? i;
            if (variant.Lacks(features, row) is not { } lacks)
                continue;
            served[row].Error ??= lacks;
            (left ??= []).Add(row);
        }

        if (left is null)
            return rows;
        var lacking = left.ToHashSet();
        return [.. (rows ?? Enumerable.Range(0, count)).Where(r => !lacking.Contains(r))];
    }

    private static void Take(Route route, Variant variant, string role, bool fellBack, Outcome[] outcomes, int[]? rows, Served[] served, ref List<int>? left)
    {
        for (var j = 0; j < outcomes.Length; j++)
        {
            var index = rows?[j] ?? j;
            ref var row = ref served[index];
            if (route.Spec.Range is { } range && !(outcomes[j].Score >= range.Low && outcomes[j].Score <= range.High))
            {
                row.Error ??= string.Create(CultureInfo.InvariantCulture, $"the score {outcomes[j].Score} is out of range [{range.Low}, {range.High}]");
                (left ??= []).Add(index);
                continue;
            }

            (row.By, row.Role, row.Outcome, row.FellBack) = (variant, role, outcomes[j], fellBack);
        }
    }

    private static void Note(Served[] served, int[]? rows, string? error)
    {
        for (var i = 0; i < (rows?.Length ?? served.Length); i++)
            served[rows?[i] ?? i].Error ??= error;
    }

    private static List<int> Joined(List<int>? left, int[]? rows, int count)
    {
        left ??= [];
        left.AddRange(rows ?? Enumerable.Range(0, count));
        return left;
    }

    private void Record(Route route, Row[] rows, FeatureRows features, Served[] served, TimeSpan took, Task<ShadowResult[]>? copies, string? asked)
    {
        var (fallbacks, lost) = (0, 0);
        var (role, ofRole) = (served[0].Role, 0);
        for (var i = 0; i < rows.Length; i++)
        {
            ref readonly var row = ref rows[i];
            ref readonly var by = ref served[i];
            var outcome = by.By is null ? new Outcome(double.NaN, "") : by.Outcome;
            var entry = new PredictionEntry(
                row.Id, row.At, route.Key.Name, route.Key.WorkspaceId, by.Role, by.By?.Model ?? route.Plan.Primary?.Model ?? "", by.By?.Version ?? 0,
                route.Plan.Revision, asked is null ? route.RolloutId : null, asked is null ? route.Weight : 0, row.Unit, row.HasKey, outcome.Score, outcome.Prediction, by.Error, by.FellBack,
                took.TotalMilliseconds, Features(features, i), null)
            { Asked = asked, Entity = row.Entity };
            if (!predictions.Append(entry, copies is null ? null : Of(copies, i)))
                route.Gauge.NotLogged.Inc();
            fallbacks += by.FellBack ? 1 : 0;
            if (by.By is null)
            {
                lost++;
                continue;
            }

            if (!ReferenceEquals(by.Role, role))
            {
                if (ofRole > 0)
                    route.Gauge.Answered(role, ofRole, took);
                (role, ofRole) = (by.Role, 0);
            }

            ofRole++;
        }

        if (ofRole > 0)
            route.Gauge.Answered(role, ofRole, took);
        if (fallbacks > 0)
            route.Gauge.FellBack.Inc(fallbacks);
        if (lost > 0)
            route.Gauge.Lost.Inc(lost);
        route.Watch.Count(rows.Length, fallbacks, Environment.TickCount64);
    }

    private static async Task<ShadowResult> Of(Task<ShadowResult[]> copies, int row) => (await copies)[row];

    private static FeatureValue[] Features(FeatureRows rows, int row)
    {
        var values = new FeatureValue[rows.Names.Count];
        for (var i = 0; i < values.Length; i++)
            values[i] = new FeatureValue(rows.Names[i], rows.Numbers(i)[row], rows.Texts(i)?[row]);
        return values;
    }

    private static InferAnswer Answer(Row[] rows, Served[] served)
    {
        var ids = new string[rows.Length];
        var outcomes = new Outcome[rows.Length];
        var (by, role) = (served[0].By!, served[0].Role);
        var mixed = false;
        for (var i = 0; i < rows.Length; i++)
        {
            (ids[i], outcomes[i]) = (rows[i].Id, served[i].Outcome);
            mixed |= served[i].By != by;
        }

        return mixed
            ? new InferAnswer(ids, outcomes, InferAnswer.Mixed, by.Model, -1, Array.ConvertAll(served, s => new AnsweredBy(s.Role, s.By!.Model, s.By.Version)))
            : new InferAnswer(ids, outcomes, role, by.Model, by.Version);
    }

    private static string Asked(InferRequest request) => request.Variant ?? request.Version?.ToString(CultureInfo.InvariantCulture) ?? "";

    /// <summary>The variant that the request names; null when it names none.</summary>
    private static Variant? Only(Route route, InferRequest request)
    {
        if (request.Version is { } version)
            return Only(route, version);
        return request.Variant switch
        {
            null => null,
            VariantRole.Primary => route.Primary ?? throw NotServed(route, "primary"),
            VariantRole.Candidate or VariantRole.Shadow => route.Candidate ?? throw NotServed(route, "candidate"),
            VariantRole.Fallback => route.Rules ?? throw NotServed(route, "fallback"),
            var word when int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number) => Only(route, number),
            var word => throw new HoldfastException(ErrorCode.InvalidArgument, $"'{word}' names no variant.", "Name a version by its number, or primary, candidate or fallback."),
        };
    }

    private static Variant Only(Route route, int version)
    {
        foreach (var variant in route.Versions)
        {
            if (variant.Version == version)
                return variant;
        }

        throw NotServed(route, $"version {version}");
    }

    private static HoldfastException NotServed(Route route, string what) => new(
        ErrorCode.NotFound, $"The endpoint '{route.Key.Name}' does not serve {(what.StartsWith('v') ? what : $"a {what}")}.",
        route.Versions.Count == 0 ? "It serves no model version now." : $"It serves {string.Join(" and ", route.Versions.Select(v => v.Version))}.");

    private static string Role(Route route, Variant only) =>
        only == route.Primary ? VariantRole.Primary : only == route.Rules ? VariantRole.Fallback : VariantRole.Candidate;

    private static HoldfastException Unknown(string endpoint) =>
        new(ErrorCode.NotFound, $"There is no endpoint '{endpoint}' in this workspace.", "Declare it in holdfast.yaml and run 'holdfast apply'.");
}
