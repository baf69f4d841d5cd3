using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Predictions;
using Holdfast.Registry;
using Holdfast.Serving.Backends;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Holdfast.Serving;

/// <summary>Endpoints, their routes and their answers: the door of the room.</summary>
public sealed class ServingService : IHostedService, IAsyncDisposable
{
    private readonly EndpointStore _store;
    private readonly RouteTable _routes = new();
    private readonly VariantShelf _shelf;
    private readonly ShadowQueue _shadows = new();
    private readonly Gateway _gateway;
    private readonly PredictionService _predictions;
    private readonly RegistryService _registry;
    private readonly Journal _journal;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _end = new();
    private Task _watching = Task.CompletedTask;
    // One change of an endpoint or route at a time; requests never wait for it.
    private readonly SemaphoreSlim _change = new(1, 1);

    internal ServingService(EndpointStore store, LoadBackend load, PredictionService predictions, RegistryService registry, Journal journal, TimeProvider time, ILogger<ServingService> log)
    {
        (_store, _predictions, _registry, _journal, _log) = (store, predictions, registry, journal, log);
        _shelf = new VariantShelf(load, log);
        _gateway = new Gateway(_routes, predictions, _shadows, time);
    }

    /// <summary>Loads the routes of all endpoints; one that cannot be loaded serves its fallback and says why.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var row in await _store.All(cancellationToken))
        {
            await Declare(row.Key, row.Spec, cancellationToken);
            await Publish(row, cancellationToken);
        }

