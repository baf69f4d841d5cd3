namespace Holdfast.Contracts;

/// <summary>A token as lists show it: never the secret itself.</summary>
/// <param name="Name">Unique in the workspace.</param>
/// <param name="Role"><c>viewer</c>, <c>editor</c> or <c>admin</c>.</param>
/// <param name="Workspace">The workspace it is good for.</param>
/// <param name="Prefix">The first characters of the secret, to recognise it by.</param>
public sealed record TokenInfo(string Name, string Role, string Workspace, string Prefix, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt = null, DateTimeOffset? LastUsedAt = null, DateTimeOffset? RevokedAt = null);

/// <summary>Asks for a token.</summary>
/// <param name="Name">Letters, digits, <c>.</c>, <c>_</c> and <c>-</c>; unique in the workspace.</param>
/// <param name="Role"><c>viewer</c>, <c>editor</c> or <c>admin</c>.</param>
/// <param name="ExpiresAt">When it ends by itself; null = never.</param>
public sealed record CreateToken(string Name, string Role = "editor", DateTimeOffset? ExpiresAt = null);

/// <summary>A new token; the only answer that holds the secret.</summary>
public sealed record CreatedToken(TokenInfo Token, string Secret);

/// <summary>A workspace.</summary>
public sealed record WorkspaceInfo(string Name, DateTimeOffset CreatedAt);

/// <summary>Asks for a workspace.</summary>
public sealed record CreateWorkspace(string Name);

/// <summary>Who the server thinks is asking.</summary>
public sealed record WhoAmI(string Name, string Role, string Workspace, bool MayExecute);
