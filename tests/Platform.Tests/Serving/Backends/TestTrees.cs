using Holdfast.Serving.Backends.Trees.Proto;

namespace Holdfast.Platform.Tests.Serving.Backends;

/// <summary>Random trees as attributes of ONNX: all ways to ask, thresholds that come again, unequal depth.</summary>
internal sealed class TestTrees
{
    private static readonly string[] AllModes = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"];
    private readonly Random _random;
    private readonly int _columns;
    private readonly string[] _modes;
    private readonly double _missing;
    private readonly List<Node> _nodes = [];
    private readonly List<Leaf> _leaves = [];

    public TestTrees(int seed, int trees, int depth, int columns, string[]? modes = null, double missing = 0.5, int targets = 1, float low = -1, int onlyTarget = -1)
    {
        _random = new Random(seed);
        (_columns, _modes, _missing) = (columns, modes ?? AllModes, missing);
        for (var tree = 0; tree < trees; tree++)
            Grow(tree, 0, depth, 100, targets, low, onlyTarget);
    }

    private sealed record Node(int Tree, int Id, string Mode, int Feature, float Value, int Yes, int No, bool Missing, double Hits);

    private sealed record Leaf(int Tree, int Node, int Target, float Weight);

    public List<AttributeProto> Regressor(int targets = 1, string aggregate = "SUM", string transform = "NONE", float[]? baseValues = null, bool hits = false) =>
    [
        .. Nodes(hits), .. Leaves("target", "ids"), TestOnnx.Int("n_targets", targets), TestOnnx.Text("aggregate_function", aggregate), TestOnnx.Text("post_transform", transform),
        .. baseValues is null ? Array.Empty<AttributeProto>() : [TestOnnx.Floats("base_values", baseValues)],
    ];

    public List<AttributeProto> Classifier(int classes, string transform = "NONE", float[]? baseValues = null, bool texts = false) =>
    [
        .. Nodes(false), .. Leaves("class", "ids"), TestOnnx.Text("post_transform", transform),
        texts ? TestOnnx.Texts("classlabels_strings", Enumerable.Range(0, classes).Select(k => "c" + k)) : TestOnnx.Ints("classlabels_int64s", Enumerable.Range(0, classes).Select(k => 10L + k)),
        .. baseValues is null ? Array.Empty<AttributeProto>() : [TestOnnx.Floats("base_values", baseValues)],
    ];

    /// <summary>The same trees for the newer operator.</summary>
    public List<AttributeProto> Newer(int targets = 1)
    {
        var inner = _nodes.Where(n => n.Mode != "LEAF").ToList();
        var innerAt = inner.Select((n, i) => ((n.Tree, n.Id), i)).ToDictionary(p => p.Item1, p => p.i);
        var leafAt = _leaves.Select((l, i) => ((l.Tree, l.Node), i)).ToDictionary(p => p.Item1, p => p.i);
        long At(Node n, int child) => innerAt.TryGetValue((n.Tree, child), out var i) ? i : leafAt[(n.Tree, child)];
        long IsLeaf(Node n, int child) => innerAt.ContainsKey((n.Tree, child)) ? 0 : 1;
        return
        [
            TestOnnx.Ints("tree_roots", _nodes.Where(n => n.Id == 0).Select(n => (long)innerAt[(n.Tree, 0)])),
            TestOnnx.Ints("nodes_featureids", inner.Select(n => (long)n.Feature)), TestOnnx.Tensor("nodes_splits", inner.Select(n => n.Value)),
            TestOnnx.Bytes("nodes_modes", inner.Select(n => (byte)Array.IndexOf(AllModes, n.Mode))),
            TestOnnx.Ints("nodes_truenodeids", inner.Select(n => At(n, n.Yes))), TestOnnx.Ints("nodes_falsenodeids", inner.Select(n => At(n, n.No))),
            TestOnnx.Ints("nodes_trueleafs", inner.Select(n => IsLeaf(n, n.Yes))), TestOnnx.Ints("nodes_falseleafs", inner.Select(n => IsLeaf(n, n.No))),
            TestOnnx.Ints("nodes_missing_value_tracks_true", inner.Select(n => n.Missing ? 1L : 0)),
            TestOnnx.Ints("leaf_targetids", _leaves.Select(l => (long)l.Target)), TestOnnx.Tensor("leaf_weights", _leaves.Select(l => l.Weight)),
            TestOnnx.Int("n_targets", targets), TestOnnx.Int("aggregate_function", 1), TestOnnx.Int("post_transform", 0),
        ];
    }

    /// <summary>Values on, beside and between the thresholds, and missing ones.</summary>
    public double[] Column(int rows, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, rows).Select(_ => random.Next(5) switch { 0 => double.NaN, 1 => random.NextDouble() * 4, _ => random.Next(-1, 9) / 2.0 })];
    }

    private List<AttributeProto> Nodes(bool hits) =>
    [
        TestOnnx.Ints("nodes_treeids", _nodes.Select(n => (long)n.Tree)), TestOnnx.Ints("nodes_nodeids", _nodes.Select(n => (long)n.Id)),
        TestOnnx.Ints("nodes_featureids", _nodes.Select(n => (long)n.Feature)), TestOnnx.Floats("nodes_values", _nodes.Select(n => n.Value)),
        TestOnnx.Texts("nodes_modes", _nodes.Select(n => n.Mode)), TestOnnx.Ints("nodes_truenodeids", _nodes.Select(n => (long)n.Yes)),
        TestOnnx.Ints("nodes_falsenodeids", _nodes.Select(n => (long)n.No)), TestOnnx.Ints("nodes_missing_value_tracks_true", _nodes.Select(n => n.Missing ? 1L : 0)),
        TestOnnx.Floats("nodes_hitrates", _nodes.Select(n => hits ? (float)n.Hits : 1)),
    ];

    private AttributeProto[] Leaves(string prefix, string ids) =>
    [
        TestOnnx.Ints(prefix + "_treeids", _leaves.Select(l => (long)l.Tree)), TestOnnx.Ints(prefix + "_nodeids", _leaves.Select(l => (long)l.Node)),
        TestOnnx.Ints($"{prefix}_{ids}", _leaves.Select(l => (long)l.Target)), TestOnnx.Floats(prefix + "_weights", _leaves.Select(l => l.Weight)),
    ];

    private int Grow(int tree, int id, int depth, double hits, int targets, float low, int onlyTarget)
    {
        var at = _nodes.Count;
        _nodes.Add(null!);
        if (depth == 0 || (id > 0 && _random.Next(6) == 0))
        {
            _nodes[at] = new Node(tree, id, "LEAF", 0, 0, 0, 0, false, hits);
            _leaves.Add(new Leaf(tree, id, onlyTarget >= 0 ? onlyTarget : _random.Next(targets), low + ((float)_random.NextDouble() * (1 - low) / 4)));
            return id;
        }

        var share = _random.NextDouble();
        var next = id + 1;
        var yes = next;
        next = Grow(tree, yes, depth - 1, hits * share, targets, low, onlyTarget) + 1;
        var no = next;
        var last = Grow(tree, no, depth - 1, hits * (1 - share), targets, low, onlyTarget);
        _nodes[at] = new Node(tree, id, _modes[_random.Next(_modes.Length)], _random.Next(_columns), _random.Next(0, 8) / 2f, yes, no, _random.NextDouble() < _missing, hits);
        return last;
    }
}
