using System.Globalization;
using Holdfast.Registry;

namespace Holdfast.Serving.Backends.Trees;

/// <summary>Whether the trees evaluated here answer as ONNX Runtime does, on rows made to lie on, just beside and between the thresholds.</summary>
internal static class TreeAgreement
{
    /// <summary>Rows that are compared.</summary>
    public const int Rows = 512;

    private const double Tolerance = 1e-5;

    /// <summary>Null when they agree, else the first difference in words.</summary>
    public static string? Check(TreeBackend trees, IBackend runtime, double threshold)
    {
        var rows = Generate(trees);
        var (ours, theirs) = (new Outcome[Rows], new Outcome[Rows]);
        try
        {
            runtime.Predict(rows, theirs);
        }
        catch (Contracts.HoldfastException e)
        {
            return "ONNX Runtime does not answer the rows that they are compared on: " + e.Message;
        }

        trees.Predict(rows, ours);
        for (var i = 0; i < Rows; i++)
        {
            var (our, their) = (ours[i], theirs[i]);
            var close = Math.Abs(our.Score - their.Score) <= Tolerance * Math.Max(1, Math.Abs(their.Score));
            // The text of a number follows its last digits; a score on the threshold may fall to either side.
            var same = our.Prediction == their.Prediction || trees.Info.Task == "regression" || (trees.Info.Task == "binary" && Math.Abs(their.Score - threshold) <= Tolerance);
            if (!close || !same)
                return string.Create(CultureInfo.InvariantCulture, $"row {i} of {Rows}: ONNX Runtime answers {their.Score} ({their.Prediction}), the trees {our.Score} ({our.Prediction})");
        }

        return null;
    }

    private static FeatureRows Generate(TreeBackend trees)
    {
        var random = new Random(17);
        var rows = FeatureRows.For(trees.Info.Signature, Rows);
        var thresholds = Enumerable.Range(0, trees.Inputs.Width).Select(_ => new List<float>()).ToArray();
        foreach (var node in trees.Trees.Nodes)
        {
            if (!node.IsLeaf && float.IsFinite(node.Value))
                thresholds[node.Feature].Add(node.Value);
        }

        var fields = trees.Inputs.Fields;
        for (var column = 0; column < thresholds.Length; column++)
        {
            var field = trees.Inputs.FieldOf(column);
            if (rows.Texts(field) is { } texts)
                Fill(texts, fields[field], random);
            else
                Fill(rows.Numbers(field), column, trees.Inputs, thresholds[column], fields[field], random);
        }

        return rows;
    }

    private static void Fill(string?[] texts, SignatureField field, Random random)
    {
        for (var i = 0; i < texts.Length; i++)
            texts[i] = random.Next(field.Categories!.Count + 2) is var k && k < field.Categories.Count ? field.Categories[k] : k == field.Categories.Count ? "never seen" : null;
    }

    private static void Fill(double[] numbers, int column, TreeInputs inputs, List<float> thresholds, SignatureField field, Random random)
    {
        for (var i = 0; i < numbers.Length; i++)
        {
            var threshold = thresholds.Count > 0 ? thresholds[random.Next(thresholds.Count)] : 0;
            var seen = random.Next(8) switch
            {
                0 or 1 => threshold,
                2 => float.BitIncrement(threshold),
                3 => float.BitDecrement(threshold),
                4 => float.NaN,
                5 => threshold + (float)(random.NextDouble() - 0.5),
                6 when thresholds.Count > 1 => (threshold + thresholds[random.Next(thresholds.Count)]) / 2,
                _ => threshold * (float)(0.5 + random.NextDouble()),
            };
            numbers[i] = field.Datatype.StartsWith("INT", StringComparison.Ordinal) || field.Datatype.StartsWith("UINT", StringComparison.Ordinal) ? Math.Round(inputs.Sent(column, seen)) : inputs.Sent(column, seen);
        }
    }
}
