using Holdfast.Contracts;
using Holdfast.Kernel.Expressions;
using Holdfast.Registry;

namespace Holdfast.Serving.Backends;

/// <summary>
/// Answers by rules written in YAML: a fallback that a person can read, that needs no features beyond the raw request, and
/// that has an answer for every input.
/// </summary>
public sealed class RulesBackend : IBackend
{
    private readonly RuleSet _rules;
    private readonly ColumnMap _map;

    private RulesBackend(RuleSet rules)
    {
        _rules = rules;
        _map = new ColumnMap(_rules.Inputs.Select(i => i.Name).ToArray());
        Info = new BackendInfo("rules", "binary", new Signature(
            [.. _rules.Inputs.Select(i => new SignatureField(i.Name, Datatype(i.Type), null, i.Default.Type == ExprType.Number ? i.Default.AsNumber : null))],
            [new SignatureField("score", "FP64"), new SignatureField("prediction", "BYTES")]))
        { Style = CallStyle.Inline };
    }

    public BackendInfo Info { get; }

    /// <summary>Parses a rules document; all faults at once, each with line and column.</summary>
    /// <param name="yaml">The document.</param>
    /// <param name="file">Its name, for messages.</param>
    public static RulesBackend Parse(string yaml, string file = "rules")
    {
        ArgumentNullException.ThrowIfNull(yaml);
        return new RulesBackend(new RulesReader(file).Read(yaml));
    }

    /// <summary>Reads a rules file.</summary>
    public static RulesBackend Load(string path) => File.Exists(path)
        ? Parse(File.ReadAllText(path), path)
        : throw new HoldfastException(ErrorCode.NotFound, $"There is no rules file '{path}'.", "Correct the path, or write the file.");

    public void Predict(FeatureRows rows, Span<Outcome> outcomes)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var columns = _map.For(rows);
        var values = new ExprValue[columns.Length];
        for (var row = 0; row < rows.Count; row++)
        {
            for (var i = 0; i < values.Length; i++)
                values[i] = Value(rows, columns[i], row, _rules.Inputs[i]);
            outcomes[row] = Answer(values);
        }
    }

    public void Dispose()
    {
    }

    private Outcome Answer(ReadOnlySpan<ExprValue> values)
    {
        foreach (var rule in _rules.Rules)
        {
            // A score that cannot be computed (a missing input in its formula) does not answer: the next rule may.
            if (rule.When(values).IsTrue && rule.Answer.Score(values) is { IsMissing: false } score)
                return new Outcome(score.AsNumber, rule.Answer.Prediction);
        }

        return new Outcome(_rules.Else.Score(values).AsNumber, _rules.Else.Prediction);
    }

    // A value of another type than declared is not this input: the default stands in, so that the rules stay total.
    private static ExprValue Value(FeatureRows rows, int column, int row, RuleInput input)
    {
        if (column < 0)
            return input.Default;
        var value = input.Type switch
        {
            ExprType.Text => ExprValue.Of(rows.Texts(column)?[row]),
            ExprType.Boolean => double.IsNaN(rows.Numbers(column)[row]) ? ExprValue.Missing : ExprValue.Of(rows.Numbers(column)[row] != 0),
            _ => ExprValue.Of(rows.Numbers(column)[row]),
        };
        return value.IsMissing ? input.Default : value;
    }

    private static string Datatype(ExprType type) => type switch
    {
        ExprType.Text => "BYTES",
        ExprType.Boolean => "BOOL",
        _ => "FP64",
    };
}
