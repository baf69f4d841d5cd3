using Holdfast.Contracts;
using Holdfast.Kernel;

namespace Holdfast.Monitoring;

/// <summary>What is watched on an endpoint.</summary>
/// <param name="Endpoint">The endpoint's name; a monitor has the same.</param>
/// <param name="Every">Length of the base window: tumbling, in event time.</param>
/// <param name="Baseline">A dataset version; null = the training data of the primary's model version.</param>
/// <param name="Windows">Terms to evaluate, such as <c>1h</c>, <c>24h</c>, <c>7d</c>; <c>adaptive</c> = as many of the newest base windows as reach <paramref name="MinRows"/>.</param>
/// <param name="Warn">PSI from which a feature is watched.</param>
/// <param name="Alarm">PSI from which it is an incident.</param>
/// <param name="Label">The label, when there is one.</param>
/// <param name="Features">Thresholds of single features, and features to leave out.</param>
/// <param name="MinRows">Rows that a window needs to be judged.</param>
/// <param name="AccuracyDrop">Drop of the accuracy that is tolerated, as a share.</param>
public sealed record MonitorSpec(
    string Endpoint,
    TimeSpan Every,
    string? Baseline = null,
    IReadOnlyList<string>? Windows = null,
    double Warn = 0.1,
    double Alarm = 0.25,
    LabelSpec? Label = null,
    IReadOnlyDictionary<string, FeatureThreshold>? Features = null,
    int MinRows = 200,
    double AccuracyDrop = 0.05)
{
    /// <summary>The word for the window that grows until it holds enough rows.</summary>
    public const string Adaptive = "adaptive";

    /// <summary>The declared windows; the base window alone when none are named.</summary>
    public IReadOnlyList<string> WindowsOrDefault => Windows is { Count: > 0 } ? Windows : [Term.Text(Every)];

    /// <summary>The bands of a feature.</summary>
    public (double Warn, double Alarm) BandsOf(string feature) =>
        Features is not null && Features.TryGetValue(feature, out var own) ? (own.Warn ?? Warn, own.Alarm ?? Alarm) : (Warn, Alarm);

    /// <summary>Whether a feature is left out.</summary>
    public bool Ignores(string feature) => Features is not null && Features.TryGetValue(feature, out var own) && own.Ignore;

    /// <summary>Everything that is wrong with the declaration; empty when it can be applied.</summary>
    public IReadOnlyList<Fault> Faults()
    {
        var at = $"monitors.{Endpoint}";
        var faults = new List<Fault>();
        if (Endpoint.Length == 0)
            faults.Add(new Fault("monitors", "A monitor has no endpoint.", "Name the endpoint."));
        if (Every < TimeSpan.FromSeconds(1) || Every > TimeSpan.FromDays(31))
            faults.Add(new Fault(at + ".every", $"The base window is {Term.Text(Every)}.", "Choose between 1s and 31d, such as 1h."));
        if (!(Warn > 0) || !(Alarm >= Warn))
            faults.Add(new Fault(at + ".features", $"warn is {Warn} and alarm {Alarm}.", "Choose 0 < warn <= alarm, such as 0.1 and 0.25."));
        if (MinRows < 20)
            faults.Add(new Fault(at + ".min_rows", $"min_rows is {MinRows}.", "At least 20; 200 or more give usable intervals."));
        if (!(AccuracyDrop > 0 && AccuracyDrop < 1))
            faults.Add(new Fault(at + ".accuracy_drop", $"accuracy_drop is {AccuracyDrop}.", "Choose a share between 0 and 1, such as 0.05."));
        foreach (var window in WindowsOrDefault)
        {
            if (window == Adaptive)
                continue;
            if (!Term.TryParse(window, out var term))
                faults.Add(new Fault(at + ".windows", $"'{window}' is not a length of time.", "Write 1h, 24h, 7d or adaptive."));
            else if (term < Every || term.Ticks % Every.Ticks != 0)
                faults.Add(new Fault(at + ".windows", $"'{window}' is not a multiple of the base window {Term.Text(Every)}.", "Use multiples of `every`."));
        }

        return faults;
    }
}

/// <summary>The label of a prediction.</summary>
/// <param name="Column">Its column in training data.</param>
/// <param name="Delay">How long after the prediction it is usually known.</param>
public sealed record LabelSpec(string Column, TimeSpan Delay = default);

/// <summary>What is special about one feature.</summary>
public sealed record FeatureThreshold(double? Warn = null, double? Alarm = null, bool Ignore = false);
