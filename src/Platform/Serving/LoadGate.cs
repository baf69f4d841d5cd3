namespace Holdfast.Serving;

/// <summary>
/// How many requests an endpoint answers at once. At most the declared number; fewer while answers take more than half of the
/// timeout: each such answer lowers the limit (once per its own length), each quick one under load raises it a little, so that
/// what is accepted is answered in time and the rest is told at once to come again.
/// </summary>
internal sealed class LoadGate
{
    /// <summary>The concurrency of an endpoint that declares none.</summary>
    public const int DefaultCeiling = 256;
    private const int Floor = 4;
    private const double Cut = 0.8;
    private int _ceiling = DefaultCeiling;
    private int _inFlight;
    private long _shed;
    private double _limit = DefaultCeiling;
    private long _cutAt;

    public int InFlight => Volatile.Read(ref _inFlight);

    public int Limit => (int)Volatile.Read(ref _limit);

    public long Shed => Interlocked.Read(ref _shed);

    /// <summary>Sets the declared number; 0 = the default.</summary>
    public void Declare(int concurrency)
    {
        var ceiling = concurrency == 0 ? DefaultCeiling : concurrency;
        if (ceiling == _ceiling)
            return;
        _ceiling = ceiling;
        Volatile.Write(ref _limit, ceiling);
    }

    /// <summary>Whether a request may begin; one that began must leave.</summary>
    public bool TryEnter()
    {
        if (Interlocked.Increment(ref _inFlight) <= Volatile.Read(ref _limit))
            return true;
        Interlocked.Decrement(ref _inFlight);
        Interlocked.Increment(ref _shed);
        return false;
    }

    /// <summary>A request has ended.</summary>
    /// <param name="tookMs">How long it took.</param>
    /// <param name="patienceMs">The timeout of a variant.</param>
    /// <param name="now">Milliseconds of a monotonic clock.</param>
    public void Leave(double tookMs, double patienceMs, long now)
    {
        var inFlight = Interlocked.Decrement(ref _inFlight) + 1;
        var limit = Volatile.Read(ref _limit);
        // Two threads may both write: either value is as good, so no lock is taken on the way of a request.
        if (tookMs > patienceMs / 2)
        {
            if (now - Volatile.Read(ref _cutAt) < tookMs)
                return;
            Volatile.Write(ref _cutAt, now);
            Volatile.Write(ref _limit, Math.Max(Math.Min(Floor, _ceiling), Math.Min(limit, inFlight) * Cut));
        }
        else if (limit < _ceiling && inFlight * 2 >= limit)
        {
            Volatile.Write(ref _limit, Math.Min(_ceiling, limit + (1 / limit)));
        }
    }

    /// <summary>A request has ended that says nothing of the load: it was refused, or long for its many rows.</summary>
    public void Leave() => Interlocked.Decrement(ref _inFlight);
}
