using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Holdfast.Contracts;

namespace Holdfast.Storage.Sql;

/// <summary>One step of the schema: a file <c>Room/Migrations/0001_name.sql</c>, embedded.</summary>
public sealed record Migration(string Room, int Number, string Name, string Sql)
{
    /// <summary>SHA-256 of the text, in hex: a step that has been applied may never change.</summary>
    public string Hash => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Sql)));

    /// <summary>All migrations embedded in an assembly, in order of number within each room.</summary>
    public static IReadOnlyList<Migration> Embedded(Assembly assembly)
    {
        ArgumentNullException.ThrowIfNull(assembly);
        var found = new List<Migration>();
        foreach (var resource in assembly.GetManifestResourceNames().Where(n => n.EndsWith(".sql", StringComparison.Ordinal)))
        {
            var parts = resource.Split('/', '\\');
            var file = Path.GetFileNameWithoutExtension(parts[^1]);
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!, Encoding.UTF8);
            found.Add(new Migration(parts[^3], int.Parse(file.AsSpan(0, 4), System.Globalization.CultureInfo.InvariantCulture), file[5..], reader.ReadToEnd().ReplaceLineEndings("\n")));
        }

        return [.. found.OrderBy(m => m.Room, StringComparer.Ordinal).ThenBy(m => m.Number)];
    }
}

/// <summary>Brings a database to the schema of this program: forward only, one transaction a step; refuses a newer or altered one.</summary>
public static class Migrator
{
    /// <summary>Applies what is missing. <paramref name="beforeFirst"/> runs before the first change of a database that already holds steps (the file copy on SQLite).</summary>
    /// <returns>The steps that were applied.</returns>
    public static async Task<IReadOnlyList<Migration>> Migrate(Db db, IReadOnlyList<Migration> migrations, DateTimeOffset now, Action? beforeFirst = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(db);
        ArgumentNullException.ThrowIfNull(migrations);
        await db.Write(tx => tx.Execute("create table if not exists schema_migration (room text not null, number bigint not null, name text not null, sha256 text not null, applied_at bigint not null, primary key (room, number))"), ct: ct);
        var applied = await db.Read(tx => tx.Query("select room, number, sha256 from schema_migration", r => (Room: r.Text(0), Number: r.Int32(1), Hash: r.Text(2))), ct);
        var known = migrations.ToDictionary(m => (m.Room, m.Number));
        foreach (var step in applied)
        {
            if (!known.TryGetValue((step.Room, step.Number), out var mine))
                throw new HoldfastException(ErrorCode.FailedPrecondition, $"The data folder was written by a newer Holdfast: schema step {step.Room}/{step.Number:0000} is unknown to this version.", "Use the newer version, or another folder with --data.");
            if (mine.Hash != step.Hash)
                throw new HoldfastException(ErrorCode.FailedPrecondition, $"Schema step {step.Room}/{step.Number:0000} of the data folder differs from the one in this program.", "The folder was written by a development build; use another with --data.");
        }

        var missing = migrations.Where(m => !applied.Exists(a => a.Room == m.Room && a.Number == m.Number)).ToList();
        if (missing.Count > 0 && applied.Count > 0)
            beforeFirst?.Invoke();
        foreach (var step in missing)
        {
            await db.Write(tx =>
            {
                foreach (var statement in Statements(db.Dialect.Expand(step.Sql)))
                    tx.Execute(statement);
                tx.Execute(
                    "insert into schema_migration (room, number, name, sha256, applied_at) values (@room, @number, @name, @hash, @at)",
                    ("room", step.Room), ("number", step.Number), ("name", step.Name), ("hash", step.Hash), ("at", now));
            }, ct: ct);
        }

        return missing;
    }

    // Migrations hold no triggers and no semicolon inside a literal, so a split at ";" at a line's end is enough.
    private static IEnumerable<string> Statements(string sql) =>
        sql.Split(";\n", StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(s => s.TrimEnd(';'))
            .Where(s => s.Split('\n').Any(line => line.Trim() is { Length: > 0 } text && !text.StartsWith("--", StringComparison.Ordinal)));
}
