using System.Globalization;

namespace Holdfast.Storage.Sql;

/// <summary>Rows that belong to one of several keys, in one statement for many keys.</summary>
public static class KeyedRows
{
    /// <summary>How many keys one statement asks for.</summary>
    public const int Chunk = 100;

    private static readonly string _many = string.Join(", ", Enumerable.Range(0, Chunk).Select(i => "@k" + i.ToString(CultureInfo.InvariantCulture)));

    /// <summary>
    /// Rows grouped by key. One key has a statement of its own; more are asked with always the same number of parameters, so that the
    /// prepared statement serves again.
    /// </summary>
    /// <param name="sql">Selects the key first; <c>{0}</c> stands for the list of keys, <c>@ws</c> for the workspace.</param>
    /// <param name="map">Given a row and the position of the column after the key.</param>
    public static Dictionary<long, List<T>> Of<T>(Tx tx, int ws, IReadOnlyList<long> keys, string sql, Func<Row, int, T> map)
    {
        ArgumentNullException.ThrowIfNull(tx);
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(sql);
        ArgumentNullException.ThrowIfNull(map);
        var lists = new Dictionary<long, List<T>>();
        foreach (var chunk in keys.Chunk(Chunk))
        {
            var many = chunk.Length > 1;
            var args = new (string, object?)[(many ? Chunk : 1) + 1];
            args[0] = ("ws", ws);
            for (var i = 1; i < args.Length; i++)
                args[i] = ("k" + (i - 1).ToString(CultureInfo.InvariantCulture), chunk[Math.Min(i, chunk.Length) - 1]);
            tx.Each(
                sql.Replace("{0}", many ? _many : "@k0", StringComparison.Ordinal),
                r =>
                {
                    var key = r.Int64(0);
                    if (!lists.TryGetValue(key, out var list))
                        lists.Add(key, list = []);
                    list.Add(map(r, 1));
                },
                args);
        }

        return lists;
    }
}
