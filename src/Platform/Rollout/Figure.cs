using System.Globalization;
using Holdfast.Contracts;
using Holdfast.Kernel.Expressions;
using Holdfast.Predictions;

namespace Holdfast.Rollout;

/// <summary>What one side answered to a request.</summary>
internal readonly record struct Answer(double Score, string Prediction, double LatencyMs);

/// <summary>Computes the figure of a <see cref="MeanRule"/>, turned so that larger is worse.</summary>
internal sealed class Figure
{
    private const double LeastChance = 1e-6;

    private readonly MeanRule _rule;
    private readonly Expression? _expression;

    public Figure(MeanRule rule)
    {
        _rule = rule;
        _expression = rule.Of is "score" or "latency" or "log_loss" or "squared_error" or "correct" ? null : Expression.Parse(rule.Of);
        NeedsLabel = rule.Of is "log_loss" or "squared_error" or "correct" || _expression?.Names.Contains("label") == true;
    }

    public bool NeedsLabel { get; }

    public static string? Fault(string of)
    {
        try
        {
            _ = new Figure(new MeanRule("", of, "lower", 0, 0));
            return null;
        }
        catch (HoldfastException e)
        {
            return e.Message;
        }
    }

    /// <summary>Null when it cannot be told: no answer, no label, a text where a number is needed.</summary>
    public double? Of(PredictionEntry made, Answer answer, string? label)
    {
        if (NeedsLabel && label is null)
            return null;
        var value = _rule.Of switch
        {
            "score" => answer.Score,
            "latency" => answer.LatencyMs,
            "log_loss" => LogLoss(answer.Score, label!),
            "correct" => Truth.Same(answer.Prediction, label!) ? 1 : 0,
            "squared_error" => double.TryParse(label, NumberStyles.Float, CultureInfo.InvariantCulture, out var truth) ? (answer.Score - truth) * (answer.Score - truth) : double.NaN,
            _ => Number(_expression!.Evaluate(name => Value(name, made, answer, label))),
        };
        if (!double.IsFinite(value))
            return null;
        value = Math.Clamp(value, _rule.Low ?? double.MinValue, _rule.High ?? double.MaxValue);
        return _rule.Better == "higher" ? -value : value;
    }

    private static double LogLoss(double score, string label)
    {
        var positive = Truth.Same(label, "1") || label.Equals("true", StringComparison.OrdinalIgnoreCase);
        if (!(score is >= 0 and <= 1) || !(positive || Truth.Same(label, "0") || label.Equals("false", StringComparison.OrdinalIgnoreCase)))
            return double.NaN;
        return -Math.Log(Math.Max(LeastChance, positive ? score : 1 - score));
    }

    private static double Number(ExprValue value) => value.Type == ExprType.Boolean ? value.IsTrue ? 1 : 0 : value.AsNumber;

    private static ExprValue Value(string name, PredictionEntry made, Answer answer, string? label)
    {
        switch (name)
        {
            case "score":
                return ExprValue.Of(answer.Score);
            case "latency_ms":
                return ExprValue.Of(answer.LatencyMs);
            case "prediction":
                return Text(answer.Prediction);
            case "label":
                return Text(label);
            default:
                foreach (var feature in made.Features)
                {
                    if (feature.Name == name)
                        return feature.Text is { } text ? ExprValue.Of(text) : ExprValue.Of(feature.Number);
                }

                return ExprValue.Missing;
        }
    }

    private static ExprValue Text(string? text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? ExprValue.Of(number) : ExprValue.Of(text);
}
