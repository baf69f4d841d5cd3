using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Predictions;
using Holdfast.Storage.Sql;

namespace Holdfast.Monitoring;

/// <summary>
/// Evaluates windows when the endpoint's watermark has passed their end: one base window a step, with the longer windows that are due
/// then. The stored window, its reports, the incidents and their events, and how far the monitor has come are one transaction, so a
/// crash at any line repeats a step or has done it.
/// </summary>
internal sealed class MonitorReconciler(Db db, Journal journal, MonitorDirectory directory, MonitorFold fold, PredictionService predictions, BaselineSource baselines) : IReconciler
{
    private readonly Dictionary<EndpointKey, MonitorMemory> _memory = [];

    public string Name => "monitoring";

    public async Task<StepResult> Step(CancellationToken ct)
    {
        directory.EnsureLoaded();
        var worked = await Promotions(ct);
        foreach (var monitor in directory.All())
        {
            var key = new EndpointKey(monitor.WorkspaceId, monitor.Spec.Endpoint);
            if (predictions.MayAct(key))
                worked |= await Window(monitor, key, predictions.WatermarkOrNone(key), ct);
        }

        return worked ? StepResult.Worked : StepResult.Idle;
    }

    // A promotion ends the incidents that it answers, after the windows before it have been evaluated.
    private async Task<bool> Promotions(CancellationToken ct)
    {
        var cursor = await db.Read(tx => Journal.Cursor(tx, Name), ct);
        var events = await journal.ReadAll(cursor, ct: ct);
        if (events.Count == 0)
            return false;
        foreach (var happened in events.Where(e => e.Kind == "rollout.completed"))
        {
            var promoted = happened.DetailAs<RolloutCompleted>();
            var key = new EndpointKey(happened.WorkspaceId, promoted.Endpoint);
            if (directory.Find(key) is not { } monitor)
                continue;
            var earlier = predictions.WatermarkOrNone(key) is var watermark && happened.At < watermark ? happened.At : watermark;
            while (await Window(monitor, key, earlier, ct))
            {
            }

            await db.Write(tx => Promoted(tx, monitor, key, promoted, happened), ct: ct);
            _memory.Remove(key);
        }

        await db.Write(tx => Journal.MoveCursor(tx, Name, events[^1].Seq), ct: ct);
        return events.Any(e => e.Kind == "rollout.completed");
    }

    private void Promoted(Tx tx, StoredMonitor monitor, EndpointKey key, RolloutCompleted promoted, JournalEvent happened)
    {
        var state = FindingStore.State(tx, key.WorkspaceId, key.Name);
        var ended = FindingStore.Incidents(tx, key.WorkspaceId, key.Name, "open", 100).Where(i => IncidentRules.EndsWithPromotion(i, promoted.ModelVersion)).ToList();
        var from = ended.Where(i => i.Kind == "data_drift").Select(i => (DateTimeOffset?)i.StartsAt).Max();
        FindingStore.PutState(tx, key.WorkspaceId, key.Name, state.Model == promoted.Model && state.ModelVersion == promoted.ModelVersion
            ? state with { BaselineFrom = state.BaselineFrom ?? from }
            : state.Primary(promoted.Model, promoted.ModelVersion, happened.At, from));
        foreach (var incident in ended)
            Resolve(tx, monitor.WorkspaceId, incident, "model_promoted", happened.At);
    }

    private async Task<bool> Window(StoredMonitor monitor, EndpointKey key, DateTimeOffset watermark, CancellationToken ct)
    {
        if (fold.Read(key, s => s.Closed(watermark) is { } w ? w.ToBytes() : null) is not { } content)
            return false;
        var window = WindowRows.FromBytes(content);
        var memory = await Memory(key, ct);
        if (window.End > memory.State.LastEnd)
        {
            var step = new WindowStep(monitor, key, memory, window, fold, baselines);
            await step.Evaluate(ct);
            await db.Write(tx =>
            {
                FindingStore.PutWindow(tx, key.WorkspaceId, key.Name, window, content, window.End - WindowMath.Longest(monitor.Spec));
                FindingStore.PutState(tx, key.WorkspaceId, key.Name, step.State);
                foreach (var report in step.Reports)
                    FindingStore.PutReport(tx, key.WorkspaceId, report);
                foreach (var (incident, _) in step.Changed)
                    FindingStore.PutIncident(tx, key.WorkspaceId, incident);
                foreach (var (incident, report) in step.Changed.Where(c => c.Report is not null))
                    journal.Append(tx, Controller(key.WorkspaceId), IncidentRules.Diagnosed(incident, report!), key.Name, window.End);

                foreach (var (incident, reason) in step.Resolved)
                    Resolve(tx, key.WorkspaceId, incident, reason, window.End);
            }, ct: ct);
            memory.Took(window, step.State, WindowMath.Longest(monitor.Spec));
        }

        fold.Read(key, s =>
        {
            s.Release(window.End);
            return s;
        });
        return true;
    }

    private void Resolve(Tx tx, int workspace, Incident incident, string reason, DateTimeOffset at)
    {
        FindingStore.PutIncident(tx, workspace, incident with { Status = "resolved", ResolvedAt = at, CleanFrom = at, Resolution = reason });
        journal.Append(tx, Controller(workspace), new IncidentResolved(incident.Id, incident.Endpoint, incident.Kind, incident.Feature, reason, at), incident.Endpoint, at);
    }

    private Principal Controller(int workspace) => Principal.Controller(workspace, Name);

    private async Task<MonitorMemory> Memory(EndpointKey key, CancellationToken ct)
    {
        if (!_memory.TryGetValue(key, out var memory))
            _memory[key] = memory = await db.Read(tx => new MonitorMemory(FindingStore.State(tx, key.WorkspaceId, key.Name), [.. FindingStore.Windows(tx, key.WorkspaceId, key.Name).Select(WindowRows.FromBytes)]), ct);
        // People resolve incidents too, so these are read anew.
        memory.Incidents = await db.Read(tx => FindingStore.Incidents(tx, key.WorkspaceId, key.Name, null, 200), ct);
        return memory;
    }
}

/// <summary>Finds a baseline; null when there is none.</summary>
internal delegate Task<Baseline?> BaselineSource(BaselineKey key, CancellationToken ct);

/// <summary>What the reconciler keeps of an endpoint between steps; the database can give it back at any time.</summary>
internal sealed class MonitorMemory(MonitorState state, List<WindowRows> windows)
{
    public MonitorState State { get; private set; } = state;

    /// <summary>Evaluated base windows, oldest first, as far back as the longest term.</summary>
    public List<WindowRows> Windows { get; } = windows;

    public List<Incident> Incidents { get; set; } = [];

    public void Took(WindowRows window, MonitorState next, TimeSpan keep)
    {
        State = next;
        Windows.RemoveAll(w => w.Start == window.Start || w.End < window.End - keep);
        Windows.Add(window);
    }
}
