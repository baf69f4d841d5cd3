using Holdfast.Storage.Sql;

namespace Holdfast.Kernel;

/// <summary>Artifacts that another room still needs, whatever becomes of the run that wrote them.</summary>
/// <param name="Address">The folder's address, such as <c>mlflow-artifacts:/1/…</c>.</param>
/// <param name="By">Who needs them, such as <c>model credit/3</c>.</param>
public sealed record HeldArtifacts(string Address, string By);

/// <summary>Asked before artifacts are removed for good. A room that points at artifacts of runs implements it.</summary>
public interface IArtifactRoots
{
    /// <summary>All artifacts of a workspace that are still needed.</summary>
    IReadOnlyList<HeldArtifacts> Held(Tx tx, int workspaceId);
}
