using System.Buffers.Binary;
using System.Globalization;
using Holdfast.Contracts;
using Holdfast.Serving.Backends.Trees.Proto;

namespace Holdfast.Serving.Backends.Trees;

/// <summary>Reads <c>TreeEnsembleRegressor</c>, <c>TreeEnsembleClassifier</c> and <c>TreeEnsemble</c>; says by name what it does not know.</summary>
internal sealed class TreeReader
{
    private readonly Dictionary<string, AttributeProto> _attributes;
    private readonly string _operator;

    private TreeReader(NodeProto node)
    {
        _operator = node.OpType;
        _attributes = node.Attribute.ToDictionary(a => a.Name, StringComparer.Ordinal);
    }

    /// <summary>Whether this is an operator of trees.</summary>
    public static bool Knows(NodeProto node) => node.OpType is "TreeEnsembleRegressor" or "TreeEnsembleClassifier" or "TreeEnsemble";

    /// <exception cref="HoldfastException">Unsupported: something that this evaluator does not do, or that makes no sense.</exception>
    public static TreeEnsemble Read(NodeProto node)
    {
        var reader = new TreeReader(node);
        return node.OpType == "TreeEnsemble" ? reader.Newer() : reader.Lists(node.OpType == "TreeEnsembleClassifier");
    }

    public static HoldfastException Unsupported(string what) => new(ErrorCode.Unsupported, what);

    private TreeEnsemble Lists(bool classifier)
    {
        var trees = Ints("nodes_treeids");
        var ids = Ints("nodes_nodeids", trees.Length);
        var features = Ints("nodes_featureids", trees.Length);
        var values = Floats("nodes_values");
        var modes = Texts("nodes_modes");
        var (yes, no) = (Ints("nodes_truenodeids", trees.Length), Ints("nodes_falsenodeids", trees.Length));
        var missing = Ints("nodes_missing_value_tracks_true");
        var hits = Floats("nodes_hitrates");
        if (values.Length != trees.Length || modes.Length != trees.Length)
            throw Unsupported("the lists of the nodes differ in length");
        var at = new Dictionary<(long, long), int>(trees.Length);
        for (var i = 0; i < trees.Length; i++)
        {
            if (!at.TryAdd((trees[i], ids[i]), i))
                throw Unsupported($"tree {trees[i]} has node {ids[i]} twice");
        }

        var prefix = classifier ? "class" : "target";
        var (leafTrees, leafNodes, targets) = (Ints(prefix + "_treeids"), Ints(prefix + "_nodeids", null), Ints(prefix + "_ids"));
        var weights = Floats(prefix + "_weights");
        if (leafNodes.Length != leafTrees.Length || targets.Length != leafTrees.Length || weights.Length != leafTrees.Length)
            throw Unsupported("the lists of the leaves differ in length");
        var order = Enumerable.Range(0, leafTrees.Length).OrderBy(i => at.TryGetValue((leafTrees[i], leafNodes[i]), out var node) ? node : throw Unsupported($"tree {leafTrees[i]} has no node {leafNodes[i]}")).ToArray();
        var sorted = Array.ConvertAll(order, i => new LeafWeight(checked((int)targets[i]), weights[i]));
        var nodes = new TreeNode[trees.Length];
        var (roots, isChild) = (new List<int>(), new bool[trees.Length]);
        var next = 0;
        for (var i = 0; i < nodes.Length; i++)
        {
            var first = next;
            while (next < order.Length && at[(leafTrees[order[next]], leafNodes[order[next]])] == i)
                next++;
            var mode = Mode(modes[i]);
            var (left, right) = mode == SplitMode.Leaf ? (0, 0) : (Child(yes[i]), Child(no[i]));
            if (mode != SplitMode.Leaf)
                isChild[left] = isChild[right] = true;
            nodes[i] = new TreeNode(mode, (int)features[i], values[i], left, right, missing.Length > 0 && missing[i] != 0, hits.Length > 0 ? hits[i] : double.NaN, first, next - first);
            int Child(long id) => at.TryGetValue((trees[i], id), out var child) ? child : throw Unsupported($"tree {trees[i]} has no node {id}");
        }

        var rooted = new HashSet<long>();
        for (var i = 0; i < nodes.Length; i++)
        {
            if (!isChild[i] && rooted.Add(trees[i]))
                roots.Add(i);
        }

        return classifier ? Classifier(nodes, [.. roots], sorted) : Regressor(nodes, [.. roots], sorted);
    }

