namespace Holdfast.Tracking;

/// <summary>Options of tracking.</summary>
public sealed class TrackingOptions
{
    /// <summary>
    /// Where the artifacts of new experiments lie: <c>mlflow-artifacts:/</c> (clients send files to this server), or an address
    /// that clients write to by themselves, such as <c>file:///shared/artifacts</c> or <c>s3://bucket/path</c>.
    /// </summary>
    public string ArtifactRoot { get; set; } = "mlflow-artifacts:/";

    /// <summary>Folder for the files that clients send to this server; null: <c>artifacts</c> in the data folder.</summary>
    public string? ArtifactsDestination { get; set; }

    /// <summary>Whether too long values of parameters and tags are cut at the limit instead of refused.</summary>
    public bool TruncateLongValues { get; set; } = true;

    /// <summary>The root as it is stored: a plain path becomes absolute, as MLflow's server makes it.</summary>
    public string AbsoluteArtifactRoot => ArtifactPlace.Absolute(ArtifactRoot);
}
