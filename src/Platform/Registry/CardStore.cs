using Holdfast.Storage.Sql;

namespace Holdfast.Registry;

/// <summary>SQL of comments and cards.</summary>
internal static class CardStore
{
    public static void AddComment(Tx tx, int ws, int version, ModelComment comment) =>
        tx.Execute(
            "insert into model_version_comment (workspace_id, version_key, comment_id, author, body, created_at, updated_at) values (@ws, @version, @id, @author, @body, @at, @at)",
            ("ws", ws), ("version", version), ("id", comment.CommentId), ("author", comment.Author), ("body", comment.Text), ("at", comment.CreatedAt));

    public static List<ModelComment> Comments(Tx tx, int ws, int version) =>
        tx.Query(
            "select comment_id, author, body, created_at, updated_at from model_version_comment where workspace_id = @ws and version_key = @version order by comment_key",
            Map, ("ws", ws), ("version", version));

    public static ModelComment? Comment(Tx tx, int ws, int version, string id) =>
        tx.QueryOne(
            "select comment_id, author, body, created_at, updated_at from model_version_comment where workspace_id = @ws and version_key = @version and comment_id = @id",
            Map, ("ws", ws), ("version", version), ("id", id));

    public static void ChangeComment(Tx tx, int ws, string id, string text, DateTimeOffset now) =>
        tx.Execute("update model_version_comment set body = @body, updated_at = @now where workspace_id = @ws and comment_id = @id", ("body", text), ("now", now), ("ws", ws), ("id", id));

    public static void DeleteComment(Tx tx, int ws, string id) =>
        tx.Execute("delete from model_version_comment where workspace_id = @ws and comment_id = @id", ("ws", ws), ("id", id));

    public static (string Text, string Author, DateTimeOffset At)? Card(Tx tx, int ws, int version) =>
        tx.Query("select body, author, updated_at from model_version_card where workspace_id = @ws and version_key = @version", r => (r.Text(0), r.Text(1), r.Time(2)), ("ws", ws), ("version", version))
            .Select(c => ((string, string, DateTimeOffset)?)c).FirstOrDefault();

    public static void SetCard(Tx tx, int ws, int version, string text, string author, DateTimeOffset now) =>
        tx.Execute(
            """
            insert into model_version_card (workspace_id, version_key, body, author, updated_at) values (@ws, @version, @body, @author, @now)
            on conflict (workspace_id, version_key) do update set body = excluded.body, author = excluded.author, updated_at = excluded.updated_at
            """,
            ("ws", ws), ("version", version), ("body", text), ("author", author), ("now", now));

    /// <summary>Removes what belongs to versions that are gone.</summary>
    public static void Sweep(Tx tx, int ws)
    {
        foreach (var table in new[] { "model_version_comment", "model_version_card", "model_version_record" })
            tx.Execute($"delete from {table} where workspace_id = @ws and version_key not in (select version_key from model_version where workspace_id = @ws)", ("ws", ws));
    }

    private static ModelComment Map(Row r) => new(r.Text(0), r.Text(1), r.Text(2), r.Time(3), r.Time(4));
}