        _watching = Task.Run(Watch, CancellationToken.None);
    }

    /// <inheritdoc />
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _end.CancelAsync();
        await _watching;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _shadows.DisposeAsync();
        _shelf.Dispose();
        _change.Dispose();
        _end.Dispose();
    }

    /// <summary>Answers a request.</summary>
    public ValueTask<InferAnswer> Infer(Principal p, string name, InferRequest request)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(request);
        return _gateway.Infer(p, name, request);
    }

    /// <summary>Names of the inputs of an endpoint's last request; empty when there is none.</summary>
    public IReadOnlyList<string> LastNames(Principal p, string name)
    {
        ArgumentNullException.ThrowIfNull(p);
        return _routes.Find(new EndpointKey(p.WorkspaceId, name))?.LastNames ?? [];
    }

    /// <summary>What an endpoint bears at this moment.</summary>
    public TrafficInfo? Traffic(Principal p, string name)
    {
        ArgumentNullException.ThrowIfNull(p);
        if (_routes.Find(new EndpointKey(p.WorkspaceId, name)) is not { } route)
            return null;
        var (rows, rate) = route.Watch.Figures(Environment.TickCount64);
        return new TrafficInfo(route.Gate.InFlight, route.Gate.Limit, route.Gate.Shed, rows, rate, route.FallbackLimit, route.Watch.Exceeded);
    }

    /// <summary>Loads an endpoint again: what was unloaded, and what could not be loaded before. Event <c>endpoint.loaded</c> when it was unloaded.</summary>
    /// <exception cref="HoldfastException">A variant of its route cannot be loaded.</exception>
    public Task<EndpointState> Load(Principal p, string name, CancellationToken ct = default) => Change(async () =>
    {
        var row = await Row(p, name, ct);
        var unloaded = _routes.Find(row.Key)?.Unloaded == true;
        await Publish(row, ct, unloaded: false);
        if (unloaded)
            await _journal.Append(p, new EndpointLoaded(name), name, ct: ct);
        var state = State(row);
        return state.Faults.Count == 0
            ? state
            : throw new HoldfastException(ErrorCode.FailedPrecondition, $"The endpoint '{name}' is not loaded in full: {string.Join(" ", state.Faults.Select(f => $"{f.Key}: {f.Value}"))}", "Deploy a version that can be loaded.");
    }, ct);

    /// <summary>Takes an endpoint out of service until it is loaded again or the server restarts; its plan stays. Event <c>endpoint.unloaded</c>.</summary>
    public Task Unload(Principal p, string name, CancellationToken ct = default) => Change(async () =>
    {
        var row = await Row(p, name, ct);
        if (_routes.Find(row.Key) is { Unloaded: false })
        {
            await Publish(row, ct, unloaded: true);
            await LetGo();
            await _journal.Append(p, new EndpointUnloaded(name), name, ct: ct);
        }

        return true;
    }, ct);

    /// <summary>What an endpoint serves now, for protocols that describe models; null when there is no such endpoint.</summary>
    public ServedModel? Describe(Principal p, string name)
    {
        ArgumentNullException.ThrowIfNull(p);
        return _routes.Find(new EndpointKey(p.WorkspaceId, name)) is { } route ? ServedModel.Of(route) : null;
    }

    /// <summary>What an endpoint has loaded, by role, and what runs it.</summary>
    public IReadOnlyList<VariantInfo> Variants(Principal p, string name)
    {
        ArgumentNullException.ThrowIfNull(p);
        return _routes.Find(new EndpointKey(p.WorkspaceId, name)) is not { } route ? []
            : [.. Told(route.Primary, VariantRole.Primary), .. Told(route.Candidate, route.Shadow is null ? VariantRole.Candidate : VariantRole.Shadow), .. Told(route.Rules, VariantRole.Fallback)];

        static IEnumerable<VariantInfo> Told(Variant? variant, string role) => variant is null
            ? []
            : [new VariantInfo(variant.Version == 0 ? variant.Model : $"{variant.Model}/{variant.Version}", role, variant.Info.Kind, variant.Info.Engine, variant.Info.Note, variant.CanExplain)];
    }

    /// <summary>What the processes of an endpoint's variants printed last, by variant; variants without processes are not there.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Logs(Principal p, string name, int lines)
    {
        ArgumentNullException.ThrowIfNull(p);
        if (lines is < 1 or > 10_000)
            throw new HoldfastException(ErrorCode.InvalidArgument, $"'lines' is {lines}.", "Use 1 to 10000.");
        var route = _routes.Find(new EndpointKey(p.WorkspaceId, name))
            ?? throw new HoldfastException(ErrorCode.NotFound, $"There is no endpoint '{name}' in this workspace.", "Declare it in holdfast.yaml and run 'holdfast apply'.");
        return route.Versions.Distinct().Select(v => (Name: $"{v.Model}/{v.Version}", Log: v.Log(lines))).Where(v => v.Log is not null).ToDictionary(v => v.Name, v => v.Log!);
    }

    /// <summary>Names of all endpoints of a workspace.</summary>
    public IReadOnlyList<string> Names(Principal p)
    {
        ArgumentNullException.ThrowIfNull(p);
        return [.. _routes.All.Where(r => r.Key.WorkspaceId == p.WorkspaceId).Select(r => r.Key.Name).Order(StringComparer.Ordinal)];
    }

    /// <summary>
    /// Creates or changes an endpoint; nothing happens when it is the same already. Event <c>endpoint.applied</c>. An endpoint without any plan whose
    /// model reference names an alias or version that exists serves that at once; what comes later comes by rollout.
    /// </summary>
    public async Task<EndpointState> ApplyEndpoint(Principal p, EndpointSpec spec, string? managedBy, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(spec);
        if (EndpointRules.Check(spec) is { Count: > 0 } faults)
            throw new HoldfastException($"The endpoint '{spec.Name}' was refused.", faults);
        var wanted = EndpointRules.Normal(spec);
        // Only who may execute can name a private address.
        if (wanted.Log is { Events: { } events } log)
            wanted = wanted with { Log = log with { Events = events with { MayBePrivate = p.MayExecute } } };
        var key = new EndpointKey(p.WorkspaceId, wanted.Name);
        return await Change(async () =>
        {
            var row = await _store.Find(key, ct);
            if (row is null || row.Spec != wanted || row.ManagedBy != managedBy)
            {
                if (row is not null && row.Spec.Clock != wanted.Clock && _predictions.Completeness(key).Watermark is not null)
                    throw new HoldfastException(ErrorCode.FailedPrecondition, $"The endpoint '{key.Name}' has records on its {row.Spec.Clock} clock; its clock cannot change any more.", "Declare an endpoint with another name.");
                await Declare(key, wanted, ct);
                row = await _store.Apply(p, key, wanted, managedBy, Clock(key), ct);
                await Publish(row, ct);
            }

            if (row.Plan.Revision == 0 && await First(p, wanted.Model, ct) is { } first)
                row = await Put(p, row, RoutePlan.Empty with { Primary = first }, ct);
            return State(row);
        }, ct);
    }

    /// <summary>An endpoint by name.</summary>
    public async Task<EndpointState> Get(Principal p, string name, CancellationToken ct = default) => State(await Row(p, name, ct));

    /// <summary>An endpoint by name, or null.</summary>
    public async Task<EndpointState?> Find(Principal p, string name, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        return await _store.Find(new EndpointKey(p.WorkspaceId, name), ct) is { } row ? State(row) : null;
    }

    /// <summary>All endpoints of the workspace by name.</summary>
    public async Task<IReadOnlyList<EndpointState>> List(Principal p, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        return [.. (await _store.List(p.WorkspaceId, ct)).Select(State)];
    }

    /// <summary>Removes an endpoint; its log stays.</summary>
    public Task DeleteEndpoint(Principal p, string name, CancellationToken ct = default) => Change(async () =>
    {
        var row = await Row(p, name, ct);
        await _store.Delete(row, ct);
        _routes.Remove(row.Key);
        await LetGo();
        return true;
    }, ct);

    /// <summary>An earlier revision of the plan.</summary>
    public async Task<RoutePlan> GetPlan(Principal p, string name, long revision, CancellationToken ct = default)
    {
        var row = await Row(p, name, ct);
        return revision == 0
            ? RoutePlan.Empty
            : await _store.Plan(row, revision, ct) ?? throw new HoldfastException(ErrorCode.NotFound, $"The endpoint '{name}' has no plan revision {revision}.", $"Its newest is {row.Plan.Revision}.");
    }

    /// <summary>
    /// Puts a plan in force as revision <paramref name="expectedRevision"/> + 1; <see cref="RoutePlan.Revision"/> of <paramref name="next"/> is not read.
    /// Its variants are loaded first. A repeated call (the same plan already stands as that revision) succeeds without a second event
    /// <c>route.changed</c>; any other revision is a Conflict.
    /// </summary>
    public Task<RoutePlan> SetPlan(Principal p, string name, RoutePlan next, long expectedRevision, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(next);
        EndpointRules.Check(next);
        return Change(async () =>
        {
            var row = await Row(p, name, ct);
            if (row.Plan == next with { Revision = expectedRevision + 1 })
                return row.Plan;
            if (row.Plan.Revision != expectedRevision)
                throw Stale(name, expectedRevision, row.Plan.Revision);
            return (await Put(p, row, next, ct)).Plan;
        }, ct);
    }

    /// <summary>Sets the override; the same again is no change. Event <c>endpoint.fallback_entered</c> (kind <c>fallback</c>) or <c>route.changed</c> (kind <c>pin</c>), written here.</summary>
    public Task<EndpointState> SetOverride(Principal p, string name, RouteOverride next, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(next);
        return Change(async () =>
        {
            var row = await Row(p, name, ct);
            if (row.Override == next)
                return State(row);
            IEventDetail told;
            switch (next)
            {
                case { Kind: RouteOverride.Fallback }:
                    if (row.Spec.Fallback.Length == 0)
                        throw new HoldfastException(ErrorCode.FailedPrecondition, $"The endpoint '{name}' has no fallback rules to go to.", "Declare 'fallback:' with a rules file, or pin a version.");
                    told = new FallbackEntered(next.IncidentId ?? "", name, "rules", next.Reason);
                    break;
                case { Kind: RouteOverride.Pinned, Pin: { } pin }:
                    await _shelf.Get(p.WorkspaceId, pin, ct);
                    told = new RouteChanged(name, row.Plan.Revision, pin.ToString(), null, "pin", 0);
                    break;
                default:
                    throw new HoldfastException(ErrorCode.InvalidArgument, $"'{next.Kind}' is no override.", "Use fallback, or pin with a model version.");
            }

            return await Override(p, row, next, told, ct);
        }, ct);
    }

    /// <summary>Takes the override away; nothing happens without one. Event <c>endpoint.fallback_left</c> (or <c>route.changed</c>) with <paramref name="reason"/>, written here.</summary>
    public Task<EndpointState> ClearOverride(Principal p, string name, string reason, CancellationToken ct = default) => Change(async () =>
    {
        var row = await Row(p, name, ct);
        if (row.Override is not { } standing)
            return State(row);
        IEventDetail told = standing.Kind == RouteOverride.Fallback
            ? new FallbackLeft(standing.IncidentId ?? "", name, reason)
            : new RouteChanged(name, row.Plan.Revision, row.Plan.Primary?.ToString(), row.Plan.Candidate?.ToString(), row.Plan.Mode, row.Plan.CandidateWeight);
        return await Override(p, row, null, told, ct);
    }, ct);

    /// <summary>Looks every few seconds at what each endpoint bears: the figures of /metrics, and the guard on the share of fallbacks.</summary>
    private async Task Watch()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(5));
        while (await timer.WaitForNextTickAsync(_end.Token).AsTask().ContinueWith(t => t.IsCompletedSuccessfully, TaskScheduler.Default))
        {
            foreach (var route in _routes.All)
                await Watch(route, Environment.TickCount64);
        }
    }

    internal async Task Watch(Route route, long now)
    {
        var (rows, rate) = route.Watch.Figures(now);
        route.Gauge.Look(route.Gate, rate);
        if (!route.Watch.Look(route.FallbackLimit, now))
            return;
        IEventDetail told = route.Watch.Exceeded
            ? new FallbackRateExceeded(route.Key.Name, rate ?? 0, route.FallbackLimit, rows)
            : new FallbackRateRecovered(route.Key.Name, rate ?? 0, route.FallbackLimit);
        try
        {
            await _journal.Append(Principal.Controller(route.Key.WorkspaceId, "serving"), told, route.Key.Name, Clock(route.Key));
        }
        catch (Exception e)
        {
            // A database that refuses is told by whoever needs it; the figures go on.
            _log.LogError(e, "The share of fallbacks of {Endpoint} could not be told", route.Key);
        }
    }

    private async Task<T> Change<T>(Func<Task<T>> change, CancellationToken ct)
    {
        await _change.WaitAsync(ct);
        try
        {
            return await change();
        }
        finally
        {
            _change.Release();
        }
    }

    private async Task<EndpointRow> Put(Principal p, EndpointRow row, RoutePlan next, CancellationToken ct)
    {
        foreach (var variant in ((VariantRef?[])[next.Primary, next.Candidate]).OfType<VariantRef>())
            await _shelf.Get(row.Key.WorkspaceId, variant, ct);
        var changed = await _store.SetPlan(p, row, next with { Revision = row.Plan.Revision + 1 }, Clock(row.Key), ct) ?? throw Stale(row.Key.Name, row.Plan.Revision, null);
        await Publish(changed, ct);
        await LetGo();
        return changed;
    }

    private async Task<EndpointState> Override(Principal p, EndpointRow row, RouteOverride? next, IEventDetail told, CancellationToken ct)
    {
        var changed = await _store.SetOverride(p, row, next, told, Clock(row.Key), ct) ?? throw Stale(row.Key.Name, row.OverrideRevision, null);
        await Publish(changed, ct);
        await LetGo();
        return State(changed);
    }

    /// <summary>Works out the route of a row and puts it in force.</summary>
    private async Task Publish(EndpointRow row, CancellationToken ct, bool? unloaded = null)
    {
        var before = _routes.Find(row.Key);
        if (unloaded ?? before?.Unloaded == true)
        {
            _routes.Put(new Route(row, null, null, null, new Dictionary<string, string>(), before, unloaded: true));
            return;
        }

        var faults = new Dictionary<string, string>(StringComparer.Ordinal);
        var wanted = row.Override switch
        {
            { Kind: RouteOverride.Fallback } => null,
            { Pin: { } pin } => pin,
            _ => row.Plan.Primary,
        };
        var primary = await Take(row, wanted, faults, ct);
        var candidate = row.Override is null ? await Take(row, row.Plan.Candidate, faults, ct) : null;
        var rules = before?.Rules is { } same && before.Spec.Fallback == row.Spec.Fallback
            ? same
            : row.Spec.Fallback.Length > 0 ? new Variant("rules", 0, RulesBackend.Parse(row.Spec.Fallback)) : null;
        _routes.Put(new Route(row, primary, candidate, rules, faults, before));
    }

    private async Task<Variant?> Take(EndpointRow row, VariantRef? wanted, Dictionary<string, string> faults, CancellationToken ct)
    {
        if (wanted is null)
            return null;
        try
        {
            return await _shelf.Get(row.Key.WorkspaceId, wanted, ct);
        }
        catch (HoldfastException e)
        {
            _log.LogError(e, "The endpoint {Endpoint} cannot serve {Variant}", row.Key, wanted);
            faults[wanted.ToString()] = e.Message;
            return null;
        }
    }

    private Task LetGo() => _shelf.Keep(_routes.All.Where(r => !r.Unloaded)
        .SelectMany(r => ((VariantRef?[])[r.Plan.Primary, r.Plan.Candidate, r.Override?.Pin]).OfType<VariantRef>().Select(v => (r.Key.WorkspaceId, v)))
        .ToHashSet());

    private async Task Declare(EndpointKey key, EndpointSpec spec, CancellationToken ct)
    {
        await _predictions.Declare(key, spec.Clock == "event" ? EndpointClock.Event : EndpointClock.Wall, spec.Lateness ?? TimeSpan.Zero, ct);
        await _predictions.SetRules(key, spec.Log ?? LogRules.Default, ct);
    }

    // A newest version without a name of its own must not go live by being registered; an alias or a number was set on purpose.
    private async Task<VariantRef?> First(Principal p, string? model, CancellationToken ct)
    {
        if (model is null || model.AsSpan().IndexOfAny("@/") < 0)
            return null;
        try
        {
            var version = await _registry.Resolve(p, model, ct);
            return new VariantRef(version.Model, version.Version);
        }
        catch (HoldfastException e) when (e.Code == ErrorCode.NotFound)
        {
            return null;
        }
    }

    // An event clock that no record has started yet says nothing of when this happened.
    private DateTimeOffset? Clock(EndpointKey key) => _predictions.Now(key) is var now && now > DateTimeOffset.UnixEpoch ? now : null;

    private async Task<EndpointRow> Row(Principal p, string name, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(p);
        return await _store.Find(new EndpointKey(p.WorkspaceId, name), ct)
            ?? throw new HoldfastException(ErrorCode.NotFound, $"There is no endpoint '{name}' in this workspace.", "Declare it in holdfast.yaml and run 'holdfast apply'.");
    }

    private EndpointState State(EndpointRow row) => row.State(_routes.Find(row.Key)?.Faults ?? new Dictionary<string, string>());

    private static HoldfastException Stale(string name, long expected, long? found) =>
        new(ErrorCode.Conflict, $"The route of '{name}' changed in between: expected revision {expected}{(found is { } f ? $", found {f}" : "")}.", "Read it again and decide anew.");
}
