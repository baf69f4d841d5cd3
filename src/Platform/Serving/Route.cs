using System.Collections.Frozen;
using Holdfast.Contracts;
using Holdfast.Predictions;
using Holdfast.Registry;
using Prometheus;

namespace Holdfast.Serving;

/// <summary>What an endpoint serves at this moment: plan and override worked out, variants loaded. Immutable; a change makes another.</summary>
internal sealed class Route
{
    private readonly IReadOnlyList<Variant> _versions;
    private volatile string[] _names = [];

    public Route(EndpointRow row, Variant? primary, Variant? candidate, Variant? rules, IReadOnlyDictionary<string, string> faults, Route? before = null, bool unloaded = false)
    {
        (Gate, Watch, Unloaded) = (before?.Gate ?? new LoadGate(), before?.Watch ?? new FallbackWatch(), unloaded);
        Gate.Declare(row.Spec.Concurrency);
        (Key, Spec, Plan, Override, Rules, Faults) = (row.Key, row.Spec, row.Plan, row.Override, rules, faults);
        Primary = primary;
        Candidate = candidate;
        // While an override stands the rollout stands still: no share, no copies, no evidence.
        Weight = Override is null && Plan.Mode == RouteMode.Split && candidate is not null ? Plan.CandidateWeight : 0;
        Shadow = Override is null && Plan.Mode == RouteMode.Shadow ? candidate : null;
        RolloutId = Override is null ? Plan.RolloutId : null;
        _versions = [.. ((Variant?[])[primary, candidate]).OfType<Variant>()];
        PrimaryFault = Override?.Kind == RouteOverride.Fallback || primary is not null
            ? null
            : (Override?.Pin ?? Plan.Primary) is { } missing ? $"{missing} is not loaded: {faults.GetValueOrDefault(missing.ToString())}" : null;
        Gauge = before?.Gauge ?? new RouteMetrics(Key);
        FallsBackOnMissing = Spec.OnMissing == EndpointSpec.ToFallback && rules is not null;
        Inputs = (Primary ?? Rules ?? Candidate)?.Info.Signature.Inputs ?? [];
    }

    public EndpointKey Key { get; }

    public EndpointSpec Spec { get; }

    public RoutePlan Plan { get; }

    public RouteOverride? Override { get; }

    /// <summary>Null when nothing is planned, when the rules stand in by override, or when it cannot be loaded (<see cref="PrimaryFault"/>).</summary>
    public Variant? Primary { get; }

    public string? PrimaryFault { get; }

    public Variant? Candidate { get; }

    /// <summary>The fallback; null when none is declared.</summary>
    public Variant? Rules { get; }

    public Variant? Shadow { get; }

    public double Weight { get; }

    public string? RolloutId { get; }

    public bool RulesByOverride => Override?.Kind == RouteOverride.Fallback;

    public IReadOnlyDictionary<string, string> Faults { get; }

    public RouteMetrics Gauge { get; }

    /// <summary>How much is answered at once; stays when the route changes, as <see cref="Watch"/> does.</summary>
    public LoadGate Gate { get; }

    public FallbackWatch Watch { get; }

    /// <summary>Taken out of service by a protocol's call until it is loaded again.</summary>
    public bool Unloaded { get; }

    /// <summary>Whether the rules answer a row that lacks what a model needs.</summary>
    public bool FallsBackOnMissing { get; }

    /// <summary>The inputs by which callers go: the primary's, else those of the rules.</summary>
    public IReadOnlyList<SignatureField> Inputs { get; }

    public double FallbackLimit => Spec.FallbackLimit > 0 ? Spec.FallbackLimit : 0.1;

    /// <summary>All loaded variants that can be asked for by version.</summary>
    public IReadOnlyList<Variant> Versions => _versions;

    /// <summary>Whether there is anything that can answer.</summary>
    public bool Ready => !Unloaded && (Primary is not null || Rules is not null || Weight >= 1);

    /// <summary>Whether a variant reads an input of this name: a sticky key that no model reads is not a feature.</summary>
    public bool Reads(string name)
    {
        foreach (var variant in _versions)
        {
            if (variant.Inputs.Contains(name))
                return true;
        }

        return Rules?.Inputs.Contains(name) == true;
    }

    /// <summary>The names of the last request, for parsers that can spare themselves the same texts again.</summary>
    public IReadOnlyList<string> LastNames => _names;

    /// <summary>The same names as before are the same list as before: backends know their columns by it.</summary>
    public string[] Canonical(List<string> names)
    {
        var known = _names;
        if (known.AsSpan().SequenceEqual(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(names)))
            return known;
        // Only a list that is new can hold a name twice.
        var seen = new HashSet<string>(StringComparer.Ordinal);
        if (names.Find(n => !seen.Add(n)) is { } twice)
            throw new HoldfastException(ErrorCode.InvalidArgument, $"The input '{twice}' stands twice in the request.", "Send each input once.");
        return _names = [.. names];
    }
}

