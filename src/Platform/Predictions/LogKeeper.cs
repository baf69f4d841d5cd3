using Holdfast.Kernel;
using Holdfast.Storage.Sql;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Holdfast.Predictions;

/// <summary>
/// Keeps the logs small while the server runs: once a minute closed segments go into Parquet, what is past its retention goes, deletions
/// that a stop interrupted go on, and labels that wait for their prediction are tried again. One thing at a time.
/// </summary>
internal sealed class LogKeeper(PredictionLog log, PartStore store, Compactor compactor, KeyedLabels labels, Db db, Journal journal, TimeProvider time, ILogger<LogKeeper> logger) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);
    private const int RowsPerRead = 2_000;
    private readonly SemaphoreSlim _turn = new(1, 1);

    public override void Dispose()
    {
        base.Dispose();
        _turn.Dispose();
    }

    /// <summary>All that is due.</summary>
    public Task Tend(EndpointLog endpoint, CancellationToken ct) => InTurn(
        async () =>
        {
            await Compact(endpoint, ct);
            foreach (var deletion in await store.OpenDeletions(endpoint, ct))
                await Delete(endpoint, deletion, ct);
            await Expire(endpoint, ct);
            await labels.Retry(endpoint, ct);
            return true;
        },
        ct);

    /// <summary>Closes the segment that is written now and moves all into Parquet.</summary>
    /// <returns>The number of segments.</returns>
    public Task<int> CompactAll(EndpointLog endpoint, CancellationToken ct) => InTurn(
        async () =>
        {
            await log.Roll(endpoint, ct);
            return await Compact(endpoint, ct);
        },
        ct);

    /// <summary>Deletes what is known of one entity: predictions and their labels, in segments, Parquet and tables. Event <c>predictions.deleted</c>.</summary>
    public async Task<DeletionReport> Delete(EndpointLog endpoint, Principal p, string key, CancellationToken ct)
    {
        var entity = StickyBucket.Entity(key);
        var id = await store.AddDeletion(endpoint, entity, p.Name, time.GetUtcNow(), ct);
        // From here on it is done, by this call or by the keeper.
        return await InTurn(() => Delete(endpoint, new Deletion(id, entity, p.Name, 0, 0), ct), ct);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await Task.Delay(Every, time, stoppingToken);
            try
            {
                await InTurn(
                    async () =>
                    {
                        await compactor.EmptyTrash(stoppingToken);
                        return true;
                    },
                    stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                logger.LogError(e, "Old files of the prediction log could not be removed and will be tried again");
            }

            foreach (var endpoint in log.All)
            {
                try
                {
                    await Tend(endpoint, stoppingToken);
                }
                catch (Exception e) when (!stoppingToken.IsCancellationRequested)
                {
                    logger.LogError(e, "The log of {Endpoint} could not be tended and will be tried again", endpoint.Key);
                }
            }
        }
    }

    private async Task<int> Compact(EndpointLog endpoint, CancellationToken ct)
    {
        var closed = Compactor.Closed(endpoint);
        foreach (var (segment, last) in closed)
            await compactor.Compact(endpoint, segment, last, null, ct);
        return closed.Count;
    }

    private async Task<DeletionReport> Delete(EndpointLog endpoint, Deletion deletion, CancellationToken ct)
    {
        await log.Roll(endpoint, ct);
        var open = Open(endpoint);
        var rows = await store.OfEntity(endpoint, deletion.Entity, open, ct);
        var labelled = await store.LabelSeqs(endpoint, rows.Select(r => r.PredictionId), ct);
        if (rows.Count > deletion.Predictions)
        {
            deletion = deletion with { Predictions = rows.Count, Labels = labelled.Count };
            await store.CountDeletion(deletion, ct);
        }

        var gone = rows.Select(r => r.Seq).Concat(labelled.OfType<long>()).ToHashSet();
        foreach (var (segment, last) in Compactor.Closed(endpoint))
            await compactor.Compact(endpoint, segment, last, gone, ct);
        foreach (var segment in endpoint.Parts.Segments.Values)
        {
            var here = gone.Where(seq => seq >= segment.Segment && seq <= segment.LastSeq).ToList();
            foreach (var part in here.Count == 0 ? [] : segment.Parts)
                await compactor.Rewrite(endpoint, part, here, $"-d{deletion.Id}", ct);
        }

        await log.Forget(rows.Select(r => r.PredictionId), ct);
        await store.DeleteRows(endpoint, rows.Select(r => r.PredictionId), ct);
        await compactor.EmptyTrash(ct);
        await db.Write(
            tx =>
            {
                PartStore.Finish(tx, endpoint, deletion, time.GetUtcNow());
                journal.Append(
                    tx, new Principal(endpoint.Key.WorkspaceId, deletion.Actor, Role.Editor), new PredictionsDeleted(endpoint.Key.Name, deletion.Id, deletion.Predictions, deletion.Labels), endpoint.Key.Name,
                    Moment(endpoint));
            },
            ct: ct);
        return new DeletionReport(deletion.Id, deletion.Predictions, deletion.Labels);
    }

    private async Task Expire(EndpointLog endpoint, CancellationToken ct)
    {
        if (endpoint.Rules.Retention is not { } keep || Clock(endpoint) - DateTimeOffset.UnixEpoch < keep)
            return;
        var until = PartFile.HourOf((Clock(endpoint) - keep).ToUnixTimeMilliseconds());
        var parts = endpoint.Parts.All.Where(p => p.Hour < until).ToList();
        await store.Drop(endpoint, parts, ct);
        endpoint.Parts = endpoint.Parts.Without(parts);
        var rows = 0L;
        for (List<string> ids; (ids = await store.Before(endpoint, until, Open(endpoint), RowsPerRead, ct)).Count > 0; rows += ids.Count)
            await store.DeleteRows(endpoint, ids, ct);
        await compactor.EmptyTrash(ct);
        foreach (var segment in endpoint.Parts.Segments.Values.Where(s => s.Parts.IsEmpty && !endpoint.Files.Exists(s.Segment)).ToList())
        {
            await store.Forget(endpoint, segment.Segment, ct);
            endpoint.Parts = new PartIndex(endpoint.Parts.Segments.Remove(segment.Segment));
        }

        if (rows > 0)
        {
            await journal.Append(
                Principal.Controller(endpoint.Key.WorkspaceId, "predictions"), new PredictionsExpired(endpoint.Key.Name, DateTimeOffset.FromUnixTimeMilliseconds(until), Term.Text(keep), rows), endpoint.Key.Name,
                Moment(endpoint), ct);
        }
    }

    // The newest segment: what lies in it may still be written.
    private static long Open(EndpointLog endpoint) => endpoint.Files.Segments() is [.., var last] ? last : long.MaxValue;

    private DateTimeOffset Clock(EndpointLog endpoint) => endpoint.Clock == EndpointClock.Event ? endpoint.Watermark : time.GetUtcNow();

    private DateTimeOffset? Moment(EndpointLog endpoint) => Clock(endpoint) is var now && now > DateTimeOffset.UnixEpoch ? now : null;

    private async Task<T> InTurn<T>(Func<Task<T>> work, CancellationToken ct)
    {
        await _turn.WaitAsync(ct);
        try
        {
            return await work();
        }
        finally
        {
            _turn.Release();
        }
    }
}
