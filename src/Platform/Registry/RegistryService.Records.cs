using System.Runtime.InteropServices;
using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Storage.Sql;

namespace Holdfast.Registry;

/// <content>Environment and configuration of versions, and their packages.</content>
public sealed partial class RegistryService
{
    private const int MostCaptured = 1 << 20;

    /// <summary>How a version came about. NotFound for versions that were registered by their address only.</summary>
    public async Task<ModelRecord> Record(Principal p, string model, int version, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        var found = await GetVersion(p, model, version, ct);
        var body = await db.Read(
            tx => tx.QueryOne("select body from model_version_record where workspace_id = @ws and version_key = @version", r => r.Text(0), ("ws", p.WorkspaceId), ("version", found.Id)), ct)
            ?? throw new HoldfastException(ErrorCode.NotFound, $"There is no record of how {model}/{version} was made.", "Register it as a model package.");
        return JsonSerializer.Deserialize<ModelRecord>(body, HoldfastJson.Options)! with { Model = model, Version = version };
    }

    /// <summary>Writes a version as an OCI image layout, or as a plain folder to be packed; returns what identifies it (the manifest's digest, or null).</summary>
    public async Task<string?> WritePackage(Principal p, string model, int version, string folder, bool oci, CancellationToken ct = default)
    {
        var found = await GetVersion(p, model, version, ct);
        var source = await PackagePath(p, found, ct);
        var record = await Record(p, model, version, ct);
        if (oci)
            return await ModelImage.Write(folder, source, record, found.CreatedAt, ct);
        ModelImage.WritePlain(folder, source, record);
        return null;
    }

    private async Task<ModelRecord> RecordOf(Principal p, NewModelVersion version, CancellationToken ct)
    {
        var run = version.RunId is { Length: > 0 } id ? await RunOrNull(p, id, ct) : null;
        var manifest = JsonDocument.Parse(await System.IO.File.ReadAllBytesAsync(Path.Combine(version.PackageFolder, ModelPackage.ManifestName), ct)).RootElement.Clone();
        var capture = run is null ? null : await Kept(p, run.RunId, "holdfast/capture.json", ct);
        return new ModelRecord(
            1, version.Model, 0, manifest,
            new RuntimeRecord(
                typeof(RegistryService).Assembly.GetName().Version?.ToString(3) ?? "0", RuntimeInformation.FrameworkDescription, RuntimeInformation.OSDescription,
                RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant(), typeof(Microsoft.ML.OnnxRuntime.InferenceSession).Assembly.GetName().Version?.ToString(3) ?? "0"),
            version.DatasetVersion, version.PipelineRun,
            run is null ? null : new RunRecord(run.RunId, run.Name, run.Params.ToDictionary(x => x.Key, x => x.Value), run.Tags.ToDictionary(x => x.Key, x => x.Value)),
            capture is null ? null : Parsed(capture), run is null ? null : await Kept(p, run.RunId, "holdfast/requirements.txt", ct));
    }

    private static void Keep(Tx tx, Principal p, ModelVersion version, ModelRecord record) => tx.Execute(
        "insert into model_version_record (workspace_id, version_key, body) values (@ws, @version, @body)",
        ("ws", p.WorkspaceId), ("version", version.Id), ("body", JsonSerializer.Serialize(record with { Version = version.Version }, HoldfastJson.Options)));

    private async Task<string?> Kept(Principal p, string runId, string path, CancellationToken ct)
    {
        try
        {
            await using var content = await tracking.OpenArtifact(p, runId, path, ct);
            using var reader = new StreamReader(content);
            var text = await reader.ReadToEndAsync(ct);
            return text.Length <= MostCaptured ? text : null;
        }
        catch (HoldfastException e) when (e.Code is ErrorCode.NotFound or ErrorCode.FailedPrecondition or ErrorCode.Unsupported)
        {
            return null;
        }
    }

    private static JsonElement? Parsed(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