/// <summary>All routes of the process; a change replaces the whole table by one volatile write.</summary>
internal sealed class RouteTable
{
    private volatile FrozenDictionary<EndpointKey, Route> _routes = FrozenDictionary<EndpointKey, Route>.Empty;

    public Route? Find(EndpointKey key) => _routes.GetValueOrDefault(key);

    public IReadOnlyCollection<Route> All => _routes.Values;

    /// <summary>Callers hold the service's lock: one change at a time.</summary>
    public void Put(Route route) => _routes = new Dictionary<EndpointKey, Route>(_routes) { [route.Key] = route }.ToFrozenDictionary();

    public void Remove(EndpointKey key) => _routes = _routes.Where(r => r.Key != key).ToFrozenDictionary();
}

/// <summary>The figures of one endpoint for /metrics.</summary>
internal sealed class RouteMetrics
{
    private static readonly Counter Requests = Metrics.CreateCounter("holdfast_inference_requests_total", "Rows asked for, by the role of the variant that answered.", "workspace", "endpoint", "role");
    private static readonly Histogram Duration = Metrics.CreateHistogram(
        "holdfast_inference_duration_seconds", "Time from the parsed request to the answer.",
        new HistogramConfiguration { LabelNames = ["workspace", "endpoint", "role"], Buckets = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5] });
    private static readonly Counter Fallbacks = Metrics.CreateCounter("holdfast_inference_fallbacks_total", "Rows that another variant answered after an error or a timeout.", "workspace", "endpoint");
    private static readonly Counter Unanswered = Metrics.CreateCounter("holdfast_inference_unanswered_total", "Rows that no variant answered.", "workspace", "endpoint");
    private static readonly Counter Dropped = Metrics.CreateCounter("holdfast_prediction_log_dropped_total", "Rows that found the queue to the prediction log full.", "workspace", "endpoint");
    private static readonly Gauge InFlight = Metrics.CreateGauge("holdfast_inference_in_flight", "Requests that are being answered.", "workspace", "endpoint");
    private static readonly Gauge Limit = Metrics.CreateGauge("holdfast_inference_concurrency_limit", "Requests at once from which on others are turned away.", "workspace", "endpoint");
    private static readonly Counter Shed = Metrics.CreateCounter("holdfast_inference_shed_total", "Requests turned away with 429.", "workspace", "endpoint");
    private static readonly Gauge FallbackRate = Metrics.CreateGauge("holdfast_inference_fallback_rate", "Share of the rows of the last five minutes that another variant answered after a fault.", "workspace", "endpoint");
    private readonly Gauge.Child _inFlight;
    private readonly Gauge.Child _limit;
    private readonly Counter.Child _shed;
    private readonly Gauge.Child _rate;
    private readonly FrozenDictionary<string, (Counter.Child Requests, Histogram.Child Duration)> _byRole;

    public RouteMetrics(EndpointKey key)
    {
        var workspace = key.WorkspaceId.ToString(System.Globalization.CultureInfo.InvariantCulture);
        _byRole = ((string[])[VariantRole.Primary, VariantRole.Candidate, VariantRole.Fallback, VariantRole.Shadow])
            .ToFrozenDictionary(role => role, role => (Requests.WithLabels(workspace, key.Name, role), Duration.WithLabels(workspace, key.Name, role)));
        FellBack = Fallbacks.WithLabels(workspace, key.Name);
        Lost = Unanswered.WithLabels(workspace, key.Name);
        NotLogged = Dropped.WithLabels(workspace, key.Name);
        _inFlight = InFlight.WithLabels(workspace, key.Name);
        _limit = Limit.WithLabels(workspace, key.Name);
        _shed = Shed.WithLabels(workspace, key.Name);
        _rate = FallbackRate.WithLabels(workspace, key.Name);
    }

    /// <summary>Sets the figures that are looked at now and then.</summary>
    public void Look(LoadGate gate, double? fallbackRate)
    {
        _inFlight.Set(gate.InFlight);
        _limit.Set(gate.Limit);
        _shed.IncTo(gate.Shed);
        _rate.Set(fallbackRate ?? 0);
    }

    public Counter.Child FellBack { get; }

    public Counter.Child Lost { get; }

    public Counter.Child NotLogged { get; }

    public void Answered(string role, int rows, TimeSpan took)
    {
        var (requests, duration) = _byRole[role];
        requests.Inc(rows);
        duration.Observe(took.TotalSeconds);
    }
}
