namespace Holdfast.Serving.Backends.Trees;

/// <summary>How a node asks; the number in <c>nodes_modes</c> of the newer operator is the same.</summary>
internal enum SplitMode : byte
{
    LessOrEqual = 0,
    Less = 1,
    GreaterOrEqual = 2,
    Greater = 3,
    Equal = 4,
    NotEqual = 5,
    Leaf = 255,
}

/// <summary>What becomes of the sums.</summary>
internal enum PostTransform
{
    None = 0,
    Softmax = 1,
    Logistic = 2,
}

/// <summary>A node as the file has it; a leaf's weights are a range of the ensemble's.</summary>
/// <param name="HitRate">How many rows of the training passed, in the file's own unit; NaN when the file does not say.</param>
internal readonly record struct TreeNode(SplitMode Mode, int Feature, float Value, int Yes, int No, bool MissingIsYes, double HitRate, int FirstWeight, int Weights)
{
    public bool IsLeaf => Mode == SplitMode.Leaf;

    /// <summary>Whether a row with this value goes to <see cref="Yes"/>.</summary>
    public bool Meets(float value) => float.IsNaN(value)
        ? MissingIsYes || Mode == SplitMode.NotEqual
        : Mode switch
        {
            SplitMode.LessOrEqual => value <= Value,
            SplitMode.Less => value < Value,
            SplitMode.GreaterOrEqual => value >= Value,
            SplitMode.Greater => value > Value,
            SplitMode.Equal => value == Value,
            _ => value != Value,
        };
}

/// <summary>What a leaf adds to one target.</summary>
internal readonly record struct LeafWeight(int Target, float Weight);

/// <summary>Trees whose leaves are summed, as read from <c>ai.onnx.ml</c>.</summary>
/// <param name="Average">The sums are divided by the number of trees.</param>
/// <param name="Base">Added to the sums; empty = nothing.</param>
/// <param name="Classifier">Null for a regression.</param>
internal sealed record TreeEnsemble(TreeNode[] Nodes, int[] Roots, LeafWeight[] Weights, int Targets, bool Average, double[] Base, PostTransform Transform, ClassifierSpec? Classifier)
{
    /// <summary>Columns of the result: two also where a binary classifier keeps only one sum.</summary>
    public int Columns => Classifier is { SingleSum: true } ? 2 : Targets;

    /// <summary>From sums to what the operator answers.</summary>
    public void Finish(ReadOnlySpan<double> sums, Span<double> columns)
    {
        for (var k = 0; k < Targets; k++)
            columns[k] = (Average ? sums[k] / Roots.Length : sums[k]) + (Base.Length > 0 ? Base[k] : 0);
        if (Classifier is { SingleSum: true } binary)
        {
            // One sum stands for both classes: as a probability when no leaf is negative, else as a margin around 0.
            var sum = columns[0];
            (columns[0], columns[1]) = binary.AllPositive ? (1 - sum, sum) : Transform == PostTransform.Logistic ? (Logistic(-sum), Logistic(sum)) : (-sum, sum);
            return;
        }

        if (Transform == PostTransform.Logistic)
        {
            foreach (ref var column in columns)
                column = Logistic(column);
        }
        else if (Transform == PostTransform.Softmax)
            Softmax(columns);
    }

    private static double Logistic(double x) => x >= 0 ? 1 / (1 + Math.Exp(-x)) : 1 - (1 / (1 + Math.Exp(x)));

    private static void Softmax(Span<double> columns)
    {
        var highest = double.NegativeInfinity;
        foreach (var column in columns)
            highest = Math.Max(highest, column);
        var sum = 0.0;
        foreach (ref var column in columns)
            sum += column = Math.Exp(column - highest);
        foreach (ref var column in columns)
            column /= sum;
    }
}

/// <summary>What a classifier adds.</summary>
/// <param name="Labels">Its classes, in the order of the columns.</param>
/// <param name="SingleSum">Two classes, but all leaves speak of one.</param>
/// <param name="AllPositive">No leaf weight is negative.</param>
internal sealed record ClassifierSpec(string[] Labels, bool SingleSum, bool AllPositive);
