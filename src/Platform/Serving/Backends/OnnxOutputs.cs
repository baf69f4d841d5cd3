using Holdfast.Contracts;
using Holdfast.Registry;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Holdfast.Serving.Backends;

/// <summary>How a model's outputs become scores and labels. Reads [N], [N, 1] or [N, K] floats, and labels when there are any.</summary>
internal sealed class OnnxOutputs
{
    private readonly OutcomeRule _rule;

    public OnnxOutputs(InferenceSession session, ModelPackage package, string path)
    {
        _rule = new OutcomeRule(package);
        var scores = Pick(session, package, type => type is TensorElementType.Float or TensorElementType.Double);
        if (scores is null)
        {
            throw new HoldfastException(
                ErrorCode.InvalidArgument,
                $"{path} has no output tensor of floats; it gives {string.Join(", ", session.OutputMetadata.Select(o => $"{o.Key} ({(o.Value.IsTensor ? o.Value.ElementDataType : o.Value.OnnxValueType)})"))}.",
                "Export probabilities as a tensor (in skl2onnx: options={'zipmap': False}).");
        }

        var labels = package.Task == "multiclass" ? Pick(session, package, type => type is TensorElementType.Int64 or TensorElementType.String) : null;
        IsLabelled = labels is not null;
        Names = labels is null ? [scores] : [scores, labels];
    }

    /// <summary>The scores, then the labels if there are any.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Whether the model gives labels of its own.</summary>
    public bool IsLabelled { get; }

    public void Read(IReadOnlyList<OrtValue> results, Span<Outcome> outcomes)
    {
        var shape = results[0].GetTensorTypeAndShape();
        var count = (int)shape.ElementCount;
        if (count == 0 || count % outcomes.Length != 0)
            throw new HoldfastException(ErrorCode.Internal, $"The model answered {count} values for {outcomes.Length} rows.", "The model must give one row of output for each row of input.");
        var width = count / outcomes.Length;
        if (shape.ElementDataType == TensorElementType.Float)
            Shape(results[0].GetTensorDataAsSpan<float>(), width, results, outcomes);
        else
            Shape(results[0].GetTensorDataAsSpan<double>(), width, results, outcomes);
    }

    private void Shape<T>(ReadOnlySpan<T> scores, int width, IReadOnlyList<OrtValue> results, Span<Outcome> outcomes) where T : struct, System.Numerics.INumber<T>
    {
        for (var row = 0; row < outcomes.Length; row++)
            outcomes[row] = _rule.Of(scores.Slice(row * width, width), IsLabelled ? Label(results[1], row) : null);
    }

    private static string Label(OrtValue labels, int row) => labels.GetTensorTypeAndShape().ElementDataType == TensorElementType.String
        ? labels.GetStringElement(row)
        : OutcomeRule.Number(labels.GetTensorDataAsSpan<long>()[row]);

    // The outputs that the signature names come first, then the model's own order.
    private static string? Pick(InferenceSession session, ModelPackage package, Func<TensorElementType, bool> fits) =>
        package.Signature.Outputs.Select(o => o.Name).Concat(session.OutputNames)
            .FirstOrDefault(name => session.OutputMetadata.TryGetValue(name, out var found) && found.IsTensor && fits(found.ElementDataType));
}
