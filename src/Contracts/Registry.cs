using System.Text.Json.Serialization;
using Holdfast.Tracking;

namespace Holdfast.Registry;

/// <summary>A number under a registered model: immutable content with where it came from.</summary>
/// <param name="Id">Internal number.</param>
/// <param name="Model">Name of the registered model.</param>
/// <param name="Version">1, 2, 3, … within the model; never used twice.</param>
/// <param name="Source">Where the content was taken from, as the registering client gave it.</param>
/// <param name="RunId">The run that made it.</param>
/// <param name="DatasetVersion">The data it was trained on, as <c>name@v3</c>.</param>
/// <param name="PipelineRun">The pipeline run that made it.</param>
/// <param name="Signature">Inputs and outputs, where known.</param>
/// <param name="Status"><c>ready</c>, <c>pending_registration</c> or <c>failed_registration</c>.</param>
/// <param name="Tags">Tags of the version.</param>
/// <param name="CreatedAt">When it was registered.</param>
/// <param name="PackageKey">Folder of the package in the blob store; empty when the content lies elsewhere.</param>
public sealed record ModelVersion(
    int Id, string Model, int Version, string Source, string? RunId, string? DatasetVersion, string? PipelineRun, Signature? Signature, string Status,
    IReadOnlyDictionary<string, string> Tags, DateTimeOffset CreatedAt, string PackageKey)
{
    /// <summary><c>model/3</c>.</summary>
    [JsonIgnore]
    public string Ref => $"{Model}/{Version}";

    /// <summary>When tags, description or stage last changed.</summary>
    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>What people wrote about it.</summary>
    public string Description { get; init; } = "";

    /// <summary>Stage in the old MLflow sense: <c>None</c>, <c>Staging</c>, <c>Production</c>, <c>Archived</c>.</summary>
    public string Stage { get; init; } = "None";

    /// <summary>Aliases that point here.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>Who registered it.</summary>
    public string User { get; init; } = "";

    /// <summary>A link to the run, where the client gave one.</summary>
    public string? RunLink { get; init; }

    /// <summary>Where the files lie, resolved.</summary>
    public string StorageUri { get; init; } = "";

    /// <summary>MLflow's logged model, where the client named one.</summary>
    public string? LoggedModelId { get; init; }
}

/// <summary>A name under which versions are registered.</summary>
public sealed record RegisteredModel(
    string Name, string? Description, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, IReadOnlyList<Tag> Tags, IReadOnlyDictionary<string, int> Aliases, IReadOnlyList<ModelVersion> LatestVersions);

/// <summary>A model package to register.</summary>
/// <param name="Model">Name of the registered model; made when it is not there.</param>
/// <param name="PackageFolder">A local folder with <c>holdfast-model.json</c>; it is copied.</param>
/// <param name="RunId">The run that made it.</param>
/// <param name="DatasetVersion">The data it was trained on.</param>
/// <param name="PipelineRun">The pipeline run that made it.</param>
/// <param name="Tags">Tags of the version.</param>
/// <param name="IdempotencyKey">The same key again gives the same version.</param>
public sealed record NewModelVersion(
    string Model, string PackageFolder, string? RunId = null, string? DatasetVersion = null, string? PipelineRun = null, IReadOnlyDictionary<string, string>? Tags = null, string? IdempotencyKey = null);

/// <summary>Body of <c>POST /api/v1/models</c>.</summary>
public sealed record NewRegisteredModel(string Name, string? Description = null, IReadOnlyDictionary<string, string>? Tags = null);

/// <summary>Body of <c>PATCH /api/v1/models/{model}</c> and of its versions.</summary>
public sealed record ModelChange(string? Name = null, string? Description = null, IReadOnlyDictionary<string, string>? Tags = null);

/// <summary>Body of <c>PUT /api/v1/models/{model}/aliases/{alias}</c>.</summary>
public sealed record AliasTarget(int Version);
