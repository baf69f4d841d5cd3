using System.IO.Compression;
using Holdfast.Contracts;
using Holdfast.Registry;

namespace Holdfast.Client;

/// <summary>Registered models, their versions and aliases.</summary>
public sealed class ModelsClient
{
    private readonly Transport _transport;

    internal ModelsClient(Transport transport) => _transport = transport;

    /// <summary>The registered models.</summary>
    /// <param name="ct">Ends the request.</param>
    public async Task<IReadOnlyList<RegisteredModel>> List(CancellationToken ct = default) =>
        (await _transport.Get<PageOf<RegisteredModel>>("/api/v1/models?max=1000", ct)).Items;

    /// <summary>The versions of a model, newest first.</summary>
    /// <param name="model">Name of the model.</param>
    /// <param name="ct">Ends the request.</param>
    public Task<IReadOnlyList<ModelVersion>> Versions(string model, CancellationToken ct = default) =>
        _transport.Get<IReadOnlyList<ModelVersion>>($"/api/v1/models/{Query.Part(model)}/versions", ct);

    /// <summary>Registers a model package: a folder with <c>holdfast-model.json</c>.</summary>
    /// <param name="model">Name of the model; made when it is not there.</param>
    /// <param name="folder">The package.</param>
    /// <param name="runId">The run that made it.</param>
    /// <param name="datasetVersion">The data it was trained on, as <c>name@v3</c>.</param>
    /// <param name="idempotencyKey">The same key again gives the same version.</param>
    /// <param name="ct">Ends the request.</param>
    public async Task<ModelVersion> Register(string model, string folder, string? runId = null, string? datasetVersion = null, string? idempotencyKey = null, CancellationToken ct = default)
    {
        if (!File.Exists(System.IO.Path.Combine(folder, "holdfast-model.json")))
            throw new HoldfastException(ErrorCode.InvalidArgument, $"{folder} is not a model package: it has no holdfast-model.json.", "See docs/format/model-package.md.");
        var file = System.IO.Path.GetTempFileName();
        try
        {
            await using var zip = new FileStream(file, FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.Asynchronous | FileOptions.DeleteOnClose);
            await ZipFile.CreateFromDirectoryAsync(folder, zip, CompressionLevel.Fastest, includeBaseDirectory: false, ct);
            zip.Position = 0;
            return await _transport.Upload<ModelVersion>(
                HttpMethod.Post,
                Query.Path($"/api/v1/models/{Query.Part(model)}/versions", ("run_id", runId), ("dataset_version", datasetVersion), ("idempotency_key", idempotencyKey)),
                zip, "application/zip", ct);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Points an alias at a version.</summary>
    /// <param name="model">Name of the model.</param>
    /// <param name="alias">Such as <c>champion</c>.</param>
    /// <param name="version">The version.</param>
    /// <param name="ct">Ends the request.</param>
    public Task SetAlias(string model, string alias, int version, CancellationToken ct = default) =>
        _transport.Put(HttpMethod.Put, $"/api/v1/models/{Query.Part(model)}/aliases/{Query.Part(alias)}", new AliasTarget(version), ct);

    /// <summary>The remarks on a version, oldest first.</summary>
    /// <param name="model">Name of the model.</param>
    /// <param name="version">The version.</param>
    /// <param name="ct">Ends the request.</param>
    public async Task<IReadOnlyList<ModelComment>> Comments(string model, int version, CancellationToken ct = default) =>
        (await _transport.Get<PageOf<ModelComment>>(Of(model, version) + "/comments", ct)).Items;

    /// <summary>Adds a remark to a version.</summary>
    /// <param name="model">Name of the model.</param>
    /// <param name="version">The version.</param>
    /// <param name="markdown">At most 64 KB.</param>
    /// <param name="ct">Ends the request.</param>
    public Task<ModelComment> Comment(string model, int version, string markdown, CancellationToken ct = default) =>
        _transport.Post<ModelComment>(Of(model, version) + "/comments", new CommentBody(markdown), ct);

    /// <summary>The card of a version: what people wrote, and what is known of it.</summary>
    /// <param name="model">Name of the model.</param>
    /// <param name="version">The version.</param>
    /// <param name="ct">Ends the request.</param>
    public Task<ModelCard> Card(string model, int version, CancellationToken ct = default) => _transport.Get<ModelCard>(Of(model, version) + "/card", ct);

    /// <summary>Writes the part of the card that people write.</summary>
    /// <param name="model">Name of the model.</param>
    /// <param name="version">The version.</param>
    /// <param name="markdown">At most 64 KB.</param>
    /// <param name="ct">Ends the request.</param>
    public Task SetCard(string model, int version, string markdown, CancellationToken ct = default) =>
        _transport.Put(HttpMethod.Put, Of(model, version) + "/card", new CommentBody(markdown), ct);

    private static string Of(string model, int version) => $"/api/v1/models/{Query.Part(model)}/versions/{version}";
}
