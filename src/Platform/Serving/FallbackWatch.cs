namespace Holdfast.Serving;

/// <summary>The share of rows that another variant answered after a fault, over the last five minutes, and whether it is too high.</summary>
internal sealed class FallbackWatch
{
    private const int Spans = 30;
    private const long SpanMs = 10_000;
    // Fewer rows say nothing of a share.
    private const long LeastRows = 50;
    private readonly long[] _rows = new long[Spans];
    private readonly long[] _fallbacks = new long[Spans];
    private readonly Lock _turn = new();
    private long _span = -1;

    /// <summary>Whether the last look found the share above its limit; written by <see cref="Look"/> alone.</summary>
    public bool Exceeded { get; private set; }

    /// <summary>Counts rows at a moment (milliseconds of a monotonic clock).</summary>
    public void Count(int rows, int fallbacks, long now)
    {
        var span = Turn(now);
        Interlocked.Add(ref _rows[span % Spans], rows);
        if (fallbacks > 0)
            Interlocked.Add(ref _fallbacks[span % Spans], fallbacks);
    }

    /// <summary>Rows and the share that fell back; null without rows.</summary>
    public (long Rows, double? Rate) Figures(long now)
    {
        _ = Turn(now);
        var (rows, fallbacks) = (0L, 0L);
        for (var i = 0; i < Spans; i++)
        {
            rows += Interlocked.Read(ref _rows[i]);
            fallbacks += Interlocked.Read(ref _fallbacks[i]);
        }

        return (rows, rows == 0 ? null : (double)fallbacks / rows);
    }

    /// <summary>Compares with the limit; true when that changed anything.</summary>
    public bool Look(double limit, long now)
    {
        var (rows, rate) = Figures(now);
        var exceeded = rows >= LeastRows && rate > limit;
        var changed = exceeded != Exceeded;
        Exceeded = exceeded;
        return changed;
    }

    private long Turn(long now)
    {
        var span = now / SpanMs;
        if (Volatile.Read(ref _span) >= span)
            return span;
        lock (_turn)
        {
            for (var s = Math.Max(_span + 1, span - Spans + 1); s <= span; s++)
                _rows[s % Spans] = _fallbacks[s % Spans] = 0;
            Volatile.Write(ref _span, Math.Max(_span, span));
        }

        return span;
    }
}
