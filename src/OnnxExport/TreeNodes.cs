using Holdfast.OnnxExport.Proto;
using Microsoft.ML.Trainers.FastTree;

namespace Holdfast.OnnxExport;

/// <summary>
/// The trees of an ensemble as the parallel lists of <c>ai.onnx.ml.TreeEnsembleRegressor</c>. A split goes left when the value
/// is at most the threshold, in both; NaN is not, so it goes right in both (<c>missing_value_tracks_true</c> = 0).
/// </summary>
internal sealed class TreeNodes
{
    private readonly List<long> _treeIds = [];
    private readonly List<long> _nodeIds = [];
    private readonly List<long> _features = [];
    private readonly List<float> _thresholds = [];
    private readonly List<string> _modes = [];
    private readonly List<long> _left = [];
    private readonly List<long> _right = [];
    private readonly List<long> _leafTrees = [];
    private readonly List<long> _leafNodes = [];
    private readonly List<float> _weights = [];

    public TreeNodes(IReadOnlyList<RegressionTree> trees, IReadOnlyList<double> treeWeights)
    {
        for (var i = 0; i < trees.Count; i++)
            Add(i, trees[i], treeWeights[i]);
    }

    public AttributeProto[] Attributes(double bias) =>
    [
        OnnxGraph.Ints("nodes_treeids", _treeIds),
        OnnxGraph.Ints("nodes_nodeids", _nodeIds),
        OnnxGraph.Ints("nodes_featureids", _features),
        OnnxGraph.Floats("nodes_values", _thresholds),
        OnnxGraph.Strings("nodes_modes", _modes),
        OnnxGraph.Ints("nodes_truenodeids", _left),
        OnnxGraph.Ints("nodes_falsenodeids", _right),
        OnnxGraph.Ints("nodes_missing_value_tracks_true", _treeIds.Select(_ => 0L)),
        OnnxGraph.Ints("target_treeids", _leafTrees),
        OnnxGraph.Ints("target_nodeids", _leafNodes),
        OnnxGraph.Ints("target_ids", _leafTrees.Select(_ => 0L)),
        OnnxGraph.Floats("target_weights", _weights),
        OnnxGraph.Floats("base_values", [(float)bias]),
        OnnxGraph.Int("n_targets", 1),
        OnnxGraph.String("aggregate_function", "SUM"),
        OnnxGraph.String("post_transform", "NONE"),
    ];

    // ML.NET numbers inner nodes from 0 and writes the leaf k as ~k; ONNX has one numbering: leaves follow the inner nodes.
    private void Add(int tree, RegressionTree from, double weight)
    {
        var inner = from.NumberOfNodes;
        for (var node = 0; node < inner; node++)
        {
            if (from.CategoricalSplitFlags[node])
                throw new NotSupportedException("The trees split on sets of categories, which is not exported. Train without categorical splits: give one-hot columns.");
            Node(tree, node, from.NumericalSplitFeatureIndexes[node], from.NumericalSplitThresholds[node], "BRANCH_LEQ", Id(from.LeftChild[node]), Id(from.RightChild[node]));
        }

        for (var leaf = 0; leaf < from.NumberOfLeaves; leaf++)
        {
            Node(tree, inner + leaf, 0, 0, "LEAF", 0, 0);
            _leafTrees.Add(tree);
            _leafNodes.Add(inner + leaf);
            _weights.Add((float)(from.LeafValues[leaf] * weight));
        }

        long Id(int child) => child >= 0 ? child : inner + ~child;
    }

    private void Node(int tree, long node, long feature, float threshold, string mode, long whenTrue, long whenFalse)
    {
        _treeIds.Add(tree);
        _nodeIds.Add(node);
        _features.Add(feature);
        _thresholds.Add(threshold);
        _modes.Add(mode);
        _left.Add(whenTrue);
        _right.Add(whenFalse);
    }
}
