using Microsoft.Data.Sqlite;

namespace Holdfast.Storage.Sql;

/// <summary>
/// Changes of tables, told by temporary triggers of the writer's connection: they see every statement of every room and are not part of
/// the file. What a rolled back job changed is told, too, which costs a look for nothing.
/// </summary>
internal sealed class SqliteWatch(Action<IReadOnlySet<(long Scope, long Key)>> committed)
{
    private HashSet<(long Scope, long Key)> _changed = [];

    public static SqliteWatch Start(SqliteConnection writer, Tx tx, int number, IReadOnlyList<WatchedTable> tables, Action<IReadOnlySet<(long Scope, long Key)>> committed)
    {
        var watch = new SqliteWatch(committed);
        writer.CreateFunction<long, long, long>($"watch_{number}", watch.Changed);
        foreach (var (table, scope, key) in tables)
        {
            tx.Execute(Trigger("insert", $"select watch_{number}(new.{scope}, new.{key})"));
            tx.Execute(Trigger("update", $"select watch_{number}(old.{scope}, old.{key}), watch_{number}(new.{scope}, new.{key})"));
            tx.Execute(Trigger("delete", $"select watch_{number}(old.{scope}, old.{key})"));
            string Trigger(string change, string body) => $"create temp trigger watch_{number}_{table}_{change} after {change} on main.{table} begin {body}; end";
        }

        return watch;
    }

    public void Committed()
    {
        if (_changed.Count == 0)
            return;
        var told = _changed;
        _changed = [];
        committed(told);
    }

    private long Changed(long scope, long key)
    {
        _changed.Add((scope, key));
        return 0;
    }
}
