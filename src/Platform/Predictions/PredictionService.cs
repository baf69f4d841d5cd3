using System.Globalization;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Kernel.Expressions;

namespace Holdfast.Predictions;

/// <summary>The prediction log: the door of the room.</summary>
public sealed partial class PredictionService
{
    private const int MaxLabels = 100_000;
    private const int MaxLabelLength = 1_000;
    private const int MostLookedAt = 20_000;
    private readonly PredictionLog _log;
    private readonly PredictionStore _store;
    private readonly QuarantineStore _quarantines;
    private readonly WindowDataset _windows;
    private readonly TrafficFold _traffic;
    private readonly PartStore _parts;
    private readonly LogKeeper _keeper;
    private readonly LogQuery _questions;
    private readonly KeyedLabels _keyed;
    private readonly EventSender _events;
    private readonly EventInbox _inbox;
    private readonly TimeProvider _time;

    internal PredictionService(
        PredictionLog log, PredictionStore store, QuarantineStore quarantines, WindowDataset windows, TrafficFold traffic, PartStore parts, LogKeeper keeper, LogQuery questions, KeyedLabels keyed, EventSender events,
        EventInbox inbox, TimeProvider time)
    {
        (_log, _store, _quarantines, _windows, _traffic, _parts, _keeper) = (log, store, quarantines, windows, traffic, parts, keeper);
        (_questions, _keyed, _events, _inbox, _time) = (questions, keyed, events, inbox, time);
    }

    /// <summary>Makes an endpoint's log known: which clock, and how late records may be. Idempotent.</summary>
    public Task Declare(EndpointKey endpoint, EndpointClock clock, TimeSpan lateness, CancellationToken ct = default)
    {
        if (!EndpointKey.IsName(endpoint.Name))
            throw new HoldfastException(ErrorCode.InvalidArgument, $"'{endpoint.Name}' is not a name for an endpoint.", EndpointKey.NameRule);
        return _log.Declare(endpoint, clock, lateness, ct);
    }

    /// <summary>Puts a prediction in the queue to the log; never waits. False when the queue is full: the record is dropped and counted.</summary>
    public bool Append(PredictionEntry entry) => Append(entry, null);

