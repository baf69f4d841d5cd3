using System.Text.Json.Serialization;

namespace Holdfast.Data;

/// <summary>A named series of versions.</summary>
public sealed record Dataset(int Id, string Name, int Versions, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>One content of a dataset, named by the SHA-256 of its bytes.</summary>
public sealed record DatasetVersion(
    int Id, string Dataset, int Version, string Hash, long Rows, int Columns, long Bytes, string FileName, string Source, DateTimeOffset CreatedAt, DatasetSchema Schema)
{
    /// <summary><c>name@v3</c>.</summary>
    [JsonIgnore]
    public string Ref => $"{Dataset}@v{Version}";
}

/// <summary>What the columns of a dataset are expected to be.</summary>
public sealed record DatasetSchema(IReadOnlyList<SchemaField> Fields)
{
    /// <summary>The field of that name; null when there is none.</summary>
    public SchemaField? Find(string name) => Fields.FirstOrDefault(f => f.Name == name);
}

/// <summary>The expectation of one column.</summary>
/// <param name="Name">Name of the column.</param>
/// <param name="Type"><c>integer</c>, <c>number</c>, <c>text</c>, <c>boolean</c> or <c>time</c>.</param>
/// <param name="Required">Whether the column must be there.</param>
/// <param name="MaxMissing">Largest share of missing values that is fine, 0..1.</param>
/// <param name="Min">Least value; null = no bound. Times as unix milliseconds.</param>
/// <param name="Max">Greatest value; null = no bound.</param>
/// <param name="Categories">The known values of a text column; null = any.</param>
/// <param name="MaxOutside">Largest share of values outside range or categories that is fine, 0..1.</param>
public sealed record SchemaField(
    string Name, string Type, bool Required = true, double MaxMissing = 0, double? Min = null, double? Max = null, IReadOnlyList<string>? Categories = null, double MaxOutside = 0);

/// <summary>One way in which data does not fit its schema.</summary>
/// <param name="Column">The column.</param>
/// <param name="Rule"><c>missing_column</c>, <c>type</c>, <c>missing_rate</c>, <c>range</c>, <c>categories</c>, <c>unknown_column</c>.</param>
/// <param name="Message">What is wrong, with figures.</param>
/// <param name="Rows">How many rows it concerns.</param>
/// <param name="FirstRow">The first of them, counted from 1 after the header.</param>
/// <param name="Severity"><c>error</c>, or <c>note</c> for what does not fail a check.</param>
/// <param name="Examples">Some of the values concerned, each once; null where the rule has none.</param>
public sealed record SchemaViolation(
    string Column, string Rule, string Message, long Rows = 0, long? FirstRow = null, string Severity = "error", IReadOnlyList<string>? Examples = null);

/// <summary>Summary of a dataset version.</summary>
public sealed record DatasetProfile(long Rows, IReadOnlyList<ColumnProfile> Columns);

/// <summary>Summary of one column; figures are absent where the type has none.</summary>
/// <param name="Quantiles">0, 5, 25, 50, 75, 95 and 100 %.</param>
/// <param name="Bins">Counts of equal-width bins between <paramref name="Min"/> and <paramref name="Max"/>.</param>
/// <param name="Top">The most frequent texts with their counts.</param>
public sealed record ColumnProfile(
    string Name, string Type, long Missing, long Distinct, double? Mean = null, double? StandardDeviation = null, double? Min = null, double? Max = null,
    IReadOnlyList<double>? Quantiles = null, IReadOnlyList<long>? Bins = null, IReadOnlyDictionary<string, long>? Top = null);
