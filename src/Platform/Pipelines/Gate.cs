using System.Globalization;
using Holdfast.Kernel;

namespace Holdfast.Pipelines;

/// <summary>What the gate's comparisons rest on.</summary>
/// <param name="Metrics">The run's metrics.</param>
/// <param name="Champion">The metrics of the champion's run; null = there is no champion yet.</param>
/// <param name="Retraining">Whether the run trained on a window of new data.</param>
public sealed record GateInput(IReadOnlyDictionary<string, double> Metrics, IReadOnlyDictionary<string, double>? Champion, bool Retraining);

/// <summary>The quality gate: pure comparisons. What cannot be measured does not pass.</summary>
public static class Gate
{
    /// <summary>Name of the gate in events.</summary>
    public const string Quality = "quality";

    /// <summary>All comparisons that apply, each with its outcome.</summary>
    public static IReadOnlyList<GateCheck> Check(IReadOnlyList<GateSpec> gates, GateInput input)
    {
        ArgumentNullException.ThrowIfNull(gates);
        ArgumentNullException.ThrowIfNull(input);
        // Without a champion there is nothing that a retrained model could be compared with: it is a first model.
        var retrain = input.Retraining && input.Champion is not null;
        return [.. gates.Where(g => g.When == GateSpec.Always || (g.When == GateSpec.Retrain) == retrain).SelectMany(g => Check(g, input))];
    }

    private static IEnumerable<GateCheck> Check(GateSpec gate, GateInput input)
    {
        var value = input.Metrics.GetValueOrDefault(gate.Metric, double.NaN);
        var absent = double.IsNaN(value) ? " (the run has no such metric)" : "";
        if (gate.Min is { } min)
            yield return new GateCheck(gate.Metric, value, $">= {Number(min)}{absent}", value >= min);
        if (gate.Max is { } max)
            yield return new GateCheck(gate.Metric, value, $"<= {Number(max)}{absent}", value <= max);
        if (gate.NoWorseThan is { } other)
            yield return Compare(gate, input, value, other, strict: false, absent);
        if (gate.BetterThan is { } beaten)
            yield return Compare(gate, input, value, beaten, strict: true, absent);
    }

    private static GateCheck Compare(GateSpec gate, GateInput input, double value, string other, bool strict, string absent)
    {
        var rule = strict ? $"better than {other}" : $"no worse than {other}";
        if (gate.Margin != 0)
            rule += strict ? $" by {Number(gate.Margin)}" : $" by more than {Number(gate.Margin)}";
        if (other == GateSpec.Champion && input.Champion is null)
            return new GateCheck(gate.Metric, value, rule + " (no champion yet)" + absent, absent.Length == 0);
        var against = (other == GateSpec.Champion ? input.Champion! : input.Metrics).GetValueOrDefault(other == GateSpec.Champion ? gate.Metric : other, double.NaN);
        rule += double.IsNaN(against) ? " (which is not known)" : $" ({Number(against)})";
        var gain = gate.LowerIsBetter ? against - value : value - against;
        return new GateCheck(gate.Metric, value, rule + absent, strict ? gain > gate.Margin : gain >= -gate.Margin - 1e-12);
    }

    private static string Number(double value) => value.ToString("0.######", CultureInfo.InvariantCulture);
}
