using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Storage;
using Holdfast.Storage.Sql;

namespace Holdfast.Access;

/// <summary>
/// Who may do what: tokens and workspaces. A secret carries 192 random bits, so one round of SHA-256 keeps it safe at rest;
/// slow hashes are for passwords that people choose.
/// </summary>
public sealed class AccessService(Db db, DataFolder folder, Journal journal, RunTokens runTokens, ReservedNames reserved, TimeProvider time)
{
    // A revocation by this process counts at once; one by another process of a shared database within this time.
    private static readonly TimeSpan CacheFor = TimeSpan.FromSeconds(5);
    private readonly ConcurrentDictionary<string, (TokenRow? Row, DateTimeOffset At)> _cache = new();

    /// <summary>
    /// The principal of a secret; null when it is unknown, ended or revoked. <paramref name="workspace"/> only moves the owner of
    /// the data folder, whose token is good for all workspaces.
    /// </summary>
    public async Task<Principal?> Authenticate(string secret, string? workspace, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(secret);
        if (CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(folder.Token)))
            return new Principal(await WorkspaceId(workspace, ct), "owner", Role.Admin, MayExecute: true);
        if (runTokens.Verify(secret) is { } run)
            return run;
        var hash = Hash(secret);
        var now = time.GetUtcNow();
        if (!_cache.TryGetValue(hash, out var known) || now - known.At > CacheFor)
        {
            var row = await db.Read(tx => AccessStore.ByHash(tx, hash), ct);
            known = (row, now);
            // Wrong guesses are not kept: they would fill the memory.
            if (row is null)
                return null;
            _cache[hash] = known;
            if (row.LastUsedAt is null || now - row.LastUsedAt > TimeSpan.FromMinutes(1))
                await db.Write(tx => AccessStore.Touch(tx, row.Id, now), ct: ct);
        }

        return known.Row is { } token && (token.ExpiresAt is null || token.ExpiresAt > now)
            ? new Principal(token.WorkspaceId, token.Name, token.Role, MayExecute: token.Role == Role.Admin)
            : null;
    }

    /// <summary>Who acts on an open loopback server.</summary>
    public async Task<Principal> Local(string? workspace, CancellationToken ct = default) =>
        new(await WorkspaceId(workspace, ct), "local", Role.Admin);

    /// <summary>Makes the first admin token of a server that demands tokens and has none; null when there is one already.</summary>
    public async Task<string?> FirstAdminToken(CancellationToken ct = default)
    {
        if (await db.Read(AccessStore.AnyAdmin, ct))
            return null;
        var owner = new Principal(Principal.DefaultWorkspaceId, "owner", Role.Admin, MayExecute: true);
        return (await CreateToken(owner, new CreateToken("first-admin", "admin"), ct)).Secret;
    }

    /// <summary>Makes a token in the asker's workspace.</summary>
    public async Task<CreatedToken> CreateToken(Principal p, CreateToken request, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(request);
        var now = time.GetUtcNow();
        var faults = new List<Fault>();
        if (!Names.IsValid(request.Name))
            faults.Add(new Fault("name", $"'{request.Name}' is not a name", Names.Rule));
        if (!Enum.TryParse<Role>(request.Role, ignoreCase: true, out var role) || !Enum.IsDefined(role))
            faults.Add(new Fault("role", $"'{request.Role}' is not a role", "Use viewer, editor or admin."));
        if (request.ExpiresAt <= now)
            faults.Add(new Fault("expires_at", $"{request.ExpiresAt:O} lies in the past", "Name a time to come, or leave it out."));
        if (faults.Count > 0)
            throw new HoldfastException("The token cannot be made.", faults);
        var secret = "hf_" + RandomNumberGenerator.GetHexString(48, lowercase: true);
        var row = await db.Write(tx =>
        {
            if (AccessStore.ByName(tx, p.WorkspaceId, request.Name) is not null)
                throw new HoldfastException(ErrorCode.AlreadyExists, $"A token named '{request.Name}' exists.", "Revoke it first, or use another name.");
            AccessStore.Insert(tx, p.WorkspaceId, request.Name, role.ToString().ToLowerInvariant(), secret[..7], Hash(secret), now, request.ExpiresAt);
            var created = AccessStore.ByName(tx, p.WorkspaceId, request.Name)!;
            journal.Append(tx, p, new TokenCreated(request.Name, created.Role.ToString().ToLowerInvariant()), request.Name);
            return created;
        }, ct: ct);
        return new CreatedToken(Info(row), secret);
    }

    /// <summary>The tokens of the workspace, revoked ones too.</summary>
    public async Task<IReadOnlyList<TokenInfo>> ListTokens(Principal p, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        return [.. (await db.Read(tx => AccessStore.List(tx, p.WorkspaceId), ct)).Select(Info)];
    }

    /// <summary>Ends a token at once.</summary>
    public async Task RevokeToken(Principal p, string name, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        await db.Write(tx =>
        {
            var row = AccessStore.ByName(tx, p.WorkspaceId, name)
                ?? throw new HoldfastException(ErrorCode.NotFound, $"There is no token named '{name}'.", "See holdfast token list.");
            AccessStore.Revoke(tx, row.Id, time.GetUtcNow());
            journal.Append(tx, p, new TokenRevoked(name), name);
            tx.OnCommit(_cache.Clear);
        }, ct: ct);
    }

    /// <summary>All workspaces.</summary>
    public Task<List<Workspace>> ListWorkspaces(Principal p, CancellationToken ct = default) =>
        db.Read(AccessStore.Workspaces, ct);

    /// <summary>Makes a workspace. Words that are routes are refused: W&amp;B links share the root with them.</summary>
    public async Task<Workspace> CreateWorkspace(Principal p, string name, CancellationToken ct = default)
    {
        if (!Names.IsValid(name))
            throw new HoldfastException(ErrorCode.InvalidArgument, $"'{name}' is not a name for a workspace.", Names.Rule);
        if (reserved.Contains(name))
            throw new HoldfastException(ErrorCode.InvalidArgument, $"'{name}' is the first part of an address of this server.", "Use another name for the workspace.");
        return await db.Write(tx =>
        {
            if (AccessStore.WorkspaceByName(tx, name) is not null)
                throw new HoldfastException(ErrorCode.AlreadyExists, $"The workspace '{name}' exists.");
            AccessStore.InsertWorkspace(tx, name, time.GetUtcNow());
            return AccessStore.WorkspaceByName(tx, name)!;
        }, ct: ct);
    }

    /// <summary>Who asks, for people and clients.</summary>
    public async Task<WhoAmI> Describe(Principal p, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        var workspace = await db.Read(tx => AccessStore.WorkspaceById(tx, p.WorkspaceId), ct);
        return new WhoAmI(p.Name, p.Role.ToString().ToLowerInvariant(), workspace?.Name ?? "default", p.MayExecute);
    }

    private async Task<int> WorkspaceId(string? name, CancellationToken ct)
    {
        if (string.IsNullOrEmpty(name) || name == "default")
            return Principal.DefaultWorkspaceId;
        var found = await db.Read(tx => AccessStore.WorkspaceByName(tx, name), ct);
        return found?.Id ?? throw new HoldfastException(ErrorCode.NotFound, $"There is no workspace '{name}'.", "See holdfast workspace list.");
    }

    private static string Hash(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));

    private static TokenInfo Info(TokenRow r) =>
        new(r.Name, r.Role.ToString().ToLowerInvariant(), r.Workspace, r.Prefix, r.CreatedAt, r.ExpiresAt, r.LastUsedAt, r.RevokedAt);
}
