using System.Buffers;
using Holdfast.Contracts;
using Holdfast.Registry;

namespace Holdfast.Serving.Backends.Trees;

/// <summary>An ensemble of trees read from its ONNX file and evaluated here, without a native library; stands in only where it agrees with ONNX Runtime.</summary>
internal sealed class TreeBackend : IBackend, IExplains
{
    private const int Block = 256;
    private readonly TreeGraph _graph;
    private readonly TreeInputs _inputs;
    private readonly FlatTrees _trees;
    private readonly OutcomeRule _rule;
    private readonly string[]? _labels;
    private readonly Lazy<TreeExplainer> _explainer;

    public TreeBackend(TreeGraph graph, OnnxInputs inputs, bool isLabelled, ModelPackage package, FeatureRows? background)
    {
        _graph = graph;
        _inputs = new TreeInputs(inputs, graph);
        _trees = new FlatTrees(_graph.Trees);
        if (_trees.Width > _inputs.Width)
            throw TreeReader.Unsupported($"its trees read {_trees.Width} columns, the model takes {_inputs.Width}");
        var columns = _graph.Trees.Columns;
        if (_graph.After.FirstOrDefault(s => s.Constants.Length > 1 && s.Constants.Length != columns) is { } odd)
            throw TreeReader.Unsupported($"{odd.Operator} has {odd.Constants.Length} constants for {columns} columns of answers");
        _rule = new OutcomeRule(package);
        _labels = isLabelled ? _graph.Trees.Classifier?.Labels : null;
        _explainer = new Lazy<TreeExplainer>(() => new TreeExplainer(_graph, _inputs, package, background));
        Info = new BackendInfo("onnx", package.Task, package.Signature) { Engine = "trees", Style = CallStyle.Inline };
    }

    public BackendInfo Info { get; private set; }

    public TreeEnsemble Trees => _graph.Trees;

    public TreeInputs Inputs => _inputs;

    /// <summary>Says why this engine runs it.</summary>
    public void Settle(string note) => Info = Info with { Note = note };

    public void Predict(FeatureRows rows, Span<Outcome> outcomes)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var (width, targets, columns) = (_inputs.Width, _graph.Trees.Targets, _graph.Trees.Columns);
        var block = Math.Min(rows.Count, Block);
        var values = ArrayPool<float>.Shared.Rent((block * width) + columns);
        var sums = ArrayPool<double>.Shared.Rent((block * targets) + columns);
        try
        {
            var answer = values.AsSpan(block * width, columns);
            var finished = sums.AsSpan(block * targets, columns);
            for (var first = 0; first < rows.Count; first += block)
            {
                var count = Math.Min(block, rows.Count - first);
                _inputs.Fill(rows, first, count, values);
                _trees.Sum(values, width, count, sums.AsSpan(0, count * targets));
                for (var row = 0; row < count; row++)
                {
                    Finish(sums.AsSpan(row * targets, targets), finished, answer);
                    outcomes[first + row] = _rule.Of<float>(answer, _labels?[OutcomeRule.Highest<float>(answer)]);
                }
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(values);
            ArrayPool<double>.Shared.Return(sums);
        }
    }

    public IReadOnlyList<Explanation> Explain(FeatureRows rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        return _explainer.Value.Explain(rows);
    }

    public void Dispose()
    {
    }

    // Single precision from here on, as the file says.
    private void Finish(ReadOnlySpan<double> sums, Span<double> finished, Span<float> answer)
    {
        _graph.Trees.Finish(sums, finished);
        for (var k = 0; k < answer.Length; k++)
        {
            answer[k] = (float)finished[k];
            foreach (var step in _graph.After)
                answer[k] = step.Apply(answer[k], k);
        }
    }
}
