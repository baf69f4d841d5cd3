using System.Collections.Concurrent;
using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Predictions;
using Holdfast.Storage.Sql;

namespace Holdfast.Rollout;

/// <summary>The guards of rollouts in memory: the fold must know them without waiting for anything.</summary>
internal sealed class GuardDirectory(Db db)
{
    private readonly ConcurrentDictionary<string, GuardSpec> _guards = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private volatile bool _loaded;

    /// <summary>The guards of a rollout, also by the mark of its time after the end.</summary>
    public GuardSpec? Find(string rolloutId) => _guards.GetValueOrDefault(
        rolloutId.EndsWith(RolloutEvidence.KeptSuffix, StringComparison.Ordinal) ? rolloutId[..^RolloutEvidence.KeptSuffix.Length] : rolloutId);

    public void Set(string rolloutId, GuardSpec guard) => _guards[rolloutId] = guard;

    /// <summary>Blocks once, at start, before the first record of the log is folded: evidence must not depend on when the table was read.</summary>
    public void EnsureLoaded()
    {
        if (_loaded)
            return;
        lock (_lock)
        {
            if (_loaded)
                return;
            foreach (var state in db.Read(tx => RolloutStore.Newest(tx, 1000)).GetAwaiter().GetResult())
                _guards.TryAdd(state.Id, state.Guard);
            foreach (var test in db.Read(tx => AbStore.Newest(tx, 200)).GetAwaiter().GetResult())
                _guards.TryAdd(test.Id, test.Spec.Guard);
            _loaded = true;
        }
    }
}

/// <summary>Collects the evidence of rollouts from the log; written by the log's thread, read by the reconciler.</summary>
/// <param name="harmed">Called when the evidence of a rollout has come to show harm: the decision must not wait for the next round.</param>
internal sealed class RolloutFold(GuardDirectory guards, Action? harmed = null) : IPredictionFold
{
    // The newest two, each with its time after the end, stay open: labels that come late are still counted.
    private const int KeptRollouts = 4;
    private const byte Version = 2;

    private readonly ConcurrentDictionary<EndpointKey, EndpointEvidence> _states = [];

    public string Name => "rollout";

    public void Apply(EndpointKey endpoint, LogEntry entry)
    {
        var state = _states.GetOrAdd(endpoint, _ => new EndpointEvidence());
        var worse = false;
        lock (state)
        {
            var before = state.Rollouts.Count(r => r.IsHarm);
            if (entry is PredictionEntry prediction)
                Predicted(state, prediction);
            else if (entry is LabelEntry { Prediction: { RolloutId: { } id } made } label && state.Rollouts.Find(r => r.RolloutId == id) is { } evidence)
                evidence.Apply(label, made);
            // Labels ripen by the clock of the endpoint, whatever moves it.
            if (entry is not LabelEntry)
            {
                foreach (var rollout in state.Rollouts)
                    rollout.Advance(entry.At);
            }

            worse = state.Rollouts.Count(r => r.IsHarm) > before;
        }

        if (worse)
            harmed?.Invoke();
    }

    public byte[]? Save(EndpointKey endpoint)
    {
        if (!_states.TryGetValue(endpoint, out var state))
            return null;
        lock (state)
            return [Version, .. JsonSerializer.SerializeToUtf8Bytes(new StoredEvidence(state.Latency.Snapshot, [.. state.Rollouts.Select(r => r.Snapshot)]), HoldfastJson.Options)];
    }

    public void Load(EndpointKey endpoint, byte[]? state)
    {
        guards.EnsureLoaded();
        if (state is null)
        {
            _states.TryRemove(endpoint, out _);
            return;
        }

        if (state[0] != Version)
            throw new FormatException($"Evidence of version {state[0]} cannot be read; this release reads version {Version}.");
        var stored = JsonSerializer.Deserialize<StoredEvidence>(state.AsSpan(1), HoldfastJson.Options)!;
        var loaded = new EndpointEvidence { Latency = new LatencyLimit(stored.Latency) };
        loaded.Rollouts.AddRange(stored.Rollouts.Select(r => new RolloutEvidence(r)));
        _states[endpoint] = loaded;
    }

    /// <summary>Reads a rollout's evidence under its lock; default before the first record of it.</summary>
    public T? Read<T>(EndpointKey endpoint, string rolloutId, Func<RolloutEvidence, T?> read)
    {
        if (!_states.TryGetValue(endpoint, out var state))
            return default;
        lock (state)
            return state.Rollouts.Find(r => r.RolloutId == rolloutId) is { } evidence ? read(evidence) : default;
    }

    private void Predicted(EndpointEvidence state, PredictionEntry entry)
    {
        if (entry.RolloutId is { } id && guards.Find(id) is { } spec)
        {
            var evidence = state.Rollouts.Find(r => r.RolloutId == id);
            if (evidence is null)
            {
                state.Rollouts.Add(evidence = new RolloutEvidence(id, spec));
                if (state.Rollouts.Count > KeptRollouts)
                    state.Rollouts.RemoveAt(0);
            }

            evidence.Apply(entry, state.Latency.Limit(spec));
        }

        if (entry is { Role: VariantRole.Primary, Error: null })
            state.Latency.Observe(entry.LatencyMs);
    }

    private sealed class EndpointEvidence
    {
        public LatencyLimit Latency { get; init; } = new();

        public List<RolloutEvidence> Rollouts { get; } = [];
    }

    private sealed record StoredEvidence(LatencySnapshot Latency, IReadOnlyList<EvidenceSnapshot> Rollouts);
}
