using Holdfast.Contracts;
using Holdfast.Kernel;

namespace Holdfast.Predictions;

/// <content>What is kept, asked, moved to Parquet and deleted.</content>
public sealed partial class PredictionService
{
    /// <summary>What of an endpoint's requests is kept from now on. They stay in force when the endpoint goes.</summary>
    public async Task SetRules(EndpointKey endpoint, LogRules rules, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(rules);
        var log = Log(endpoint);
        if (log.Rules.Equals(rules))
            return;
        await _parts.SetRules(log, rules, ct);
        log.Rules = rules;
    }

    /// <summary>The rules in force.</summary>
    public LogRules Rules(EndpointKey endpoint) => Log(endpoint).Rules;

    /// <summary>SQL over an endpoint's log, Parquet and recent lines together. Dispose the result.</summary>
    public async Task<LogResult> Ask(Principal p, string endpoint, LogQuestion question, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(question);
        var log = Log(new EndpointKey(p.WorkspaceId, endpoint));
        await _log.Flush(commit: true, ct);
        return await _questions.Run(log, question, ct);
    }

    /// <summary>Moves all that is written so far into Parquet, without waiting for the hour.</summary>
    /// <returns>The number of segments.</returns>
    public Task<int> Compact(Principal p, string endpoint, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        return _keeper.CompactAll(Log(new EndpointKey(p.WorkspaceId, endpoint)), ct);
    }

    /// <summary>
    /// Deletes the predictions that were made for a sticky key so far, with their labels, wherever they lie. Event <c>predictions.deleted</c>, without the key. Once
    /// accepted it is carried out, also over a restart.
    /// </summary>
    public Task<DeletionReport> DeleteEntity(Principal p, string endpoint, string key, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        if (string.IsNullOrEmpty(key))
            throw new HoldfastException(ErrorCode.InvalidArgument, "The key is empty.", "Name the sticky key whose predictions shall go.");
        return _keeper.Delete(Log(new EndpointKey(p.WorkspaceId, endpoint)), p, key, ct);
    }

    /// <summary>Completeness of the log with the labels that found no prediction.</summary>
    public async Task<LogCompleteness> Figures(Principal p, string endpoint, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        var log = Log(new EndpointKey(p.WorkspaceId, endpoint));
        var (waiting, ambiguous) = await _keyed.Count(log, ct);
        return log.Completeness(Now(log)) with { WaitingLabels = waiting, AmbiguousLabels = ambiguous };
    }

    /// <summary>Takes in one half of a prediction that was made elsewhere, as a CloudEvent; with its other half it becomes records of the log.</summary>
    public Task<EventAnswer> AddEvent(Principal p, string endpoint, ServingEvent half, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(half);
        return _inbox.Add(Log(new EndpointKey(p.WorkspaceId, endpoint)), half, Append, ct);
    }

    /// <summary>All that the keeper would do now.</summary>
    internal Task Tend(EndpointKey endpoint, CancellationToken ct = default) => _keeper.Tend(Log(endpoint), ct);
}
