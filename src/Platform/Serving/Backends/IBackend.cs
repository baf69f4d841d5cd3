using Holdfast.Contracts;
using Holdfast.Registry;

namespace Holdfast.Serving.Backends;

/// <summary>What computes: a model in ONNX, rules, a constant, a process, another server. Thread-safe; holds what it loaded until disposed.</summary>
public interface IBackend : IDisposable
{
    /// <summary>What it is and what it takes.</summary>
    BackendInfo Info { get; }

    /// <summary>
    /// Answers every row; <paramref name="outcomes"/> has room for all of them. Columns are matched by name, one that is not
    /// in <paramref name="rows"/> is missing.
    /// </summary>
    void Predict(FeatureRows rows, Span<Outcome> outcomes);

    /// <summary>
    /// The same without holding a thread while something else computes. A backend that computes itself has answered when this
    /// returns, and is not interrupted.
    /// </summary>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> ended the wait; <paramref name="outcomes"/> is not written any more.</exception>
    ValueTask PredictAsync(FeatureRows rows, Memory<Outcome> outcomes, CancellationToken ct = default)
    {
        ct.ThrowIfCancellationRequested();
        Predict(rows, outcomes.Span);
        return ValueTask.CompletedTask;
    }
}

/// <summary>A backend that can say why it answered what it answered.</summary>
public interface IExplains
{
    /// <summary>One explanation a row, over the features of the signature.</summary>
    IReadOnlyList<Explanation> Explain(FeatureRows rows);
}

/// <summary>How a backend wants to be called.</summary>
public enum CallStyle
{
    /// <summary>On a thread of its own: it computes here, and may hang in foreign code.</summary>
    Thread,

    /// <summary>On the caller's thread: a few microseconds a row, and nothing in it can hang.</summary>
    Inline,

    /// <summary>By <see cref="IBackend.PredictAsync"/>: it waits for something else.</summary>
    Awaited,
}

/// <param name="Kind"><c>onnx</c>, <c>rules</c>, <c>constant</c>, <c>process</c>, <c>upstream</c> or <c>mlnet</c>.</param>
/// <param name="Task"><c>binary</c>, <c>regression</c> or <c>multiclass</c>.</param>
/// <param name="Signature">The inputs that it reads and the outputs that it gives.</param>
public sealed record BackendInfo(string Kind, string Task, Signature Signature)
{
    /// <summary>What runs it, where a kind has several: <c>trees</c> or <c>onnxruntime</c>.</summary>
    public string Engine { get; init; } = Kind;

    /// <summary>Why this engine, for people.</summary>
    public string? Note { get; init; }

    /// <summary>How it wants to be called.</summary>
    public CallStyle Style { get; init; }
}

/// <summary>One answer.</summary>
/// <param name="Score">Probability of the positive class, or the value of a regression, or the probability of the winning class.</param>
/// <param name="Prediction">The label, or the number as text.</param>
public readonly record struct Outcome(double Score, string Prediction);
