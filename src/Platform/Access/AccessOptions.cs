namespace Holdfast.Access;

/// <summary>How the edge treats a request without credentials.</summary>
/// <param name="RequireToken">
/// False (default, only on loopback): whoever reaches the port acts as the admin <c>local</c>, without the right to execute.
/// True: every route that is not open demands a token.
/// </param>
public sealed record AccessOptions(bool RequireToken = false);
