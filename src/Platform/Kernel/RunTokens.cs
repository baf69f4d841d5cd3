using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Holdfast.Storage;

namespace Holdfast.Kernel;

/// <summary>
/// Tokens for the children of the platform (stages of a pipeline run): good for one run and a limited time, never for executing.
/// They are signed with the data folder's token instead of stored, so that a child outlives a restart of the server.
/// </summary>
public sealed class RunTokens(DataFolder folder, TimeProvider time)
{
    private const string Prefix = "hfr_";

    /// <summary>A token for a run, with the rights of an editor in the asker's workspace.</summary>
    public string Issue(Principal p, string runId, TimeSpan validFor)
    {
        ArgumentNullException.ThrowIfNull(p);
        var until = (time.GetUtcNow() + validFor).ToUnixTimeSeconds();
        var claims = $"{p.WorkspaceId.ToString(CultureInfo.InvariantCulture)}.{until.ToString(CultureInfo.InvariantCulture)}.{runId}";
        return $"{Prefix}{claims}.{Sign(claims)}";
    }

    /// <summary>The principal <c>run:ID</c> of a valid token; null for anything else.</summary>
    public Principal? Verify(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        if (!token.StartsWith(Prefix, StringComparison.Ordinal) || token.LastIndexOf('.') is var end && end < 0)
            return null;
        var claims = token[Prefix.Length..end];
        if (!CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(token[(end + 1)..]), Encoding.UTF8.GetBytes(Sign(claims))))
            return null;
        var parts = claims.Split('.', 3);
        return long.Parse(parts[1], CultureInfo.InvariantCulture) > time.GetUtcNow().ToUnixTimeSeconds()
            ? new Principal(int.Parse(parts[0], CultureInfo.InvariantCulture), "run:" + parts[2], Role.Editor)
            : null;
    }

    private string Sign(string claims) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(folder.Token), Encoding.UTF8.GetBytes("run-token/1:" + claims)));
}
