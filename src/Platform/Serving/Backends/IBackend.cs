using Holdfast.Registry;

namespace Holdfast.Serving.Backends;

/// <summary>What computes: a model in ONNX, rules, a constant. Thread-safe; holds what it loaded until disposed.</summary>
public interface IBackend : IDisposable
{
    /// <summary>What it is and what it takes.</summary>
    BackendInfo Info { get; }

    /// <summary>
    /// Answers every row; <paramref name="outcomes"/> has room for all of them. Columns are matched by name, one that is not
    /// in <paramref name="rows"/> is missing.
    /// </summary>
    void Predict(FeatureRows rows, Span<Outcome> outcomes);
}

/// <param name="Kind"><c>onnx</c>, <c>rules</c> or <c>constant</c>.</param>
/// <param name="Task"><c>binary</c>, <c>regression</c> or <c>multiclass</c>.</param>
/// <param name="Signature">The inputs that it reads and the outputs that it gives.</param>
public sealed record BackendInfo(string Kind, string Task, Signature Signature);

/// <summary>One answer.</summary>
/// <param name="Score">Probability of the positive class, or the value of a regression, or the probability of the winning class.</param>
/// <param name="Prediction">The label, or the number as text.</param>
public readonly record struct Outcome(double Score, string Prediction);
