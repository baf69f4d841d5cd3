using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Registry;

namespace Holdfast.Serving.Backends;

/// <summary>Always the same answer: the floor that every model must beat, and a fallback of last resort.</summary>
public sealed class ConstantBackend(Outcome outcome, Signature signature, string task = "binary") : IBackend
{
    public BackendInfo Info { get; } = new("constant", task, signature) { Style = CallStyle.Inline };

    /// <summary>Reads <c>{"score": 0.1, "prediction": "0"}</c>.</summary>
    public static ConstantBackend Load(string path, ModelPackage package)
    {
        ArgumentNullException.ThrowIfNull(package);
        try
        {
            var answer = JsonSerializer.Deserialize<ConstantAnswer>(File.ReadAllBytes(path), HoldfastJson.Options);
            if (answer?.Score is { } score && answer.Prediction is { } prediction)
                return new ConstantBackend(new Outcome(score, prediction), package.Signature, package.Task);
        }
        catch (JsonException fault)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"{path} is not valid JSON: line {(fault.LineNumber ?? 0) + 1}: {fault.Message}", """Write {"score": 0.1, "prediction": "0"}.""", fault);
        }

        throw new HoldfastException(ErrorCode.InvalidArgument, $"{path} has no score or no prediction.", """Write {"score": 0.1, "prediction": "0"}.""");
    }

    public void Predict(FeatureRows rows, Span<Outcome> outcomes) => outcomes[..rows.Count].Fill(outcome);

    public void Dispose()
    {
    }

    private sealed record ConstantAnswer(double? Score, string? Prediction);
}
