using System.Globalization;
using Holdfast.Contracts;

namespace Holdfast.Rollout;

/// <summary>When a rollout may enter a step. Rollbacks, warnings and a person's promotion do not ask it.</summary>
/// <param name="Zone">Time zone of all that follows, such as <c>Europe/Zurich</c>.</param>
/// <param name="Windows">Hours in which steps are entered; null or empty = all.</param>
/// <param name="Freezes">Spans in which no step is entered.</param>
public sealed record CalendarSpec(string Zone = "UTC", IReadOnlyList<WindowSpec>? Windows = null, IReadOnlyList<FreezeSpec>? Freezes = null)
{
    internal static readonly string[] Days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    /// <summary>Why no step may be entered at a moment; null when one may.</summary>
    public string? Closed(DateTimeOffset at)
    {
        var local = TimeZoneInfo.ConvertTime(at, TimeZoneInfo.FindSystemTimeZoneById(Zone)).DateTime;
        foreach (var freeze in Freezes ?? [])
        {
            if (local >= freeze.From && local < freeze.Until)
                return string.Create(CultureInfo.InvariantCulture, $"frozen until {freeze.Until:yyyy-MM-dd HH:mm} {Zone}{(freeze.Reason.Length > 0 ? ": " + freeze.Reason : "")}");
        }

        return Windows is not { Count: > 0 } windows || windows.Any(w => w.Holds(local)) ? null : $"outside of its hours ({string.Join("; ", windows)}; {Zone})";
    }

    internal IEnumerable<Fault> Faults(string at)
    {
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(Zone, out _))
            yield return new Fault(at + ".calendar.zone", $"'{Zone}' is no time zone of this machine.", "Use a name such as Europe/Zurich or UTC.");
        foreach (var (window, i) in (Windows ?? []).Select((w, i) => (w, i)))
        {
            if (window.Days.FirstOrDefault(d => !Days.Contains(d)) is { } day)
                yield return new Fault($"{at}.calendar.windows[{i}].days", $"'{day}' is no day.", "Use mon, tue, wed, thu, fri, sat, sun.");
            if (window.From == window.Until)
                yield return new Fault($"{at}.calendar.windows[{i}]", "It is never open.", "Write {days: [mon, tue], from: \"09:00\", until: \"16:00\"}.");
        }

        foreach (var (freeze, i) in (Freezes ?? []).Select((f, i) => (f, i)))
        {
            if (freeze.Until <= freeze.From)
                yield return new Fault($"{at}.calendar.freezes[{i}]", "It ends before it begins.", "Write {from: 2026-12-20, until: 2027-01-03}.");
        }
    }
}

/// <summary>Hours of some days; until an hour of the next day where it is not after <paramref name="From"/>.</summary>
/// <param name="Days">The days on which it begins; empty = all.</param>
public sealed record WindowSpec(IReadOnlyList<string> Days, TimeOnly From, TimeOnly Until)
{
    /// <inheritdoc />
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(Days.Count == 0 ? "daily" : string.Join(", ", Days))} {From:HH:mm}-{Until:HH:mm}");

    internal bool Holds(DateTime local)
    {
        var time = TimeOnly.FromDateTime(local);
        return From < Until ? On(local) && time >= From && time < Until : (On(local) && time >= From) || (On(local.AddDays(-1)) && time < Until);
    }

    private bool On(DateTime day) => Days.Count == 0 || Days.Contains(CalendarSpec.Days[(int)day.DayOfWeek]);
}

/// <summary>A span without changes, in the calendar's zone.</summary>
/// <param name="Until">The first moment after it.</param>
public sealed record FreezeSpec(DateTime From, DateTime Until, string Reason = "");

/// <summary>How the former version is kept after the end of a rollout, so that there is something to compare with and to go back to at once.</summary>
/// <param name="For">How long; 0 = not at all.</param>
/// <param name="As"><c>shadow</c>: it gets copies of all requests; <c>hold_back</c>: it answers a share.</param>
/// <param name="Share">The share that is held back.</param>
public sealed record KeepSpec(TimeSpan For, string As = KeepSpec.Shadow, double Share = 0.02)
{
    public const string Shadow = "shadow";
    public const string HoldBack = "hold_back";

    /// <summary>7 days in shadow.</summary>
    public static KeepSpec Default { get; } = new(TimeSpan.FromDays(7));
}

/// <summary>What a first version must stand on the staging endpoint before it serves.</summary>
/// <param name="Traffic"><c>recorded</c>: the endpoint's newest logged requests are asked again; <c>supplied</c>: somebody sends requests.</param>
/// <param name="MinPredictions">Requests that it must answer.</param>
/// <param name="MaxErrors">Share of them that may fail.</param>
/// <param name="Approval">Whether a person must approve as well.</param>
public sealed record StagingSpec(string Traffic = StagingSpec.Recorded, int MinPredictions = 100, double MaxErrors = 0, bool Approval = false)
{
    public const string Recorded = "recorded";
    public const string Supplied = "supplied";
}
