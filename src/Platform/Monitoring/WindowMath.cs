using Holdfast.Kernel;

namespace Holdfast.Monitoring;

/// <summary>Arithmetic of windows. All are half-open, [start, end), in UTC, and base windows begin at multiples of their length since the Unix epoch.</summary>
internal static class WindowMath
{
    /// <summary>Start of the base window that holds a moment.</summary>
    public static DateTimeOffset StartOf(DateTimeOffset at, TimeSpan every)
    {
        var length = (long)every.TotalMilliseconds;
        var ms = at.ToUnixTimeMilliseconds();
        return DateTimeOffset.FromUnixTimeMilliseconds(ms - (((ms % length) + length) % length));
    }

    /// <summary>How often a longer window is evaluated: an eighth of its length, in whole base windows, at least one.</summary>
    public static TimeSpan Hop(TimeSpan term, TimeSpan every) => TimeSpan.FromTicks(Math.Max(1, term.Ticks / 8 / every.Ticks) * every.Ticks);

    /// <summary>Whether a window of this term is due at the end of a base window, when it was last evaluated at <paramref name="last"/>.</summary>
    public static bool IsDue(TimeSpan term, TimeSpan every, DateTimeOffset end, DateTimeOffset? last)
    {
        if (term <= every)
            return true;
        var hop = Hop(term, every);
        return StartOf(end, hop) > StartOf(last ?? DateTimeOffset.UnixEpoch, hop);
    }

    /// <summary>The longest declared term, for how long rows are kept.</summary>
    public static TimeSpan Longest(MonitorSpec spec) =>
        spec.WindowsOrDefault.Select(w => Term.TryParse(w, out var term) ? term : spec.Every).Append(TimeSpan.FromTicks(spec.Every.Ticks * 48)).Max();
}
