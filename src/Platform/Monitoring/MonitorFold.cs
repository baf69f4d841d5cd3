using System.Collections.Concurrent;
using Holdfast.Predictions;
using Holdfast.Storage.Sql;

namespace Holdfast.Monitoring;

/// <summary>The declared monitors in memory: the fold must know them without waiting for anything.</summary>
internal sealed class MonitorDirectory(Db db)
{
    private readonly ConcurrentDictionary<EndpointKey, StoredMonitor> _monitors = [];
    private readonly Lock _lock = new();
    private volatile bool _loaded;

    public StoredMonitor? Find(EndpointKey endpoint) => _monitors.GetValueOrDefault(endpoint);

    public IReadOnlyList<StoredMonitor> All() => [.. _monitors.OrderBy(m => m.Key.WorkspaceId).ThenBy(m => m.Key.Name, StringComparer.Ordinal).Select(m => m.Value)];

    public void Set(StoredMonitor monitor) => _monitors[new EndpointKey(monitor.WorkspaceId, monitor.Spec.Endpoint)] = monitor;

    public void Remove(EndpointKey endpoint) => _monitors.TryRemove(endpoint, out _);

    /// <summary>Blocks once, at start, before the first record of the log is folded: a record folded without its monitor would be lost to it.</summary>
    public void EnsureLoaded()
    {
        if (_loaded)
            return;
        lock (_lock)
        {
            if (_loaded)
                return;
            foreach (var monitor in db.Read(MonitorStore.All).GetAwaiter().GetResult())
                _monitors.TryAdd(new EndpointKey(monitor.WorkspaceId, monitor.Spec.Endpoint), monitor);
            _loaded = true;
        }
    }
}

/// <summary>Fills the windows of monitored endpoints from the log. Written by the log's thread, read by the reconciler.</summary>
internal sealed class MonitorFold(MonitorDirectory directory) : IPredictionFold
{
    private readonly ConcurrentDictionary<EndpointKey, EndpointWindows> _states = [];

    public string Name => "monitoring";

    public void Apply(EndpointKey endpoint, LogEntry entry)
    {
        if (entry is ClockEntry || directory.Find(endpoint) is not { } monitor)
            return;
        var state = _states.GetOrAdd(endpoint, _ => new EndpointWindows { Every = monitor.Spec.Every });
        lock (state)
        {
            // Windows already open keep the length they began with.
            state.Every = monitor.Spec.Every;
            if (entry is PredictionEntry prediction)
                state.Apply(prediction);
            else if (entry is LabelEntry label)
                state.Apply(label);
        }
    }

    public byte[]? Save(EndpointKey endpoint)
    {
        if (!_states.TryGetValue(endpoint, out var state))
            return null;
        lock (state)
            return state.ToBytes();
    }

    public void Load(EndpointKey endpoint, byte[]? state)
    {
        directory.EnsureLoaded();
        if (state is null)
            _states.TryRemove(endpoint, out _);
        else
            _states[endpoint] = EndpointWindows.FromBytes(state);
    }

    /// <summary>Reads the state of an endpoint under its lock; default without one.</summary>
    public T? Read<T>(EndpointKey endpoint, Func<EndpointWindows, T?> read)
    {
        if (!_states.TryGetValue(endpoint, out var state))
            return default;
        lock (state)
            return read(state);
    }
}
