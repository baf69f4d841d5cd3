using Holdfast.Serving.Backends.Trees.Proto;

namespace Holdfast.Serving.Backends.Trees;

/// <summary>A step of arithmetic beside the trees: with one constant for all columns, or one for each.</summary>
/// <param name="Swapped">The constant stands on the left.</param>
internal sealed record ColumnStep(string Operator, float[] Constants, bool Swapped)
{
    public bool IsLinear => Operator is not "Sigmoid";

    /// <summary>In single precision, as the file says.</summary>
    public float Apply(float value, int column)
    {
        if (Operator == "Sigmoid")
            return (float)(1 / (1 + Math.Exp(-value)));
        var constant = Constants.Length == 1 ? Constants[0] : Constants[column];
        return (Operator, Swapped) switch
        {
            ("Add", _) => value + constant,
            ("Mul", _) => value * constant,
            ("Sub", false) => value - constant,
            ("Sub", true) => constant - value,
            ("Div", false) => value / constant,
            _ => constant / value,
        };
    }

    /// <summary>The value that <see cref="Apply"/> turns into this one.</summary>
    public double Before(double value, int column)
    {
        var constant = Constants.Length == 1 ? Constants[0] : Constants[column];
        return (Operator, Swapped) switch
        {
            ("Add", _) => value - constant,
            ("Mul", _) => value / constant,
            ("Sub", false) => value + constant,
            ("Sub", true) => constant - value,
            _ => value * constant,
        };
    }
}

/// <summary>A model that is nothing but trees with a little arithmetic before and after them.</summary>
/// <param name="Inputs">The model's inputs whose columns the trees see, in that order.</param>
/// <param name="Before">What is done to the columns first.</param>
/// <param name="After">What is done to the trees' answers.</param>
internal sealed record TreeGraph(TreeEnsemble Trees, IReadOnlyList<string> Inputs, IReadOnlyList<ColumnStep> Before, IReadOnlyList<ColumnStep> After)
{
    /// <summary>Finds the way from the inputs through one ensemble to an output.</summary>
    /// <exception cref="Contracts.HoldfastException">Unsupported, with what stands in the way.</exception>
    public static TreeGraph Read(GraphProto graph, string output)
    {
        var trees = graph.Node.Where(TreeReader.Knows).ToList();
        if (trees.Count != 1)
            throw TreeReader.Unsupported(trees.Count == 0 ? "it is no ensemble of trees" : $"it has {trees.Count} ensembles");
        var way = new Way(graph);
        var answers = trees[0].Output[trees[0].OpType == "TreeEnsembleClassifier" ? 1 : 0];
        var after = way.Back(output, name => name == answers, allowSigmoid: true);
        var ends = new List<string>();
        var before = way.Back(trees[0].Input[0], name => way.Ends(name, ends), allowSigmoid: false);
        return new TreeGraph(TreeReader.Read(trees[0]), ends, before, after);
    }

    private sealed class Way
    {
        private readonly Dictionary<string, NodeProto> _makers = new(StringComparer.Ordinal);
        private readonly Dictionary<string, TensorProto> _constants;
        private readonly HashSet<string> _inputs;

        public Way(GraphProto graph)
        {
            foreach (var node in graph.Node)
            {
                foreach (var output in node.Output)
                    _makers[output] = node;
            }

            _constants = graph.Initializer.ToDictionary(t => t.Name, StringComparer.Ordinal);
            foreach (var node in graph.Node.Where(n => n.OpType == "Constant" && n.Attribute.Any(a => a.Name == "value")))
                _constants[node.Output[0]] = node.Attribute.First(a => a.Name == "value").T;
            _inputs = graph.Input.Select(i => i.Name).Where(name => !_constants.ContainsKey(name)).ToHashSet(StringComparer.Ordinal);
        }

        /// <summary>Whether a tensor is an input, or inputs side by side.</summary>
        public bool Ends(string name, List<string> ends)
        {
            if (_inputs.Contains(name))
            {
                ends.Add(name);
                return true;
            }

            if (!_makers.TryGetValue(name, out var node) || node.OpType is not ("Concat" or "FeatureVectorizer"))
                return false;
            foreach (var part in node.Input)
            {
                if (Back(part, _inputs.Contains, allowSigmoid: false, last: ends).Count > 0)
                    throw TreeReader.Unsupported("there is arithmetic on single columns before they are put together");
            }

            return true;
        }

        /// <summary>The steps from where it ends to <paramref name="name"/>, in the order in which they are done.</summary>
        public List<ColumnStep> Back(string name, Func<string, bool> ends, bool allowSigmoid, List<string>? last = null)
        {
            var steps = new List<ColumnStep>();
            while (!ends(name))
            {
                if (!_makers.TryGetValue(name, out var node))
                    throw TreeReader.Unsupported($"the tensor '{name}' comes from nowhere");
                var next = node.Input.Count > 0 ? node.Input[0] : "";
                switch (node.OpType)
                {
                    case "Identity" or "ZipMap":
                        break;
                    case "Cast" when node.Attribute.FirstOrDefault(a => a.Name == "to")?.I == 1:
                        break;
                    case "Sigmoid" when allowSigmoid:
                        steps.Insert(0, new ColumnStep("Sigmoid", [], false));
                        break;
                    case "Scaler":
                        steps.InsertRange(0, [new ColumnStep("Sub", Floats(node, "offset"), false), new ColumnStep("Mul", Floats(node, "scale"), false)]);
                        break;
                    case "Add" or "Sub" or "Mul" or "Div":
                        var swapped = _constants.ContainsKey(node.Input[0]);
                        if (!_constants.TryGetValue(node.Input[swapped ? 0 : 1], out var constant) || (node.OpType == "Div" && swapped))
                            throw TreeReader.Unsupported($"{node.OpType} has no constant that can be undone");
                        next = node.Input[swapped ? 1 : 0];
                        steps.Insert(0, new ColumnStep(node.OpType, [.. TreeReader.Numbers(constant).Select(n => (float)n)], swapped));
                        break;
                    default:
                        throw TreeReader.Unsupported($"it has the operator {node.OpType}");
                }

                name = next;
            }

            last?.Add(name);
            return steps;
        }

        private static float[] Floats(NodeProto node, string name) => [.. node.Attribute.FirstOrDefault(a => a.Name == name)?.Floats ?? []];
    }
}
