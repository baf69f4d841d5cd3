using System.Globalization;
using Holdfast.Contracts;

namespace Holdfast.Rollout;

/// <summary>What must not get worse. A guard that is null is off.</summary>
/// <param name="Alpha">Chance of a false rollback over the whole rollout, all guards together, at any number of looks.</param>
/// <param name="LatencyFloorMs">Latencies below this are never called slow.</param>
/// <param name="Timeouts">Answers that did not come in time; errors contain them.</param>
/// <param name="Fallbacks">Requests that another variant had to answer.</param>
/// <param name="MissingFeatures">Requests that the variant refused because an input was missing; errors contain them.</param>
/// <param name="OutOfRange">Scores outside of <see cref="GuardRule.Low"/> to <see cref="GuardRule.High"/>.</param>
/// <param name="Means">Figures whose mean must not get worse.</param>
/// <param name="Disagreement">Share of requests in shadow that both sides answer differently.</param>
/// <param name="ShiftHoldsAbove">The PSI between both sides' scores from which on a rollout is held; null = shown only. It never rolls back: a better model may well answer otherwise.</param>
/// <param name="Warn">The fraction of the rollback's e-value from which on a guard warns, in (0, 1].</param>
/// <param name="LabelHorizon">How long labels take: a label counts once so much time has passed since its prediction, on both sides. 0 = at once.</param>
public sealed record GuardSpec(
    GuardRule? ErrorRate, GuardRule? LatencyP99, GuardRule? Accuracy, double Alpha = 0.01, double LatencyFloorMs = 10,
    GuardRule? Timeouts = null, GuardRule? Fallbacks = null, GuardRule? MissingFeatures = null, GuardRule? OutOfRange = null, IReadOnlyList<MeanRule>? Means = null,
    DisagreementRule? Disagreement = null, double? ShiftHoldsAbove = null, double Warn = 0.1, TimeSpan LabelHorizon = default)
{
    /// <summary>Errors and accuracy no worse, the 99th percentile of the latency at most a quarter longer.</summary>
    public static GuardSpec Default { get; } = new(new GuardRule(), new GuardRule(0.25), new GuardRule());

    internal IEnumerable<Fault> Faults(string at)
    {
        if (!(Alpha > 0 && Alpha < 0.5))
            yield return new Fault(at + ".alpha", $"alpha is {Alpha.ToString(CultureInfo.InvariantCulture)}.", "Choose a chance of a false rollback between 0 and 0.5, such as 0.01.");
        if (!(Warn > 0 && Warn <= 1))
            yield return new Fault(at + ".warn", $"warn is {Warn.ToString(CultureInfo.InvariantCulture)}.", "Choose a fraction of the evidence for a rollback above 0 and up to 1, such as 0.1.");
        if (OutOfRange is { } range && !(range.Low < range.High))
            yield return new Fault(at + ".out_of_range", $"The range goes from {Text(range.Low)} to {Text(range.High)}.", "Give both ends: {low: 0, high: 1}.");
        if (Disagreement is { } d && !(d.Beyond >= 0 && d.AtMost > 0 && d.AtMost < d.Margin && d.Margin < 1))
            yield return new Fault(at + ".disagreement", "beyond must be at least 0, and at_most lie between 0 and its margin below 1.", "Write {beyond: 0.1, at_most: 2%, margin: 5%}.");
        if (ShiftHoldsAbove is <= 0)
            yield return new Fault(at + ".prediction_shift", "The PSI must be above 0.", "Write 0.25, or leave it out: then it is only shown.");
        foreach (var (mean, i) in (Means ?? []).Select((m, i) => (m, i)))
        {
            foreach (var fault in mean.Faults($"{at}.means[{i}]"))
                yield return fault;
        }

        foreach (var twice in (Means ?? []).GroupBy(m => m.Name).Where(g => g.Count() > 1))
            yield return new Fault(at + ".means", $"The figure '{twice.Key}' stands twice.", "Give each figure a name of its own.");
    }

    private static string Text(double? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "nothing";
}

/// <summary>A guard's limit.</summary>
/// <param name="Tolerance">What is still accepted, relative: 0 = no worse, 0.1 = 10 % more.</param>
/// <param name="Absolute">A share of bad events that is small enough to pass in any case, when proven.</param>
/// <param name="Require">Whether the rollout waits for this guard's evidence even where it cannot come within the step (late labels).</param>
/// <param name="Limit">A share of bad events that is too much whatever the other side does; looked at while the former version is kept.</param>
/// <param name="Low">Of out_of_range: the least score that is right.</param>
/// <param name="High">Of out_of_range: the largest.</param>
public sealed record GuardRule(double Tolerance = 0, double? Absolute = null, bool Require = false, double? Limit = null, double? Low = null, double? High = null)
{
    /// <summary>Reads <c>no_worse</c> or <c>+10%</c>; <c>off</c> gives null.</summary>
    /// <exception cref="HoldfastException">The text is neither.</exception>
    public static GuardRule? Parse(string text, string field)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text == "off")
            return null;
        if (text == "no_worse")
            return new GuardRule();
        if (text.StartsWith('+') && text.EndsWith('%') && double.TryParse(text.AsSpan(1, text.Length - 2), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent))
            return new GuardRule(percent / 100);
        throw new HoldfastException(ErrorCode.InvalidArgument, $"{field} is '{text}'.", "Write no_worse, a tolerance such as \"+10%\", or off.");
    }
}

