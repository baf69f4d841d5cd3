using Holdfast.Contracts;
using Holdfast.Registry;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Holdfast.Serving.Backends;

/// <summary>How a model's outputs become scores and labels. Reads [N], [N, 1] or [N, K] floats, and labels when there are any.</summary>
internal sealed class OnnxOutputs
{
    private readonly ModelPackage _package;
    private readonly IReadOnlyList<string>? _classes;
    private readonly bool _labelled;

    public OnnxOutputs(InferenceSession session, ModelPackage package, string path)
    {
        _package = package;
        var scores = Pick(session, _package, type => type is TensorElementType.Float or TensorElementType.Double);
        if (scores is null)
        {
            throw new HoldfastException(
                ErrorCode.InvalidArgument,
                $"{path} has no output tensor of floats; it gives {string.Join(", ", session.OutputMetadata.Select(o => $"{o.Key} ({(o.Value.IsTensor ? o.Value.ElementDataType : o.Value.OnnxValueType)})"))}.",
                "Export probabilities as a tensor (in skl2onnx: options={'zipmap': False}).");
        }

        var labels = _package.Task == "multiclass" ? Pick(session, _package, type => type is TensorElementType.Int64 or TensorElementType.String) : null;
        _labelled = labels is not null;
        Names = labels is null ? [scores] : [scores, labels];
        _classes = _package.Signature.Outputs.FirstOrDefault(o => o.Categories is not null)?.Categories;
    }

    public IReadOnlyCollection<string> Names { get; }

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
        {
            var of = scores.Slice(row * width, width);
            var outcome = _package.Task switch
            {
                // Two columns are the probabilities of both classes; the last one is the positive class.
                "binary" => Binary(double.CreateChecked(of[^1])),
                "regression" => Regression(double.CreateChecked(of[0])),
                _ => Multiclass(of, row, results),
            };
            outcomes[row] = double.IsFinite(outcome.Score)
                ? outcome
                : throw new HoldfastException(ErrorCode.Internal, $"The model answered {outcome.Score}, which is not a number.", "Train it with missing values, or declare defaults for the inputs that can be missing.");
        }
    }

    private Outcome Binary(double score) => new(score, score >= _package.Threshold ? _package.PositiveLabel : _package.NegativeLabel);

    private static Outcome Regression(double score) => new(score, OnnxBackend.Number(score));

    private Outcome Multiclass<T>(ReadOnlySpan<T> of, int row, IReadOnlyList<OrtValue> results) where T : struct, System.Numerics.INumber<T>
    {
        var best = 0;
        for (var k = 1; k < of.Length; k++)
        {
            if (of[k] > of[best])
                best = k;
        }

        var label = !_labelled
            ? _classes is not null && best < _classes.Count ? _classes[best] : OnnxBackend.Number(best)
            : results[1].GetTensorTypeAndShape().ElementDataType == TensorElementType.String ? results[1].GetStringElement(row) : OnnxBackend.Number(results[1].GetTensorDataAsSpan<long>()[row]);
        return new Outcome(double.CreateChecked(of[best]), label);
    }

    // The outputs that the signature names come first, then the model's own order.
    private static string? Pick(InferenceSession session, ModelPackage package, Func<TensorElementType, bool> fits) =>
        package.Signature.Outputs.Select(o => o.Name).Concat(session.OutputNames)
            .FirstOrDefault(name => session.OutputMetadata.TryGetValue(name, out var found) && found.IsTensor && fits(found.ElementDataType));
}
