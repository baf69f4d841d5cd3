using System.Globalization;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Parts;

/// <summary>How long ago, with the exact time on hover. holdfast-start.js keeps the words current.</summary>
public sealed partial class RelativeTime
{
    [Parameter, EditorRequired] public DateTimeOffset? At { get; set; }

    [Inject] private TimeProvider Time { get; set; } = null!;

    internal static string Ago(TimeSpan age)
    {
        var ahead = age < TimeSpan.FromSeconds(-5);
        var (count, unit) = age.Duration() switch
        {
            { TotalSeconds: < 5 } => (0, "s"),
            { TotalSeconds: < 60 } span => ((int)span.TotalSeconds, "s"),
            { TotalMinutes: < 60 } span => ((int)span.TotalMinutes, "min"),
            { TotalHours: < 24 } span => ((int)span.TotalHours, "h"),
            { TotalDays: < 60 } span => ((int)span.TotalDays, "d"),
            { TotalDays: < 730 } span => ((int)(span.TotalDays / 30.44), "mo"),
            var span => ((int)(span.TotalDays / 365.25), "y"),
        };
        var words = string.Create(CultureInfo.InvariantCulture, $"{count} {unit}");
        return count == 0 ? "now" : ahead ? "in " + words : words + " ago";
    }
}
