namespace Holdfast.Kernel;

/// <summary>What someone may do in a workspace; each role includes the ones before it.</summary>
public enum Role
{
    /// <summary>Reads.</summary>
    Viewer = 1,

    /// <summary>Reads and writes.</summary>
    Editor = 2,

    /// <summary>Everything, including people and tokens.</summary>
    Admin = 3,
}

/// <summary>
/// Who asks, and in which workspace. Every door takes one; <c>Access</c> makes it at the edge from the request's token.
/// </summary>
/// <param name="WorkspaceId">Internal number of the workspace (1 is <c>default</c>).</param>
/// <param name="Name">The actor's name as the Journal writes it.</param>
/// <param name="Role">The role in this workspace.</param>
/// <param name="MayExecute">Whether this principal may make the server run commands (docs/security.md).</param>
public sealed record Principal(int WorkspaceId, string Name, Role Role, bool MayExecute = false)
{
    /// <summary>The workspace that exists from the start.</summary>
    public const int DefaultWorkspaceId = 1;

    /// <summary>A controller acting for a workspace: it may do what the declared policy asks for.</summary>
    public static Principal Controller(int workspaceId, string name) => new(workspaceId, name, Role.Admin, MayExecute: true);
}
