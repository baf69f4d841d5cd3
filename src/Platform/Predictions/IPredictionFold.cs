namespace Holdfast.Predictions;

/// <summary>
/// A state that is computed from an endpoint's log and nothing else (profiles of windows, evidence of a rollout). Registered as
/// singletons. All calls come from one thread at a time, entries in log order, each exactly once with respect to the saved state:
/// state and log position are committed in one row, and after a crash the log is replayed from there.
/// </summary>
public interface IPredictionFold
{
    /// <summary>Name of the state in the database; never changes.</summary>
    string Name { get; }

    /// <summary>Takes in one entry. Must not wait for anything.</summary>
    void Apply(EndpointKey endpoint, LogEntry entry);

    /// <summary>The state now, beginning with a version byte; null when there is nothing to keep. Called at commits (about once a second under traffic).</summary>
    byte[]? Save(EndpointKey endpoint);

    /// <summary>Takes back a saved state; null = begin anew. Called before the first entry of an endpoint.</summary>
    void Load(EndpointKey endpoint, byte[]? state);
}
