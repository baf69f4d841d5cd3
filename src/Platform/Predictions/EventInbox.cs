using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Holdfast.Contracts;

namespace Holdfast.Predictions;

/// <summary>One half of a prediction that another server made.</summary>
/// <param name="IsRequest">Whether it is the request; else the response.</param>
/// <param name="RequestId">Joins the halves: Seldon's request id, else the event's id.</param>
/// <param name="At">When it happened; the endpoint's clock when absent.</param>
/// <param name="Candidate">Whether a canary answered.</param>
/// <param name="Model">The model as the header names it.</param>
/// <param name="Body">Its document: the Open Inference Protocol, or version 1 of it.</param>
public sealed record ServingEvent(bool IsRequest, string RequestId, DateTimeOffset? At, bool Candidate, string? Model, byte[] Body);

/// <summary>What became of an event.</summary>
/// <param name="State"><c>waiting</c> for its other half, <c>logged</c>, or <c>repeated</c>.</param>
/// <param name="PredictionIds">Ids of the rows, in their order; labels name them.</param>
public sealed record EventAnswer(string State, IReadOnlyList<string> PredictionIds);

/// <summary>Joins the halves. Bounded: of more than so many that wait the oldest are let go.</summary>
internal sealed class EventInbox(PredictionStore store, TimeProvider time)
{
    public const int Capacity = 20_000;
    private readonly Lock _lock = new();
    private readonly Dictionary<(int, string, bool), ServingEvent> _halves = [];
    private readonly Queue<(int, string, bool)> _order = new();
    private readonly HashSet<string> _done = new(StringComparer.Ordinal);
    private readonly Queue<string> _doneOrder = new();

    public async Task<EventAnswer> Add(EndpointLog log, ServingEvent half, Func<PredictionEntry, bool> append, CancellationToken ct)
    {
        // Read at once, so that the sender hears of a fault in its own half.
        var rows = half.IsRequest ? ServingBody.Rows(half.Body) : null;
        var answers = half.IsRequest ? null : ServingBody.Answers(half.Body);
        var first = Id(log.Key, half.RequestId, 0);
        ServingEvent? other;
        lock (_lock)
        {
            if (_done.Contains(first))
                return new EventAnswer("repeated", []);
            if (!_halves.Remove((log.Id, half.RequestId, !half.IsRequest), out other))
            {
                Keep((log.Id, half.RequestId, half.IsRequest), half);
                return new EventAnswer("waiting", []);
            }

            Done(first);
        }

        // A sender may repeat what it sent before this process began.
        if ((await store.Places(log, [first], ct)).Count > 0)
            return new EventAnswer("repeated", []);
        var (request, response) = half.IsRequest ? (half, other) : (other, half);
        rows ??= ServingBody.Rows(request.Body);
        answers ??= ServingBody.Answers(response.Body);
        if (rows.Count != answers.Rows.Count)
            throw new HoldfastException(ErrorCode.InvalidArgument, $"The request '{half.RequestId}' has {rows.Count} rows, its response {answers.Rows.Count}.", "Send the bodies as the model server had them.");
        var clock = log.Clock == EndpointClock.Event ? log.Watermark : time.GetUtcNow();
        var at = request.At ?? response.At ?? clock;
        if (log.Clock == EndpointClock.Wall && at > clock + TimeSpan.FromMinutes(1))
            throw new HoldfastException(ErrorCode.InvalidArgument, $"The event's time {at:O} lies in the future.", "Set the clock of the sender right.");
        if (at <= DateTimeOffset.UnixEpoch)
            throw new HoldfastException(ErrorCode.InvalidArgument, "The event has no time, and the endpoint runs on event time.", "Send ce-time.");
        var latency = request.At is { } began && response.At is { } ended && ended >= began ? (ended - began).TotalMilliseconds : double.NaN;
        log.Count(rows.Count, rows.Count);
        var ids = new List<string>(rows.Count);
        for (var i = 0; i < rows.Count; i++)
        {
            ids.Add(Id(log.Key, half.RequestId, i));
            append(new PredictionEntry(
                ids[i], at, log.Key.Name, log.Key.WorkspaceId, request.Candidate || response.Candidate ? VariantRole.Candidate : VariantRole.Primary, answers.Model ?? response.Model ?? request.Model ?? log.Key.Name,
                answers.Version, 0, null, 0, StickyBucket.Unit("", ids[i]), false, answers.Rows[i].Score, answers.Rows[i].Prediction, null, false, latency, rows[i], null));
        }

        return new EventAnswer("logged", ids);
    }

    /// <summary>The id of a row of a request that has its own name: the same at every delivery, and computable by whoever sends labels.</summary>
    public static string Id(EndpointKey endpoint, string requestId, int row)
    {
        if (row == 0 && Guid.TryParse(requestId, out var own))
            return own.ToString();
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{endpoint.Name}\n{requestId}\n{row}")));
        // Version 8: made by a rule of its own.
        (hash[6], hash[8]) = ((byte)((hash[6] & 0x0F) | 0x80), (byte)((hash[8] & 0x3F) | 0x80));
        return new Guid(hash.AsSpan(0, 16), bigEndian: true).ToString();
    }

    private void Keep((int, string, bool) key, ServingEvent half)
    {
        if (_halves.TryAdd(key, half))
            _order.Enqueue(key);
        while (_order.Count > Capacity)
            _halves.Remove(_order.Dequeue());
    }

    private void Done(string id)
    {
        _done.Add(id);
        _doneOrder.Enqueue(id);
        while (_doneOrder.Count > Capacity)
            _done.Remove(_doneOrder.Dequeue());
    }
}
