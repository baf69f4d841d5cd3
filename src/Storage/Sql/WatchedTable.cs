namespace Holdfast.Storage.Sql;

/// <summary>A table whose changes are told: which of its rows' keys were inserted, updated or deleted.</summary>
/// <param name="Table">Its name.</param>
/// <param name="Scope">The column that says whose rows they are, such as the workspace.</param>
/// <param name="Key">The column that is told.</param>
public sealed record WatchedTable(string Table, string Scope, string Key);
