using System.Collections.Concurrent;

namespace Holdfast.Predictions;

/// <summary>
/// Keeps the controllers off an endpoint that a client is replaying: between its labels and its clock they would see half an hour of
/// it, and how much of it would depend on the machine. Such a client advances the clock with <c>settle</c>; for a minute after that
/// the endpoint is decided on only while it settles again. Nobody who stops settling waits longer than that minute.
/// </summary>
internal sealed class ReplayGate(TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<EndpointKey, DateTimeOffset> _driven = [];
    private readonly ConcurrentDictionary<EndpointKey, int> _settling = [];

    /// <summary>Whether a controller may act on an endpoint now.</summary>
    public bool MayAct(EndpointKey endpoint) =>
        !_driven.TryGetValue(endpoint, out var settled) || _settling.ContainsKey(endpoint) || time.GetUtcNow() - settled > Patience;

    /// <summary>Waits for an endpoint's client to settle, as if it had just done so.</summary>
    public void Expect(EndpointKey endpoint) => _driven[endpoint] = time.GetUtcNow();

    /// <summary>Lets the controllers act on an endpoint until the work is done.</summary>
    public async Task Settle(EndpointKey endpoint, Func<Task> work)
    {
        _settling.AddOrUpdate(endpoint, 1, (_, n) => n + 1);
        try
        {
            await work();
        }
        finally
        {
            Expect(endpoint);
            if (_settling.AddOrUpdate(endpoint, 0, (_, n) => n - 1) == 0)
                _settling.TryRemove(new KeyValuePair<EndpointKey, int>(endpoint, 0));
        }
    }
}
