using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Predictions;
using Holdfast.Registry;
using Holdfast.Serving;
using Holdfast.Storage.Sql;

namespace Holdfast.Rollout;

/// <summary>The door of A/B tests: one at a time on an endpoint, and none beside a rollout.</summary>
public sealed class AbService
{
    private readonly Db _db;
    private readonly TimeProvider _time;
    private readonly GuardDirectory _guards;
    private readonly ServingService _serving;
    private readonly PredictionService _predictions;
    private readonly RegistryService _registry;
    private readonly AbReconciler _reconciler;

    internal AbService(Db db, TimeProvider time, GuardDirectory guards, ServingService serving, PredictionService predictions, RegistryService registry, AbReconciler reconciler) =>
        (_db, _time, _guards, _serving, _predictions, _registry, _reconciler) = (db, time, guards, serving, predictions, registry, reconciler);

    /// <summary>Declares the test of an endpoint and starts it; the same declaration again starts nothing.</summary>
    public async Task<bool> ApplySpec(Principal p, string endpoint, AbSpec spec, string? managedBy, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(spec);
        if (!await _db.Write(tx => AbStore.PutSpec(tx, p.WorkspaceId, endpoint, spec, managedBy, _time.GetUtcNow()), ct: ct))
            return false;
        try
        {
            await Start(p, endpoint, spec, ct);
        }
        catch
        {
            // A test that could not start is started by applying again.
            await RemoveSpec(p, endpoint, CancellationToken.None);
            throw;
        }

        return true;
    }

    /// <summary>Forgets the declaration; a test under way goes on until it is stopped.</summary>
    public Task RemoveSpec(Principal p, string endpoint, CancellationToken ct = default) =>
        _db.Write(tx => AbStore.RemoveSpec(tx, p.WorkspaceId, endpoint), ct: ct);

    /// <summary>Starts a test. Refused beside another or a rollout, and when A is not who serves. Event <c>ab.started</c>.</summary>
    public async Task<AbTestInfo> Start(Principal p, string endpoint, AbSpec spec, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(spec);
        if (spec.Faults(endpoint) is { Count: > 0 } faults)
            throw new HoldfastException($"The A/B test of {endpoint} cannot be started.", faults);
        var found = await _serving.Get(p, endpoint, ct);
        var a = spec.A is null ? found.Plan.Primary : await Resolve(p, spec.A, ct);
        if (a is null || found.Plan.Primary != a)
            throw new HoldfastException(ErrorCode.FailedPrecondition, $"'{endpoint}' is served by {found.Plan.Primary?.ToString() ?? "no model"}, not by {a?.ToString() ?? "a version to compare with"}.", "Roll that version out first: holdfast deploy.");
        var b = await Resolve(p, spec.B, ct);
        if (a == b)
            throw new HoldfastException(ErrorCode.FailedPrecondition, $"Both sides of the test are {a}.", "Name another version as b.");
        var now = _predictions.Now(new EndpointKey(p.WorkspaceId, endpoint));
        var state = await _db.Write(tx =>
        {
            if (RolloutStore.List(tx, p.WorkspaceId, endpoint, 20).Find(r => !r.HasEnded) is { } rollout)
                throw new HoldfastException(ErrorCode.FailedPrecondition, $"A rollout of {rollout.Candidate} is under way on '{endpoint}'.", $"Wait for it, or end it: holdfast rollout rollback {rollout.Id}");
            var before = AbStore.List(tx, p.WorkspaceId, endpoint, 500);
            if (before.Find(t => t.Status != "ended") is not null)
                throw new HoldfastException(ErrorCode.FailedPrecondition, $"An A/B test is under way on '{endpoint}'.", $"Wait for it, or end it: holdfast ab stop {endpoint}");
            var id = AbTest.IdPrefix + Ids.Hex32From($"ab/{p.WorkspaceId}/{endpoint}/{a}/{b}/{before.Count}")[..29];
            _guards.Set(id, spec.Guard);
            var test = new AbTestState(id, p.WorkspaceId, endpoint, a, b, spec, "starting", now, found.Plan.Revision);
            AbStore.Insert(tx, test);
            return test;
        }, ct: ct);
        return Info(state);
    }

    /// <summary>A test with its figures.</summary>
    public async Task<AbTestInfo> Get(Principal p, string id, CancellationToken ct = default) =>
        Info((await _db.Read(tx => AbStore.Find(tx, p.WorkspaceId, id), ct) ?? throw Unknown(id)).State);

    /// <summary>Tests, newest first.</summary>
    public async Task<IReadOnlyList<AbTestInfo>> List(Principal p, string? endpoint = null, int limit = 50, CancellationToken ct = default) =>
        [.. (await _db.Read(tx => AbStore.List(tx, p.WorkspaceId, endpoint, Math.Clamp(limit, 1, 500)), ct)).Select(Info)];

    /// <summary>Ends a test on a person's word.</summary>
    /// <param name="serve">Who serves from now on, <c>a</c> or <c>b</c>; null = a.</param>
    public async Task<AbTestInfo> Stop(Principal p, string id, string? serve = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        if (serve is not (null or "a" or "b"))
            throw new HoldfastException(ErrorCode.InvalidArgument, $"serve is '{serve}'.", "Use a or b.");
        return Info(await _db.Write(tx =>
        {
            var (state, revision) = AbStore.Find(tx, p.WorkspaceId, id) ?? throw Unknown(id);
            if (state.Status != "running")
                throw new HoldfastException(ErrorCode.FailedPrecondition, $"The A/B test is {state.Status}.", "Only one that runs can be stopped.");
            var next = state with { Status = "ending", Result = "stopped", Reason = $"by {p.Name}", Serves = serve == "b" ? state.B : state.A, Last = _reconciler.Figures(state) };
            AbStore.Put(tx, next, revision);
            return next;
        }, ct: ct));
    }

    private async Task<VariantRef> Resolve(Principal p, string reference, CancellationToken ct)
    {
        var version = await _registry.Resolve(p, reference, ct);
        return new VariantRef(version.Model, version.Version);
    }

    private static HoldfastException Unknown(string id) => new(ErrorCode.NotFound, $"There is no A/B test '{id}'.", "GET /api/v1/ab-tests lists them.");

    private AbTestInfo Info(AbTestState s)
    {
        var f = s.Status == "ended" && s.Last is { } last ? last : _reconciler.Figures(s);
        return new AbTestInfo(
            s.Id, s.Endpoint, s.A.ToString(), s.B.ToString(), s.Spec.Share, s.Spec.Outcome, s.Spec.Better, s.Spec.Difference, s.Spec.Alpha, s.Status, s.Result, s.Reason, s.Serves?.ToString(), s.StartedAt, s.StartedAt + s.Spec.For,
            s.EndedAt, f.Requests, f.ALabelled, f.BLabelled, f.AMean, f.BMean, f.Difference, f.Low, f.High, f.EMismatch);
    }
}