    /// <summary>The same for a request that was copied: the record keeps its place in the log and waits there for the copy's result, which must come in bounded time and not fail.</summary>
    public bool Append(PredictionEntry entry, Task<ShadowResult>? shadow)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var log = Log(new EndpointKey(entry.WorkspaceId, entry.Endpoint));
        var rules = log.Rules;
        // Nothing else sees what may not be written: folds, files and receivers get the same record.
        var kept = Redaction.Apply(Normal(entry), rules, log.Secret);
        if (rules.Events is { } target)
            _events.Offer(log, target, kept);
        return _log.Append(log, kept, shadow);
    }

    /// <summary>Returns when the queue to the log has room for so many rows, so that a batch drops none; waits for ten seconds at most, and never for more than half of the queue.</summary>
    public Task WaitForRoom(int rows, CancellationToken ct = default) => _log.WaitForRoom(rows, ct);

    /// <summary>Counts rows that were asked for and rows that were answered, for the log's completeness.</summary>
    public void Count(EndpointKey endpoint, int requests, int answered) => _log.Find(endpoint)?.Count(requests, answered);

    /// <summary>Stores labels; on return they are durable. Those with a known prediction follow into the log.</summary>
    public async Task<LabelResult> AddLabels(Principal p, string endpoint, IReadOnlyList<NewLabel> labels, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(labels);
        var log = Log(new EndpointKey(p.WorkspaceId, endpoint));
        var checkedLabels = Checked(labels);
        var clock = Now(log);
        var keyed = checkedLabels.FindAll(l => l.Key is not null);
        var (waiting, ambiguous) = (0, 0);
        if (keyed.Count > 0)
        {
            // The nearest earlier prediction may be the one just answered.
            await _log.Flush(commit: true, ct);
            (var joined, waiting, ambiguous) = await _keyed.Resolve(log, keyed, ct);
            checkedLabels = [.. checkedLabels.Where(l => l.Key is null), .. joined];
        }

        var stored = await _store.AddLabels(log, checkedLabels, clock, _time.GetUtcNow(), ct);
        // From here on the labels are durable: they go to the log even when the caller has left.
        if (stored.Count > 0)
            await _log.Append(log, stored, CancellationToken.None);
        return (await Sorted(log, checkedLabels, clock, ct)) with { Waiting = waiting, Ambiguous = ambiguous };
    }

    /// <summary>Moves an event clock forward; a moment already passed changes nothing.</summary>
    public async Task AdvanceClock(Principal p, string endpoint, DateTimeOffset to, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        var log = Log(new EndpointKey(p.WorkspaceId, endpoint));
        if (log.Clock != EndpointClock.Event)
            throw new HoldfastException(ErrorCode.FailedPrecondition, $"The endpoint '{endpoint}' runs on the wall clock, which nobody can move.", "Declare it with 'clock: event'.");
        await _log.Append(log, new ClockEntry(Milliseconds(to), "advanced"), ct);
        await _log.Flush(commit: false, ct);
    }

    /// <summary>Whether controllers may decide on an endpoint now; not in the middle of what a replaying client sends (<see cref="Settle"/>).</summary>
    public bool MayAct(EndpointKey endpoint) => _log.Gate.MayAct(endpoint);

    /// <summary>Lets the controllers decide on an endpoint while <paramref name="work"/> runs, and for a minute after it only in further such calls.</summary>
    public Task Settle(EndpointKey endpoint, Func<Task> work) => _log.Gate.Settle(endpoint, work);

    /// <summary>Returns when everything appended so far is on disk and folded.</summary>
    public Task Flush(CancellationToken ct = default) => _log.Flush(commit: false, ct);

    /// <summary>The endpoint's clock: wall time, or the watermark. An event clock without any record stands at the Unix epoch.</summary>
    public DateTimeOffset Now(EndpointKey endpoint) => Now(Log(endpoint));

    /// <summary>Everything before it has been seen and folded: the highest event time of the log less the allowed lateness; the Unix epoch before the first record.</summary>
    public DateTimeOffset Watermark(EndpointKey endpoint) => Log(endpoint).Watermark;

    /// <summary>Reads predictions that were appended before the call.</summary>
    public async Task<Page<LoggedPrediction>> Query(Principal p, PredictionQuery query, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(query);
        var log = Log(new EndpointKey(p.WorkspaceId, query.Endpoint));
        var limit = Math.Clamp(query.Limit, 1, 10_000);
        var after = ParseToken(query.Token);
        var where = query.Where is null ? null : Expression.Parse(query.Where);
        var filter = new RowFilter(
            query.From, query.Until, query.Role, query.Labelled, query.Label, query.Prediction, query.ModelVersion, query.MinScore, query.MaxScore, query.Failed,
            query.Key is null ? null : StickyBucket.Entity(query.Key), query.NewestFirst);
        await _log.Flush(commit: true, ct);
        var items = new List<LoggedPrediction>();
        for (var looked = 0; ;)
        {
            var most = where is null ? limit : Math.Max(limit, 500);
            var rows = await _store.Rows(log, filter, after, most, ct);
            var entries = await log.ReadAt([.. rows.Select(r => r.Place)], ct);
            foreach (var (entry, row) in entries.Zip(rows))
            {
                after = (row.Place.At, row.Place.Seq);
                if (entry is not null && (where is null || Holds(where, entry)))
                    items.Add(new LoggedPrediction(entry, row.Label, row.LabelAt));
                if (items.Count == limit)
                    break;
            }

            looked += rows.Count;
            if (items.Count < limit && rows.Count == most && where is not null && looked < MostLookedAt)
                continue;
            var more = items.Count == limit ? rows.Count > 0 && (rows.Count == most || after != (rows[^1].Place.At, rows[^1].Place.Seq)) : rows.Count == most;
            return new Page<LoggedPrediction>(items, more ? string.Create(CultureInfo.InvariantCulture, $"{after!.Value.At}:{after.Value.Seq}") : null);
        }
    }

    /// <summary>One prediction by id.</summary>
    public async Task<LoggedPrediction> Get(Principal p, string endpoint, string id, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        var log = Log(new EndpointKey(p.WorkspaceId, endpoint));
        await _log.Flush(commit: true, ct);
        var places = await _store.Places(log, [id], ct);
        if ((await log.ReadAt([.. places.Values], ct)).FirstOrDefault() is not { } entry)
            throw new HoldfastException(ErrorCode.NotFound, $"The endpoint '{endpoint}' has no prediction '{id}' in its log.");
        var label = await _store.Label(log, id, ct);
        return new LoggedPrediction(entry, label?.Value, label?.At);
    }

    /// <summary>
    /// Makes the labelled rows in [<paramref name="from"/>, <paramref name="until"/>) that are not set aside a dataset version: <c>event_time</c>, the features, the label.
    /// The same rows again give the same version. FailedPrecondition when there is none.
    /// </summary>
    public async Task<MaterializedWindow> Materialize(Principal p, string endpoint, DateTimeOffset from, DateTimeOffset until, string dataset, MaterializeOptions options, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(options);
        var log = Log(new EndpointKey(p.WorkspaceId, endpoint));
        if (until <= from)
            throw new HoldfastException(ErrorCode.InvalidArgument, $"A window from {from:O} until {until:O} holds nothing.", "Give an end after the start.");
        await _log.Flush(commit: true, ct);
        return await _windows.Write(p, log, from, until, dataset, options, await _quarantines.List(log, ct), Now(log), ct);
    }

    /// <summary>How many predictions made from a moment on have a label by now.</summary>
    public async Task<long> CountLabelled(Principal p, string endpoint, DateTimeOffset from, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        var log = Log(new EndpointKey(p.WorkspaceId, endpoint));
        await _log.Flush(commit: true, ct);
        return await _store.CountLabelled(log, from, ct);
    }

    /// <summary>Completeness of the log.</summary>
    public LogCompleteness Completeness(EndpointKey endpoint)
    {
        var log = Log(endpoint);
        return log.Completeness(Now(log));
    }

    /// <summary>An endpoint's traffic by variant over time.</summary>
    /// <param name="step"><c>1m</c>, <c>1h</c> or <c>1d</c>; null for the shortest that reaches back as far as is known.</param>
    public TrafficSeries Traffic(EndpointKey endpoint, string? step = null)
    {
        var log = Log(endpoint);
        if (step is not null && TrafficFold.Steps.All(s => s.Name != step))
            throw new HoldfastException(ErrorCode.InvalidArgument, $"There is no step '{step}' of traffic.", $"Name one of {string.Join(", ", TrafficFold.Steps.Select(s => s.Name))}, or none.");
        return _traffic.Read(endpoint, step, Now(log));
    }

    internal EndpointLog Log(EndpointKey endpoint) =>
        _log.Find(endpoint) ?? throw new HoldfastException(ErrorCode.NotFound, $"There is no endpoint '{endpoint.Name}' in this workspace.", "Apply a project that declares it; GET /api/v1/endpoints lists them.");

    private DateTimeOffset Now(EndpointLog log) => log.Clock == EndpointClock.Event ? log.Watermark : _time.GetUtcNow();

    // The folds see exactly what a replay would read: whole milliseconds, and no infinities, which JSON cannot carry.
    private static PredictionEntry Normal(PredictionEntry entry)
    {
        if (entry.At.Ticks % TimeSpan.TicksPerMillisecond != 0 || entry.At.Offset != TimeSpan.Zero)
            entry = entry with { At = Milliseconds(entry.At) };
        if (double.IsInfinity(entry.Score))
            entry = entry with { Score = double.NaN };
        foreach (var feature in entry.Features)
        {
            if (double.IsInfinity(feature.Number))
                return entry with { Features = [.. entry.Features.Select(f => double.IsInfinity(f.Number) ? f with { Number = double.NaN } : f)] };
        }

        return entry;
    }

    private static DateTimeOffset Milliseconds(DateTimeOffset at) => DateTimeOffset.FromUnixTimeMilliseconds(at.ToUnixTimeMilliseconds());

    private static List<NewLabel> Checked(IReadOnlyList<NewLabel> labels)
    {
        if (labels.Count is 0 or > MaxLabels)
            throw new HoldfastException(ErrorCode.InvalidArgument, $"A request carries 1 to {MaxLabels:N0} labels; this one has {labels.Count:N0}.");
        var faults = new List<Fault>();
        var result = new List<NewLabel>(labels.Count);
        for (var i = 0; i < labels.Count; i++)
        {
            var label = labels[i];
            var id = Guid.Empty;
            if (label.Key is not null || label.Time is not null)
            {
                if (string.IsNullOrEmpty(label.Key))
                    faults.Add(new Fault($"labels[{i}].key", "is missing.", "Name the sticky key that the prediction was made for, or send a prediction_id."));
                if (label.Time is null)
                    faults.Add(new Fault($"labels[{i}].time", "is missing.", "The label joins the key's nearest prediction at or before this moment."));
                if (label.Tolerance < TimeSpan.Zero)
                    faults.Add(new Fault($"labels[{i}].tolerance", $"{label.Tolerance} is negative.", "Write a length of time, such as 1d."));
            }
            else if (!Guid.TryParse(label.PredictionId, out id))
            {
                faults.Add(new Fault($"labels[{i}].prediction_id", $"'{label.PredictionId}' is not a prediction id.", "Send the prediction_id that the answer carried, or key and time."));
            }

            if (string.IsNullOrEmpty(label.Value) || label.Value.Length > MaxLabelLength)
                faults.Add(new Fault($"labels[{i}].value", $"has {label.Value?.Length ?? 0} characters.", $"Send the true class or number, 1 to {MaxLabelLength} characters."));
            result.Add(label with { PredictionId = label.Key is null ? id.ToString() : "" });
            if (faults.Count >= 100)
                break;
        }

        return faults.Count == 0 ? result : throw new HoldfastException("The labels were refused; none of them was stored.", faults);
    }

    private async Task<LabelResult> Sorted(EndpointLog log, List<NewLabel> labels, DateTimeOffset clock, CancellationToken ct)
    {
        var ids = labels.Select(l => l.PredictionId).Where(id => !log.InFlight.ContainsKey(id)).ToHashSet(StringComparer.Ordinal);
        var indexed = ids.Count == 0 ? [] : await _store.Places(log, ids, ct);
        ids.ExceptWith(indexed.Keys);
        var unknown = new List<string>();
        var pending = 0;
        foreach (var id in ids)
        {
            if (IsRecent(id, clock))
                pending++;
            else
                unknown.Add(id);
        }

        return new LabelResult(labels.Count - pending - unknown.Count, pending, unknown);
    }

    // A UUIDv7 carries its time: one that is no older than the log's lag may still be on its way (from another gateway).
    private static bool IsRecent(string id, DateTimeOffset clock) =>
        Guid.TryParse(id, out var guid) && guid.Version == 7
        && DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(guid.ToString("N").AsSpan(0, 12), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)) > clock - TimeSpan.FromSeconds(10);

    // Names are features; those of the answer stand beside them where no feature is called so.
    private static bool Holds(Expression where, PredictionEntry entry) => where.Evaluate(name =>
    {
        foreach (var feature in entry.Features)
        {
            if (feature.Name == name)
                return feature.Text is { } text ? ExprValue.Of(text) : ExprValue.Of(feature.Number);
        }

        return name switch
        {
            "score" => ExprValue.Of(entry.Score),
            "prediction" => ExprValue.Of(entry.Prediction),
            "role" => ExprValue.Of(entry.Role),
            "latency_ms" => ExprValue.Of(entry.LatencyMs),
            "model_version" => ExprValue.Of((double)entry.ModelVersion),
            _ => ExprValue.Missing,
        };
    }).IsTrue;

    private static (long At, long Seq)? ParseToken(string? token)
    {
        if (string.IsNullOrEmpty(token))
            return null;
        var colon = token.IndexOf(':', StringComparison.Ordinal);
        if (colon > 0 && long.TryParse(token.AsSpan(0, colon), CultureInfo.InvariantCulture, out var at) && long.TryParse(token.AsSpan(colon + 1), CultureInfo.InvariantCulture, out var seq))
            return (at, seq);
        throw new HoldfastException(ErrorCode.InvalidArgument, $"'{token}' is not a page token.", "Send the next_token of the page before.");
    }
}
