using Microsoft.Extensions.Logging;

namespace Holdfast.Predictions;

/// <summary>The registered folds, called so that a fault in one neither stops the log nor the others.</summary>
internal sealed class FoldSet(IReadOnlyList<IPredictionFold> folds, ILogger log)
{
    public IReadOnlyList<IPredictionFold> All => folds;

    public void Begin(EndpointLog endpoint)
    {
        if (endpoint.FoldsLoaded)
            return;
        foreach (var fold in folds)
            Load(fold, endpoint, null);
        endpoint.FoldsLoaded = true;
    }

    public void Load(IPredictionFold fold, EndpointLog endpoint, byte[]? state)
    {
        try
        {
            fold.Load(endpoint.Key, state);
        }
        catch (Exception e)
        {
            log.LogError(e, "The fold {Fold} cannot take back its state of {Endpoint}", fold.Name, endpoint.Key);
        }
    }

    public void Apply(EndpointLog endpoint, LogEntry entry)
    {
        foreach (var fold in folds)
            Apply(fold, endpoint, entry);
    }

    public void Apply(IPredictionFold fold, EndpointLog endpoint, LogEntry entry)
    {
        try
        {
            fold.Apply(endpoint.Key, entry);
        }
        catch (Exception e)
        {
            log.LogError(e, "The fold {Fold} failed on an entry of {Endpoint} at {At}", fold.Name, endpoint.Key, entry.At);
        }
    }

    /// <summary>The states to commit. A fold that cannot save keeps its earlier row, from whose position it will be replayed.</summary>
    public IReadOnlyList<(string Name, byte[]? State)> Save(EndpointLog endpoint)
    {
        var states = new List<(string, byte[]?)>(folds.Count);
        foreach (var fold in folds)
        {
            try
            {
                states.Add((fold.Name, fold.Save(endpoint.Key)));
            }
            catch (Exception e)
            {
                log.LogError(e, "The fold {Fold} cannot save its state of {Endpoint}", fold.Name, endpoint.Key);
            }
        }

        return states;
    }
}