    private TreeEnsemble Regressor(TreeNode[] nodes, int[] roots, LeafWeight[] weights)
    {
        var targets = (int)Math.Max(1, Int("n_targets", 1));
        var aggregate = Text("aggregate_function") ?? "SUM";
        var average = aggregate switch { "SUM" => false, "AVERAGE" => true, _ => throw Unsupported($"the leaves are combined by {aggregate}") };
        return Checked(new TreeEnsemble(nodes, roots, weights, targets, average, Base(targets), Transform(), null));
    }

    private TreeEnsemble Classifier(TreeNode[] nodes, int[] roots, LeafWeight[] weights)
    {
        string[] labels = _attributes.TryGetValue("classlabels_strings", out var texts) && texts.Strings.Count > 0
            ? Texts("classlabels_strings")
            : [.. Ints("classlabels_int64s").Select(l => l.ToString(CultureInfo.InvariantCulture))];
        if (labels.Length < 2)
            throw Unsupported($"the classifier has {labels.Length} classes");
        var single = labels.Length == 2 && weights.Select(w => w.Target).Distinct().Take(2).Count() == 1;
        var given = Floats("base_values");
        if (labels.Length == 2 && !single && given.Length > 0)
            throw Unsupported("the classifier has two classes and base values, which ONNX Runtime reads in a way of its own");
        if (single && given.Length > 1)
            throw Unsupported("the classifier has one sum and two base values");
        if (single)
            weights = Array.ConvertAll(weights, w => w with { Target = 0 });
        var targets = single ? 1 : labels.Length;
        return Checked(new TreeEnsemble(nodes, roots, weights, targets, false, Base(targets), Transform(), new ClassifierSpec(labels, single, weights.All(w => w.Weight >= 0))));
    }

    // The operator of version 5 of ai.onnx.ml: inner nodes and leaves in lists of their own.
    private TreeEnsemble Newer()
    {
        if (Int("aggregate_function", 1) is not (0 or 1) and var aggregate)
            throw Unsupported($"the leaves are combined by function {aggregate}");
        var (features, yes, no) = (Ints("nodes_featureids"), Ints("nodes_truenodeids"), Ints("nodes_falsenodeids"));
        var (yesLeaf, noLeaf) = (Ints("nodes_trueleafs", features.Length), Ints("nodes_falseleafs", features.Length));
        var (splits, hits) = (Tensor("nodes_splits"), Tensor("nodes_hitrates"));
        var modes = Bytes("nodes_modes");
        var missing = Ints("nodes_missing_value_tracks_true");
        var (leafTargets, leafWeights) = (Ints("leaf_targetids"), Tensor("leaf_weights"));
        if (yes.Length != features.Length || no.Length != features.Length || splits.Length != features.Length || modes.Length != features.Length || leafWeights.Length != leafTargets.Length)
            throw Unsupported("the lists of the nodes differ in length");
        var inner = features.Length;
        var nodes = new TreeNode[inner + leafTargets.Length];
        for (var i = 0; i < inner; i++)
        {
            if (modes[i] > (byte)SplitMode.NotEqual)
                throw Unsupported("nodes ask for members of a set");
            nodes[i] = new TreeNode(
                (SplitMode)modes[i], (int)features[i], (float)splits[i], Child(yes[i], yesLeaf[i]), Child(no[i], noLeaf[i]), missing.Length > 0 && missing[i] != 0, hits.Length > 0 ? hits[i] : double.NaN, 0, 0);
        }

        for (var leaf = 0; leaf < leafTargets.Length; leaf++)
            nodes[inner + leaf] = new TreeNode(SplitMode.Leaf, 0, 0, 0, 0, false, double.NaN, leaf, 1);
        var targets = (int)Math.Max(1, Int("n_targets", 1));
        // A root whose two children are the same leaf stands for a tree of that leaf alone, which needs no care here.
        return Checked(new TreeEnsemble(
            nodes, [.. Ints("tree_roots").Select(r => checked((int)r))], [.. leafTargets.Zip(leafWeights, (t, w) => new LeafWeight((int)t, (float)w))], targets, Int("aggregate_function", 1) == 0, [],
            Transform((int)Int("post_transform", 0)), null));

        int Child(long id, long isLeaf) => checked((int)(isLeaf != 0 ? inner + id : id));
    }

