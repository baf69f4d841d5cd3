using System.Text.Json;

namespace Holdfast.Registry;

/// <summary>How a version came about, kept when it was registered: environment and full configuration.</summary>
/// <param name="Format">Version of this document: 1.</param>
/// <param name="Model">Name of the registered model.</param>
/// <param name="Version">Its number.</param>
/// <param name="Manifest">The package's <c>holdfast-model.json</c>.</param>
/// <param name="Runtime">What serves it on the machine that registered it.</param>
/// <param name="DatasetVersion">The data it was trained on.</param>
/// <param name="PipelineRun">The pipeline run that made it.</param>
/// <param name="Run">The run that made it, with its parameters and tags.</param>
/// <param name="Capture">The run's captured environment (command, code, packages' locks, hardware, variables' names), where <c>holdfast run</c> took it.</param>
/// <param name="Requirements">The run's Python packages, as lines of a requirements file.</param>
public sealed record ModelRecord(
    int Format, string Model, int Version, JsonElement Manifest, RuntimeRecord Runtime, string? DatasetVersion, string? PipelineRun, RunRecord? Run, JsonElement? Capture, string? Requirements);

/// <summary>Program, runtime and machine.</summary>
/// <param name="OnnxRuntime">Its version.</param>
public sealed record RuntimeRecord(string Holdfast, string Dotnet, string Os, string Architecture, string OnnxRuntime);

/// <summary>A run in a record.</summary>
public sealed record RunRecord(string RunId, string Name, IReadOnlyDictionary<string, string> Params, IReadOnlyDictionary<string, string> Tags);
