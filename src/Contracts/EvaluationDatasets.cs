using System.Text.Json;

namespace Holdfast.Tracking;

/// <summary>A set of cases on which applications are judged (MLflow 3): inputs, and what should come out.</summary>
/// <param name="DatasetId"><c>d-</c> and 32 hexadecimal digits.</param>
/// <param name="Name">Need not be unique.</param>
/// <param name="Digest">Changes with every change of the records.</param>
/// <param name="Schema">The fields of inputs, outputs and expectations with their types, as JSON; null while there are no records.</param>
/// <param name="Profile">The number of records, as JSON; null while there are none.</param>
public sealed record EvaluationDataset(
    string DatasetId, string Name, string Digest, string? Schema, string? Profile, string? CreatedBy, string? UpdatedBy, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt,
    IReadOnlyDictionary<string, string> Tags, IReadOnlyList<string> ExperimentIds);

/// <summary>One case. Two of the same inputs are one.</summary>
/// <param name="RecordId"><c>dr-</c> and 32 hexadecimal digits.</param>
/// <param name="Inputs">An object.</param>
/// <param name="Outputs">Any value; null when there is none.</param>
/// <param name="Expectations">An object.</param>
/// <param name="Tags">An object.</param>
/// <param name="Source">Where it comes from: <c>source_type</c> and <c>source_data</c>.</param>
public sealed record EvaluationRecord(
    string RecordId, JsonElement Inputs, JsonElement? Outputs, JsonElement? Expectations, JsonElement? Tags, JsonElement? Source, string? CreatedBy, string? UpdatedBy, DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt);