    private static TreeEnsemble Checked(TreeEnsemble ensemble)
    {
        var nodes = ensemble.Nodes;
        foreach (var node in nodes)
        {
            if (node.Feature < 0 || (!node.IsLeaf && ((uint)node.Yes >= nodes.Length || (uint)node.No >= nodes.Length)))
                throw Unsupported("a node points outside of the trees");
        }

        if (ensemble.Roots.Length == 0 || ensemble.Roots.Any(r => (uint)r >= nodes.Length))
            throw Unsupported("there are no trees");
        return ensemble.Weights.All(w => (uint)w.Target < ensemble.Targets) ? ensemble : throw Unsupported("a leaf speaks of a target that is not there");
    }

    private double[] Base(int targets)
    {
        var values = Floats("base_values");
        return values.Length is 0 || values.Length == targets ? Array.ConvertAll(values, v => (double)v) : throw Unsupported($"there are {values.Length} base values for {targets} sums");
    }

    private PostTransform Transform() => Text("post_transform") switch
    {
        null or "NONE" => PostTransform.None,
        "SOFTMAX" => PostTransform.Softmax,
        "LOGISTIC" => PostTransform.Logistic,
        var other => throw Unsupported($"the sums are transformed by {other}"),
    };

    private static PostTransform Transform(int number) => number is >= 0 and <= 2 ? (PostTransform)number : throw Unsupported($"the sums are transformed by function {number}");

    private static SplitMode Mode(string word) => word switch
    {
        "LEAF" => SplitMode.Leaf,
        "BRANCH_LEQ" => SplitMode.LessOrEqual,
        "BRANCH_LT" => SplitMode.Less,
        "BRANCH_GTE" => SplitMode.GreaterOrEqual,
        "BRANCH_GT" => SplitMode.Greater,
        "BRANCH_EQ" => SplitMode.Equal,
        "BRANCH_NEQ" => SplitMode.NotEqual,
        _ => throw Unsupported($"nodes ask by {word}"),
    };

    private long[] Ints(string name, int? length = null)
    {
        long[] values = _attributes.TryGetValue(name, out var found) ? [.. found.Ints] : [];
        return length is { } wanted && values.Length != wanted ? throw Unsupported($"{_operator} has {values.Length} {name} for {wanted} nodes") : values;
    }

    // float lists have a twin of tensors, for doubles; only its float form keeps the comparisons of the file.
    private float[] Floats(string name) => _attributes.ContainsKey(name + "_as_tensor")
        ? throw Unsupported($"{name} are given as a tensor")
        : _attributes.TryGetValue(name, out var found) ? [.. found.Floats] : [];

    private string[] Texts(string name) => _attributes.TryGetValue(name, out var found) ? [.. found.Strings.Select(s => s.ToStringUtf8())] : [];

    private long Int(string name, long otherwise) => _attributes.TryGetValue(name, out var found) ? found.I : otherwise;

    private string? Text(string name) => _attributes.TryGetValue(name, out var found) ? found.S.ToStringUtf8() : null;

    private double[] Tensor(string name) => _attributes.TryGetValue(name, out var found) ? Numbers(found.T) : [];

    private byte[] Bytes(string name)
    {
        if (!_attributes.TryGetValue(name, out var found))
            return [];
        return found.T.RawData.Length > 0 ? found.T.RawData.ToByteArray() : [.. found.T.Int32Data.Select(b => (byte)b)];
    }

    /// <summary>The numbers of a float tensor. Doubles are refused: their comparisons are not those of floats.</summary>
    public static double[] Numbers(TensorProto tensor)
    {
        if (tensor.DataType != 1)
            throw Unsupported($"the tensor '{tensor.Name}' is not one of float32");
        if (tensor.RawData.Length == 0)
            return [.. tensor.FloatData.Select(f => (double)f)];
        var numbers = new double[tensor.RawData.Length / 4];
        for (var i = 0; i < numbers.Length; i++)
            numbers[i] = BinaryPrimitives.ReadSingleLittleEndian(tensor.RawData.Span[(i * 4)..]);
        return numbers;
    }
}
