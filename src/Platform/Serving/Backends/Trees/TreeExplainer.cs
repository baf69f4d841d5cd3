using System.Globalization;
using Holdfast.Contracts;
using Holdfast.Registry;
using Holdfast.Statistics.Importance;

namespace Holdfast.Serving.Backends.Trees;

/// <summary>
/// Exact Shapley values of an ensemble's sums, one player a feature of the signature (the one-hot columns of a text are one
/// player). What follows the sum and is not linear is left out: then the figures are in raw units, before it.
/// </summary>
internal sealed class TreeExplainer
{
    private readonly TreeGraph _graph;
    private readonly TreeInputs _inputs;
    private readonly ModelPackage _package;
    private readonly double[] _weights;
    private readonly string _source;
    private readonly Grown[] _trees;

    public TreeExplainer(TreeGraph graph, TreeInputs inputs, ModelPackage package, FeatureRows? background)
    {
        (_graph, _inputs, _package) = (graph, inputs, package);
        (_weights, _source) = background is not null ? (Passed(background), "background") : HitRates() is { } rates ? (rates, "model") : (Uniform(), "uniform");
        _trees = Array.ConvertAll(graph.Trees.Roots, Grow);
    }

    /// <summary>A tree laid out: the file's node of each of its nodes, and its Shapley values by target.</summary>
    private sealed record Grown(int[] Nodes, TreeShap?[] ByTarget);

    public IReadOnlyList<Explanation> Explain(FeatureRows rows)
    {
        var explanations = new Explanation[rows.Count];
        var values = new float[_inputs.Width];
        for (var row = 0; row < explanations.Length; row++)
        {
            _inputs.Fill(rows, row, 1, values);
            explanations[row] = One(rows, row, values);
        }

        return explanations;
    }

    private Explanation One(FeatureRows rows, int row, float[] values)
    {
        var trees = _graph.Trees;
        var sums = new double[trees.Targets];
        var meets = new bool[trees.Nodes.Length];
        for (var i = 0; i < meets.Length; i++)
            meets[i] = !trees.Nodes[i].IsLeaf && trees.Nodes[i].Meets(values[trees.Nodes[i].Feature]);
        foreach (var root in trees.Roots)
        {
            var at = root;
            while (!trees.Nodes[at].IsLeaf)
                at = meets[at] ? trees.Nodes[at].Yes : trees.Nodes[at].No;
            foreach (var (t, weight) in trees.Weights.AsSpan(trees.Nodes[at].FirstWeight, trees.Nodes[at].Weights))
                sums[t] += weight;
        }

        var columns = new double[trees.Columns];
        trees.Finish(sums, columns);
        var column = _package.Task == "multiclass" ? OutcomeRule.Highest<double>(columns) : _package.Task == "regression" ? 0 : columns.Length - 1;
        var target = trees.Targets == 1 ? 0 : column;
        var (factor, offset, space) = Linear(target, column);
        var effects = new double[_inputs.Fields.Count];
        var expected = 0.0;
        foreach (var tree in _trees)
        {
            if (tree.ByTarget[target] is not { } shap)
                continue;
            expected += shap.Expected;
            shap.Add(Array.ConvertAll(tree.Nodes, n => meets[n]), effects);
        }

        var contributions = effects
            .Select((effect, field) => (Field: field, Effect: effect * factor))
            .Where(e => e.Effect != 0)
            .OrderByDescending(e => Math.Abs(e.Effect))
            .Select(e => Contribution(rows, row, e.Field, e.Effect));
        return new Explanation("tree_shap", space, Class(column), _source, (expected * factor) + offset, (sums[target] * factor) + offset, [.. contributions]);
    }

    private Contribution Contribution(FeatureRows rows, int row, int field, double effect)
    {
        var name = _inputs.Fields[field].Name;
        var column = rows.Column(name);
        object? value = column < 0 ? null : rows.Texts(column) is { } texts ? texts[row] : double.IsNaN(rows.Numbers(column)[row]) ? null : rows.Numbers(column)[row];
        var shown = value is null ? $"{name} is missing" : $"{name} = {Convert.ToString(value, CultureInfo.InvariantCulture)}";
        return new Contribution(name, value, effect, string.Create(CultureInfo.InvariantCulture, $"{shown} {(effect > 0 ? "raises" : "lowers")} it by {Math.Abs(effect):0.####}"));
    }

