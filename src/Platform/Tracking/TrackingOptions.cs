namespace Holdfast.Tracking;

/// <summary>Options of tracking.</summary>
public sealed class TrackingOptions
{
    /// <summary>Clients send their files to this server.</summary>
    public const string DefaultArtifactRoot = "mlflow-artifacts:/";

    /// <summary>
    /// Where the artifacts of new experiments lie: <c>mlflow-artifacts:/</c> (clients send files to this server), or an address
    /// that clients write to by themselves, such as <c>file:///shared/artifacts</c> or <c>s3://bucket/path</c>.
    /// </summary>
    public string ArtifactRoot { get; set; } = DefaultArtifactRoot;

    /// <summary>Whether too long values of parameters and tags are cut at the limit instead of refused.</summary>
    public bool TruncateLongValues { get; set; } = true;

    /// <summary>The root as it is stored: a plain path becomes absolute, as MLflow's server makes it.</summary>
    public string AbsoluteArtifactRoot => ArtifactPlace.Absolute(ArtifactRoot);
}
