using System.IO.Compression;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Storage;
using Holdfast.Tracking;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Holdfast.Registry;

/// <summary><c>/api/v1/models</c>.</summary>
public static class RegistryApi
{
    private const long MaxPackage = 4L << 30;

    /// <summary>Maps the routes.</summary>
    public static void MapRegistryApi(this IEndpointRouteBuilder api)
    {
        var models = api.MapGroup("/models");
        models.MapGet("/", SearchModels).Needs(Role.Viewer);
        models.MapPost("/", CreateModel).Needs(Role.Editor);
        models.MapGet("/{model}", GetModel).Needs(Role.Viewer);
        models.MapPatch("/{model}", ChangeModel).Needs(Role.Editor);
        models.MapDelete("/{model}", DeleteModel).Needs(Role.Editor);
        models.MapGet("/{model}/versions", ListVersions).Needs(Role.Viewer);
        models.MapPost("/{model}/versions", UploadVersion).Needs(Role.Editor);
        models.MapGet("/{model}/versions/{version:int}", GetVersion).Needs(Role.Viewer);
        models.MapPatch("/{model}/versions/{version:int}", ChangeVersion).Needs(Role.Editor);
        models.MapDelete("/{model}/versions/{version:int}", DeleteVersion).Needs(Role.Editor);
        models.MapGet("/{model}/versions/{version:int}/files/{**path}", GetFile).Needs(Role.Viewer);
        models.MapGet("/{model}/versions/{version:int}/record", GetRecord).Needs(Role.Viewer);
        models.MapGet("/{model}/versions/{version:int}/package", GetPackage).Needs(Role.Viewer);
        models.MapGet("/{model}/aliases/{alias}", GetAlias).Needs(Role.Viewer);
        models.MapPut("/{model}/aliases/{alias}", SetAlias).Needs(Role.Editor);
        models.MapDelete("/{model}/aliases/{alias}", DeleteAlias).Needs(Role.Editor);
    }

    private static Task<Page<RegisteredModel>> SearchModels(
        RegistryService registry, HttpContext http, string? filter, [FromQuery(Name = "order_by")] string[]? orderBy, int? max, string? token, CancellationToken ct) =>
        registry.SearchModels(http.Principal(), filter, orderBy, max ?? 100, token, ct: ct);

    private static async Task<IResult> CreateModel(RegistryService registry, HttpContext http, NewRegisteredModel body, CancellationToken ct)
    {
        var made = await registry.CreateModel(http.Principal(), body.Name, body.Description, body.Tags, ct);
        return Results.Created($"/api/v1/models/{Uri.EscapeDataString(made.Name)}", made);
    }

    private static Task<RegisteredModel> GetModel(RegistryService registry, HttpContext http, string model, CancellationToken ct) => registry.GetModel(http.Principal(), model, ct);

    private static async Task<RegisteredModel> ChangeModel(RegistryService registry, HttpContext http, string model, ModelChange body, CancellationToken ct)
    {
        var p = http.Principal();
        if (body.Description is not null)
            await registry.DescribeModel(p, model, body.Description, ct);
        foreach (var (key, value) in body.Tags ?? new Dictionary<string, string>())
            await registry.SetModelTag(p, model, key, value, ct);
        if (body.Name is not null)
            await registry.RenameModel(p, model, body.Name, ct);
        return await registry.GetModel(p, body.Name ?? model, ct);
    }

    private static async Task<IResult> DeleteModel(RegistryService registry, HttpContext http, string model, CancellationToken ct)
    {
        await registry.DeleteModel(http.Principal(), model, ct);
        return Results.NoContent();
    }

    private static Task<IReadOnlyList<ModelVersion>> ListVersions(RegistryService registry, HttpContext http, string model, CancellationToken ct) => registry.ListVersions(http.Principal(), model, ct);