    private string? Class(int column) => _package.Task switch
    {
        "regression" => null,
        "binary" => _package.PositiveLabel,
        _ => _graph.Trees.Classifier?.Labels[column] ?? _package.Signature.Outputs.FirstOrDefault(o => o.Categories is not null)?.Categories?.ElementAtOrDefault(column) ?? OutcomeRule.Number(column),
    };

    // From the sum of a target to the column: factor and offset of the linear part, and whether that is all there is.
    private (double Factor, double Offset, string Space) Linear(int target, int column)
    {
        var trees = _graph.Trees;
        var factor = trees.Average ? 1.0 / trees.Roots.Length : 1;
        var offset = trees.Base.Length > 0 ? trees.Base[target] : 0;
        if (trees.Transform != PostTransform.None && trees.Classifier is not { SingleSum: true, AllPositive: true })
            return (factor, offset, "raw");
        foreach (var step in _graph.After)
        {
            if (!step.IsLinear)
                return (factor, offset, "raw");
            var zero = step.Operator is "Add" or "Sub" ? (step.Constants.Length == 1 ? step.Constants[0] : step.Constants[column]) : 0.0;
            var scale = step.Operator is "Mul" or "Div" ? (step.Constants.Length == 1 ? step.Constants[0] : step.Constants[column]) : 1.0;
            (factor, offset) = (step.Operator, step.Swapped) switch
            {
                ("Add", _) => (factor, offset + zero),
                ("Sub", false) => (factor, offset - zero),
                ("Sub", true) => (-factor, zero - offset),
                ("Mul", _) => (factor * scale, offset * scale),
                _ => (factor / scale, offset / scale),
            };
        }

        return (factor, offset, "score");
    }

    private Grown Grow(int root)
    {
        var trees = _graph.Trees;
        var (nodes, yes, no) = (new List<int> { root }, new List<int>(), new List<int>());
        for (var at = 0; at < nodes.Count; at++)
        {
            var node = trees.Nodes[nodes[at]];
            yes.Add(node.IsLeaf ? 0 : nodes.Count);
            no.Add(node.IsLeaf ? 0 : nodes.Count + 1);
            if (!node.IsLeaf)
                nodes.AddRange([node.Yes, node.No]);
        }

        int[] player = [.. nodes.Select(n => trees.Nodes[n].IsLeaf ? -1 : _inputs.FieldOf(trees.Nodes[n].Feature))];
        double[] weight = [.. nodes.Select(n => _weights[n])];
        var byTarget = new TreeShap?[trees.Targets];
        for (var target = 0; target < byTarget.Length; target++)
        {
            double[] value = [.. nodes.Select(n => Value(trees.Nodes[n], target))];
            if (value.Any(v => v != 0))
                byTarget[target] = new TreeShap(player, [.. yes], [.. no], weight, value);
        }

        return new Grown([.. nodes], byTarget);
    }

    private double Value(TreeNode node, int target)
    {
        var sum = 0.0;
        foreach (var (of, weight) in _graph.Trees.Weights.AsSpan(node.FirstWeight, node.IsLeaf ? node.Weights : 0))
            sum += of == target ? weight : 0;
        return sum;
    }

    // Hit rates are believed when every node's is the sum of its children's; converters that do not know them write 1 or 0 everywhere.
    private double[]? HitRates()
    {
        var nodes = _graph.Trees.Nodes;
        foreach (var node in nodes)
        {
            if (node.IsLeaf)
                continue;
            var both = nodes[node.Yes].HitRate + nodes[node.No].HitRate;
            if (!(node.HitRate > 0) || !(Math.Abs(both - node.HitRate) <= 1e-3 * node.HitRate) || nodes[node.Yes].HitRate < 0 || nodes[node.No].HitRate < 0)
                return null;
        }

        return nodes.Any(n => !n.IsLeaf) ? Array.ConvertAll(nodes, n => n.HitRate) : null;
    }

    private double[] Passed(FeatureRows background)
    {
        var trees = _graph.Trees;
        var passed = new double[trees.Nodes.Length];
        var values = new float[_inputs.Width];
        for (var row = 0; row < background.Count; row++)
        {
            _inputs.Fill(background, row, 1, values);
            foreach (var root in trees.Roots)
            {
                for (var at = root; ;)
                {
                    passed[at]++;
                    var node = trees.Nodes[at];
                    if (node.IsLeaf)
                        break;
                    at = node.Meets(values[node.Feature]) ? node.Yes : node.No;
                }
            }
        }

        return passed;
    }

    private double[] Uniform() => [.. _graph.Trees.Nodes.Select(_ => 1.0)];
}
