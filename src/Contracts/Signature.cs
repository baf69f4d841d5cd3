namespace Holdfast.Registry;

/// <summary>What a model takes and gives: the contract between a package, its endpoint and its callers.</summary>
public sealed record Signature(IReadOnlyList<SignatureField> Inputs, IReadOnlyList<SignatureField> Outputs);

/// <summary>One named value of a signature.</summary>
/// <param name="Name">The name in requests and logs.</param>
/// <param name="Datatype">In the words of the Open Inference Protocol: <c>FP64</c>, <c>FP32</c>, <c>INT64</c>, <c>BOOL</c>, <c>BYTES</c> (text).</param>
/// <param name="Categories">The values that a text input may take, in the order in which they become one-hot columns.</param>
/// <param name="Default">What stands in for a missing number; null = missing stays missing.</param>
public sealed record SignatureField(string Name, string Datatype, IReadOnlyList<string>? Categories = null, double? Default = null);