    private static async Task<IResult> UploadVersion(
        RegistryService registry, DataFolder data, HttpContext http, string model, [FromQuery(Name = "run_id")] string? runId, [FromQuery(Name = "dataset_version")] string? datasetVersion,
        [FromQuery(Name = "idempotency_key")] string? idempotencyKey, CancellationToken ct)
    {
        if (http.Request.ContentType?.StartsWith("application/zip", StringComparison.OrdinalIgnoreCase) != true)
            throw new HoldfastException(ErrorCode.InvalidArgument, $"The content type is '{http.Request.ContentType}'.", "Send the model package as application/zip.");
        http.AllowLargeBody();
        var folder = Path.Combine(data.Temporary, "package-" + Ids.Hex32());
        Directory.CreateDirectory(folder);
        try
        {
            await Unpack(http.Request.Body, folder, ct);
            var made = await registry.CreateVersion(http.Principal(), new NewModelVersion(model, folder, runId, datasetVersion, IdempotencyKey: idempotencyKey), ct);
            return Results.Created($"/api/v1/models/{Uri.EscapeDataString(model)}/versions/{made.Version}", made);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Task<ModelVersion> GetVersion(RegistryService registry, HttpContext http, string model, int version, CancellationToken ct) => registry.GetVersion(http.Principal(), model, version, ct);

    private static async Task<ModelVersion> ChangeVersion(RegistryService registry, HttpContext http, string model, int version, ModelChange body, CancellationToken ct)
    {
        var p = http.Principal();
        if (body.Description is not null)
            await registry.DescribeVersion(p, model, version, body.Description, ct);
        foreach (var (key, value) in body.Tags ?? new Dictionary<string, string>())
            await registry.SetVersionTag(p, model, version, key, value, ct);
        return await registry.GetVersion(p, model, version, ct);
    }

    private static async Task<IResult> DeleteVersion(RegistryService registry, HttpContext http, string model, int version, CancellationToken ct)
    {
        await registry.DeleteVersion(http.Principal(), model, version, ct);
        return Results.NoContent();
    }

    private static async Task<IResult> GetFile(RegistryService registry, HttpContext http, string model, int version, string path, CancellationToken ct) =>
        TrackingApi.Download(http, await registry.OpenFile(http.Principal(), model, version, path, ct), path);

    private static Task<ModelRecord> GetRecord(RegistryService registry, HttpContext http, string model, int version, CancellationToken ct) => registry.Record(http.Principal(), model, version, ct);

    // A tar file: of an OCI image layout, or of the plain files.
    private static async Task GetPackage(RegistryService registry, DataFolder data, HttpContext http, string model, int version, string? format, CancellationToken ct)
    {
        if (format is not (null or "oci" or "tar"))
            throw new HoldfastException(ErrorCode.InvalidArgument, $"format is '{format}'.", "Use oci or tar.");
        var folder = Directory.CreateDirectory(Path.Combine(data.Temporary, "image-" + Ids.Hex32()));
        try
        {
            var content = folder.CreateSubdirectory("content").FullName;
            var digest = await registry.WritePackage(http.Principal(), model, version, content, format != "tar", ct);
            var file = Path.Combine(folder.FullName, "package.tar");
            await using (var tar = File.Create(file))
                await ModelImage.Pack(content, "", tar, ct);
            http.Response.ContentType = "application/x-tar";
            http.Response.Headers.XContentTypeOptions = "nosniff";
            http.Response.Headers.ContentDisposition = $"attachment; filename=\"model-v{version}.tar\"";
            if (digest is not null)
                http.Response.Headers["X-Holdfast-Digest"] = digest;
            await http.Response.SendFileAsync(file, ct);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<ModelVersion> GetAlias(RegistryService registry, HttpContext http, string model, string alias, CancellationToken ct) =>
        await registry.GetAlias(http.Principal(), model, alias, ct)
        ?? throw new HoldfastException(ErrorCode.NotFound, $"The model '{model}' has no alias '{alias}'.", $"Set it: PUT /api/v1/models/{model}/aliases/{alias}");

    private static async Task<IResult> SetAlias(RegistryService registry, HttpContext http, string model, string alias, AliasTarget body, CancellationToken ct)
    {
        await registry.SetAlias(http.Principal(), model, alias, body.Version, ct);
        return Results.NoContent();
    }

    private static async Task<IResult> DeleteAlias(RegistryService registry, HttpContext http, string model, string alias, CancellationToken ct)
    {
        await registry.DeleteAlias(http.Principal(), model, alias, ct);
        return Results.NoContent();
    }

    // Names in an archive are input: none may leave the folder, and the unpacked size is bounded as it is written, not as it is declared.
    private static async Task Unpack(Stream body, string folder, CancellationToken ct)
    {
        var file = folder + ".zip";
        try
        {
            await using (var copy = File.Create(file))
                await body.CopyToAsync(copy, ct);
            using var archive = Open(file);
            var left = MaxPackage;
            foreach (var entry in archive.Entries.Where(e => !e.FullName.EndsWith('/')))
            {
                var target = Path.Combine(folder, ArtifactPath.CheckFile(entry.FullName));
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                await using var from = await entry.OpenAsync(ct);
                await using var to = File.Create(target);
                var buffer = new byte[1 << 16];
                for (int read; (read = await from.ReadAsync(buffer, ct)) > 0;)
                {
                    left -= read;
                    if (left < 0)
                        throw new HoldfastException(ErrorCode.TooLarge, $"The package is larger than {MaxPackage} bytes when unpacked.");
                    await to.WriteAsync(buffer.AsMemory(0, read), ct);
                }
            }
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static ZipArchive Open(string file)
    {
        try
        {
            return ZipFile.OpenRead(file);
        }
        catch (InvalidDataException e)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"The body is no zip archive: {e.Message}", "Send the files of the package as a zip archive.", e);
        }
    }
}
