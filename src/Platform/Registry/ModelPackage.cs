using System.Text.Json;
using Holdfast.Contracts;

namespace Holdfast.Registry;

/// <summary>
/// The manifest of a model package, <c>holdfast-model.json</c>: a folder that holds it and the files that it names can be
/// registered and served.
/// </summary>
/// <param name="Format">Version of this layout; 1.</param>
/// <param name="Backend"><c>onnx</c>, <c>mlnet</c>, <c>rules</c>, <c>constant</c>, <c>process</c> or <c>upstream</c>.</param>
/// <param name="File">The model's file inside the folder; absent for <c>process</c> and <c>upstream</c>.</param>
/// <param name="Task"><c>binary</c>, <c>regression</c> or <c>multiclass</c>.</param>
/// <param name="Signature">What it takes and gives.</param>
/// <param name="Threshold">From which score on the positive label is predicted (binary only).</param>
/// <param name="PositiveLabel">The label whose probability the score is (binary only).</param>
/// <param name="NegativeLabel">The other label (binary only).</param>
/// <param name="Runtime">How an <c>onnx</c> model is run.</param>
/// <param name="Process">The command of a <c>process</c> model.</param>
/// <param name="Upstream">The server of an <c>upstream</c> model.</param>
public sealed record ModelPackage(
    int Format, string Backend, string File, string Task, Signature Signature,
    double Threshold = 0.5, string PositiveLabel = "1", string NegativeLabel = "0", RuntimeSpec? Runtime = null, ProcessSpec? Process = null, UpstreamSpec? Upstream = null)
{
    private static readonly string[] Backends = ["onnx", "mlnet", "rules", "constant", "process", "upstream"];

    /// <summary>Name of the manifest in its folder.</summary>
    public const string ManifestName = "holdfast-model.json";

    /// <summary>Whether serving it can start a command of this machine or reach private addresses: who registers it needs the right to execute.</summary>
    public bool NeedsExecute => Backend == "process" || Upstream is { PrivateNetwork: true };

    /// <summary>Reads and checks the manifest of a package folder, with all faults at once.</summary>
    public static ModelPackage Read(string folder)
    {
        var path = Path.Combine(folder, ManifestName);
        if (!System.IO.File.Exists(path))
            throw new HoldfastException(ErrorCode.InvalidArgument, $"'{folder}' is not a model package: it has no {ManifestName}.", $"Write {ManifestName} beside the model file; docs/format/model-package.md shows one.");
        ModelPackage? package;
        try
        {
            package = JsonSerializer.Deserialize<ModelPackage>(System.IO.File.ReadAllBytes(path), HoldfastJson.Options);
        }
        catch (JsonException fault)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"{path} is not valid: line {(fault.LineNumber ?? 0) + 1}, {fault.Path}: {fault.Message}", "Write the manifest again; docs/format/model-package.md shows one.", fault);
        }

        var faults = package is null ? [new Fault(ManifestName, "the document is empty")] : Check(package, folder).ToList();
        return faults.Count == 0 ? package! : throw new HoldfastException($"{path} is not a valid model package manifest.", faults);
    }

    /// <summary>Writes the manifest into a package folder.</summary>
    public void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        System.IO.File.WriteAllBytes(Path.Combine(folder, ManifestName), JsonSerializer.SerializeToUtf8Bytes(this, HoldfastJson.Indented));
    }

    private static IEnumerable<Fault> Check(ModelPackage package, string folder)
    {
        if (package.Format != 1)
            yield return new Fault("format", $"is {package.Format}", "This release reads format 1.");
        if (!Backends.Contains(package.Backend))
            yield return new Fault("backend", $"is '{package.Backend}'", $"Use one of {string.Join(", ", Backends)}.");
        if (package.Task is not ("binary" or "regression" or "multiclass"))
            yield return new Fault("task", $"is '{package.Task}'", "Use binary, regression or multiclass.");
        foreach (var fault in PackageSections.Check(package, folder))
            yield return fault;
        if (package.Backend is not ("constant" or "process" or "upstream") || !string.IsNullOrEmpty(package.File))
        {
            if (string.IsNullOrWhiteSpace(package.File))
                yield return new Fault("file", "is missing", "Name the model's file inside the package.");
            else if (Path.IsPathRooted(package.File) || package.File.Split('/', '\\').Contains(".."))
                yield return new Fault("file", $"'{package.File}' leaves the package", "Name a file inside the package.");
            else if (!System.IO.File.Exists(Path.Combine(folder, package.File)))
                yield return new Fault("file", $"'{package.File}' is not in the package", "Copy the file into the package folder, or correct the name.");
        }

        if (package.Signature?.Inputs is null || package.Signature.Outputs is null)
        {
            yield return new Fault("signature", "has no inputs or outputs", "Write signature: {inputs: [{name, datatype}], outputs: [{name, datatype}]}.");
            yield break;
        }

        if (!double.IsFinite(package.Threshold))
            yield return new Fault("threshold", $"is {package.Threshold}", "Use a number such as 0.5.");
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < package.Signature.Inputs.Count; i++)
        {
            var input = package.Signature.Inputs[i];
            if (string.IsNullOrWhiteSpace(input.Name))
                yield return new Fault($"signature.inputs[{i}].name", "is missing");
            else if (!names.Add(input.Name))
                yield return new Fault($"signature.inputs[{i}].name", $"'{input.Name}' stands twice");
            if (!Datatypes.Contains(input.Datatype))
                yield return new Fault($"signature.inputs[{i}].datatype", $"is '{input.Datatype}'", $"Use one of {string.Join(", ", Datatypes)}.");
        }
    }

    private static readonly string[] Datatypes = ["BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32", "FP64", "BYTES"];
}
