using Microsoft.Extensions.Logging;

namespace Holdfast.Predictions;

/// <summary>Brings one endpoint's log, index and folds together again after a stop of any kind.</summary>
internal sealed class LogRecovery(PredictionStore store, PartStore parts, FoldSet folds, ILogger log)
{
    public async Task<EndpointLog> Recover(EndpointLog endpoint, CancellationToken ct)
    {
        if (endpoint.Files.CutTornLine() is > 0 and var torn)
            log.LogWarning("The log of {Endpoint} ended in a torn line; {Bytes} bytes were cut off", endpoint.Key, torn);
        endpoint.Parts = await parts.Load(endpoint, ct);
        // Between the commit and the removal of the file lies a moment in which a crash leaves both.
        foreach (var segment in endpoint.Files.Segments().Where(endpoint.Parts.Segments.ContainsKey))
            endpoint.Files.Delete(segment);
        var (position, high, predictions, labels) = await store.Position(endpoint, ct);
        (endpoint.NextSeq, endpoint.CommittedSeq, endpoint.TotalPredictions, endpoint.TotalLabels) = (position + 1, position, predictions, labels);
        if (high is { } at)
            endpoint.Advance(DateTimeOffset.FromUnixTimeMilliseconds(at));
        var saved = await store.Folds(endpoint, ct);
        var behind = folds.All.Select(f => (Fold: f, Position: saved.GetValueOrDefault(f.Name).Position)).ToList();
        foreach (var (fold, _) in behind)
            folds.Load(fold, endpoint, saved.GetValueOrDefault(fold.Name).State);
        endpoint.FoldsLoaded = true;
        await Replay(endpoint, position, behind, ct);
        if (endpoint.Dirty)
        {
            await store.Commit(endpoint, endpoint.NextSeq - 1, folds.Save(endpoint));
            endpoint.Committed();
        }

        return endpoint;
    }

    private async Task Replay(EndpointLog endpoint, long position, List<(IPredictionFold Fold, long Position)> behind, CancellationToken ct)
    {
        // Predictions past the position are not in the index yet, so their labels find them here.
        var fresh = new Dictionary<string, PredictionEntry>(StringComparer.Ordinal);
        await foreach (var (seq, read, place) in endpoint.ReadAfter(behind.Select(b => b.Position).Append(position).Min(), ct))
        {
            var entry = read;
            if (read is LabelEntry label)
            {
                if (!fresh.TryGetValue(label.PredictionId, out var prediction))
                {
                    var found = await store.Places(endpoint, [label.PredictionId], ct);
                    prediction = (await endpoint.ReadAt([.. found.Values], ct)).FirstOrDefault();
                }

                entry = label with { Prediction = prediction };
            }

            if (seq > position)
            {
                if (entry is PredictionEntry recent)
                    fresh[recent.Id] = recent;
                endpoint.NextSeq = seq + 1;
                endpoint.Written(seq, entry, place);
            }

            endpoint.Dirty = true;
            foreach (var (fold, from) in behind)
            {
                if (seq > from)
                    folds.Apply(fold, endpoint, entry);
            }
        }
    }
}