/// <summary>How often both sides may differ on one request, in shadow.</summary>
/// <param name="Beyond">Scores that differ by no more than this agree.</param>
/// <param name="AtMost">The share of differing answers that is accepted.</param>
/// <param name="Margin">The share that must be excluded before the next step.</param>
public sealed record DisagreementRule(double Beyond, double AtMost, double Margin);

/// <summary>A figure whose mean must not get worse.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Of">
/// <c>score</c>, <c>latency</c> (milliseconds), <c>correct</c>, <c>log_loss</c> or <c>squared_error</c> (these three need labels), or an expression over inputs and
/// <c>score</c>, <c>prediction</c>, <c>latency_ms</c>, <c>label</c>: <c>amount * label</c>.
/// </param>
/// <param name="Better"><c>lower</c> or <c>higher</c>.</param>
/// <param name="Tolerance">The deterioration that is accepted, in the figure's unit.</param>
/// <param name="Margin">The deterioration that must be excluded before the next step, above the tolerance.</param>
/// <param name="Low">Smaller values count as this.</param>
/// <param name="High">Larger values count as this; one outlier must not decide.</param>
/// <param name="Require">Whether the rollout waits for this figure in any case.</param>
public sealed record MeanRule(string Name, string Of, string Better, double Tolerance, double Margin, double? Low = null, double? High = null, bool Require = false)
{
    internal IEnumerable<Fault> Faults(string at)
    {
        if (string.IsNullOrWhiteSpace(Name) || Name.Length > 60)
            yield return new Fault(at + ".name", $"'{Name}' is no name for a figure.", "Use 1 to 60 characters.");
        if (Better is not ("lower" or "higher"))
            yield return new Fault(at + ".better", $"'{Better}' is no direction.", "Use lower or higher.");
        if (!(Tolerance >= 0 && Margin > Tolerance))
            yield return new Fault(at + ".margin", $"The tolerance is {Tolerance.ToString(CultureInfo.InvariantCulture)}, the margin {Margin.ToString(CultureInfo.InvariantCulture)}.", "Give a margin above the tolerance, in the figure's unit.");
        if (Low >= High)
            yield return new Fault(at + ".high", "The cap lies below the floor.", "Give low below high.");
        if (Figure.Fault(Of) is { } fault)
            yield return new Fault(at + ".of", fault, "Use score, latency, correct, log_loss, squared_error, or an expression such as amount * label.");
    }
}
