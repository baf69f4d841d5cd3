using Holdfast.Kernel;
using Holdfast.Storage.Sql;

namespace Holdfast.Registry;

/// <summary>Versions whose files lie among the artifacts of a run or a logged model keep those from the garbage collection.</summary>
public sealed class VersionRoots : IArtifactRoots
{
    /// <inheritdoc />
    public IReadOnlyList<HeldArtifacts> Held(Tx tx, int workspaceId)
    {
        ArgumentNullException.ThrowIfNull(tx);
        return tx.Query(
            "select v.storage_uri, m.name, v.version from model_version v join registered_model m on m.model_key = v.model_key and m.workspace_id = v.workspace_id where v.workspace_id = @ws and v.storage_uri <> ''",
            r => new HeldArtifacts(r.Text(0), $"model {r.Text(1)}/{r.Int64(2)}"), ("ws", workspaceId));
    }
}
