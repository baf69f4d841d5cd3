using Holdfast.Kernel;
using Holdfast.Storage.Sql;

namespace Holdfast.Access;

/// <summary>A token as it is stored: the secret only as its SHA-256.</summary>
internal sealed record TokenRow(int Id, int WorkspaceId, string Workspace, string Name, Role Role, string Prefix, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? LastUsedAt, DateTimeOffset? RevokedAt);

/// <summary>A workspace.</summary>
public sealed record Workspace(int Id, string Name, DateTimeOffset CreatedAt);

/// <summary>Tokens and workspaces in SQL.</summary>
internal static class AccessStore
{
    private const string Columns = "select t.id, t.workspace_id, w.name, t.name, t.role, t.prefix, t.created_at, t.expires_at, t.last_used_at, t.revoked_at from access_token t join workspace w on w.id = t.workspace_id";

    public static TokenRow? ByHash(Tx tx, string hash) =>
        tx.QueryOne($"{Columns} where t.sha256 = @hash and t.revoked_at is null", Map, ("hash", hash));

    public static TokenRow? ByName(Tx tx, int workspace, string name) =>
        tx.QueryOne($"{Columns} where t.workspace_id = @ws and t.name = @name and t.revoked_at is null", Map, ("ws", workspace), ("name", name));

    public static List<TokenRow> List(Tx tx, int workspace) =>
        tx.Query($"{Columns} where t.workspace_id = @ws order by t.id", Map, ("ws", workspace));

    public static bool AnyAdmin(Tx tx) =>
        tx.Scalar("select count(*) from access_token where role = 'admin' and revoked_at is null") > 0;

    public static void Insert(Tx tx, int workspace, string name, string role, string prefix, string hash, DateTimeOffset now, DateTimeOffset? expires) =>
        tx.Execute(
            "insert into access_token (workspace_id, name, role, prefix, sha256, created_at, expires_at) values (@ws, @name, @role, @prefix, @hash, @now, @expires)",
            ("ws", workspace), ("name", name), ("role", role), ("prefix", prefix), ("hash", hash), ("now", now), ("expires", expires));

    public static void Revoke(Tx tx, int id, DateTimeOffset now) =>
        tx.Execute("update access_token set revoked_at = @now where id = @id", ("id", id), ("now", now));

    public static void Touch(Tx tx, int id, DateTimeOffset now) =>
        tx.Execute("update access_token set last_used_at = @now where id = @id", ("id", id), ("now", now));

    public static Workspace? WorkspaceByName(Tx tx, string name) =>
        tx.QueryOne("select id, name, created_at from workspace where name = @name", MapWorkspace, ("name", name));

    public static Workspace? WorkspaceById(Tx tx, int id) =>
        tx.QueryOne("select id, name, created_at from workspace where id = @id", MapWorkspace, ("id", id));

    public static List<Workspace> Workspaces(Tx tx) =>
        tx.Query("select id, name, created_at from workspace order by id", MapWorkspace);

    public static void InsertWorkspace(Tx tx, string name, DateTimeOffset now) =>
        tx.Execute("insert into workspace (name, created_at) values (@name, @now)", ("name", name), ("now", now));

    private static Workspace MapWorkspace(Row r) => new(r.Int32(0), r.Text(1), r.Time(2));

    private static TokenRow Map(Row r) =>
        new(r.Int32(0), r.Int32(1), r.Text(2), r.Text(3), Enum.Parse<Role>(r.Text(4), ignoreCase: true), r.Text(5), r.Time(6), r.TimeOrNull(7), r.TimeOrNull(8), r.TimeOrNull(9));
}
