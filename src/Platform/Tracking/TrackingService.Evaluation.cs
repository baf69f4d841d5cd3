using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Storage.Sql;
using Holdfast.Tracking.Filters;

namespace Holdfast.Tracking;

public sealed partial class TrackingService
{
    private const string UserTag = "mlflow.user";
    private const int RecordsAJob = 500;
    private const int MaxRecordBytes = 1_000_000;

    /// <summary>Makes an evaluation dataset, empty, for the experiments named.</summary>
    public async Task<EvaluationDataset> CreateEvaluationDataset(Principal p, string name, IReadOnlyDictionary<string, string> tags, IReadOnlyList<string> experimentIds, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(tags);
        ArgumentNullException.ThrowIfNull(experimentIds);
        await Prepare(p, ct);
        KeyRules.Length("Dataset name", KeyRules.MaxExperimentName, name);
        CheckDatasetTags(tags);
        var now = time.GetUtcNow();
        var made = new EvaluationDataset("d-" + Ids.Hex32(), name, Digest(name, now), null, null, tags.GetValueOrDefault(UserTag), tags.GetValueOrDefault(UserTag), now, now, tags, []);
        return await db.Write(
            tx =>
            {
                var key = EvaluationStore.Create(tx, p.WorkspaceId, made);
                foreach (var (tag, value) in tags)
                    EvaluationStore.SetTag(tx, p.WorkspaceId, key, tag, value);
                foreach (var id in experimentIds)
                    EvaluationStore.AddExperiment(tx, p.WorkspaceId, key, Experiment(tx, p, id).Id);
                return Evaluation(tx, p, made.DatasetId).Dataset;
            },
            ct: ct);
    }

    /// <summary>An evaluation dataset.</summary>
    public async Task<EvaluationDataset> GetEvaluationDataset(Principal p, string id, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        return await db.Read(tx => Evaluation(tx, p, id).Dataset, ct);
    }

    /// <summary>Deletes an evaluation dataset with its records for good; again is no fault.</summary>
    public async Task DeleteEvaluationDataset(Principal p, string id, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        await db.Write(
            tx =>
            {
                if (EvaluationStore.Find(tx, p.WorkspaceId, id) is var (key, _))
                    EvaluationStore.Delete(tx, p.WorkspaceId, key);
            },
            ct: ct);
    }

    /// <summary>Evaluation datasets that match, newest first unless ordered otherwise.</summary>
    /// <param name="experimentIds">Only those of these experiments; all when omitted.</param>
    public async Task<Page<EvaluationDataset>> SearchEvaluationDatasets(
        Principal p, IReadOnlyList<string>? experimentIds, string? filter, IReadOnlyList<string>? orderBy, int max = 1000, string? token = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        KeyRules.Page(max);
        var tree = FilterParser.Parse(filter, EvaluationStore.Grammar);
        var order = FilterParser.ParseOrder(orderBy, EvaluationStore.Grammar);
        var offset = PageToken.Offset(token);
        return await db.Read(
            tx => PageToken.Cut(EvaluationStore.Search(tx, p.WorkspaceId, experimentIds?.Select(ParseId).OfType<int>().Distinct().ToList(), tree, order, max + 1, offset), max, offset), ct);
    }

    /// <summary>Sets tags of an evaluation dataset; the others stay.</summary>
    public async Task<EvaluationDataset> SetEvaluationTags(Principal p, string id, IReadOnlyDictionary<string, string> tags, CancellationToken ct = default)
    {
        CheckDatasetTags(tags);
        return await ChangeEvaluation(
            p, id,
            (tx, key) =>
            {
                foreach (var (tag, value) in tags)
                    EvaluationStore.SetTag(tx, p.WorkspaceId, key, tag, value);
            },
            ct);
    }

    /// <summary>Removes a tag of an evaluation dataset; again is no fault.</summary>
    public Task DeleteEvaluationTag(Principal p, string id, string tag, CancellationToken ct = default) => ChangeEvaluation(p, id, (tx, key) => EvaluationStore.DeleteTag(tx, p.WorkspaceId, key, tag), ct);

    /// <summary>Makes an evaluation dataset one of further experiments, or of fewer.</summary>
    public Task<EvaluationDataset> LinkEvaluationDataset(Principal p, string id, IReadOnlyList<string> experimentIds, bool remove, CancellationToken ct = default) =>
        ChangeEvaluation(
            p, id,
            (tx, key) =>
            {
                foreach (var experiment in experimentIds)
                {
                    if (!remove)
                        EvaluationStore.AddExperiment(tx, p.WorkspaceId, key, Experiment(tx, p, experiment).Id);
                    else if (ParseId(experiment) is { } number)
                        EvaluationStore.RemoveExperiment(tx, p.WorkspaceId, key, number);
                }
            },
            ct);

    /// <summary>
    /// Adds cases to an evaluation dataset. One whose inputs are there is brought up to date: outputs are replaced, expectations and
    /// tags added to.
    /// </summary>
    /// <param name="records">An array of objects with <c>inputs</c>, <c>outputs</c>, <c>expectations</c>, <c>tags</c> and <c>source</c>.</param>
    /// <returns>How many are new, and how many were there.</returns>
    public async Task<(int Inserted, int Updated)> PutEvaluationRecords(Principal p, string id, JsonElement records, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        if (records.ValueKind != JsonValueKind.Array)
            throw KeyRules.Invalid("`records` must be a list of objects.");
        await db.Read(tx => Evaluation(tx, p, id), ct);
        var cases = records.EnumerateArray().Select(Case).ToList();
        var (inserted, updated) = (0, 0);
        foreach (var job in cases.Chunk(RecordsAJob))
        {
            var (fresh, known) = await db.Write(tx => PutRecords(tx, p, id, job), WriteLane.Bulk, ct);
            inserted += fresh;
            updated += known;
        }

        return (inserted, updated);
    }

    /// <summary>The cases of an evaluation dataset, in the order in which they came.</summary>
    public async Task<Page<EvaluationRecord>> EvaluationRecords(Principal p, string id, int max = 1000, string? token = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        KeyRules.Page(max);
        var offset = PageToken.Offset(token);
        return await db.Read(tx => PageToken.Cut(EvaluationStore.Records(tx, p.WorkspaceId, Evaluation(tx, p, id).Key, max + 1, offset), max, offset), ct);
    }

    private (int Inserted, int Updated) PutRecords(Tx tx, Principal p, string id, JsonElement[] cases)
    {
        var (key, dataset) = Evaluation(tx, p, id);
        var now = time.GetUtcNow();
        var (inserted, updated) = (0, 0);
        string? by = null;
        foreach (var c in cases)
        {
            var tags = Part(c, "tags");
            var user = tags?.TryGetProperty(UserTag, out var name) == true && name.ValueKind == JsonValueKind.String ? name.GetString() : null;
            by = user ?? by;
            var inputs = Part(c, "inputs") ?? Empty;
            var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Sorted(inputs)!.ToJsonString(HoldfastJson.Options))));
            if (EvaluationStore.FindRecord(tx, p.WorkspaceId, key, hash) is { } known)
            {
                updated++;
                EvaluationStore.PutRecord(tx, p.WorkspaceId, key, hash, known with
                {
                    Outputs = c.TryGetProperty("outputs", out _) ? Part(c, "outputs") : known.Outputs,
                    Expectations = Merged(known.Expectations, Part(c, "expectations")),
                    Tags = Merged(known.Tags, tags),
                    UpdatedBy = user ?? known.UpdatedBy,
                    UpdatedAt = now,
                });
                continue;
            }

            inserted++;
            EvaluationStore.PutRecord(
                tx, p.WorkspaceId, key, hash,
                new EvaluationRecord("dr-" + Ids.Hex32(), inputs, c.TryGetProperty("outputs", out _) ? Part(c, "outputs") : Empty, Part(c, "expectations"), tags, Part(c, "source"), user, user, now, now));
        }

        var count = EvaluationStore.Count(tx, p.WorkspaceId, key);
        EvaluationStore.Touch(
            tx, p.WorkspaceId, key, Digest(dataset.Name, now), Schema(dataset.Schema, cases), count == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"{{\"num_records\": {count}}}"), by, now);
        return (inserted, updated);
    }

    private static JsonElement Empty { get; } = JsonSerializer.SerializeToElement(new JsonObject(), HoldfastJson.Options);

    private static JsonElement Case(JsonElement record, int index)
    {
        if (record.ValueKind != JsonValueKind.Object)
            throw KeyRules.Invalid($"records[{index}] is no object.");
        foreach (var part in new[] { "inputs", "expectations", "tags", "source" })
        {
            if (Part(record, part) is { ValueKind: not JsonValueKind.Object })
                throw KeyRules.Invalid($"records[{index}].{part} is no object.");
        }

        return record.GetRawText().Length <= MaxRecordBytes ? record : throw KeyRules.Invalid($"records[{index}] has more than {MaxRecordBytes} characters.");
    }

    private static JsonElement? Part(JsonElement record, string name) => record.TryGetProperty(name, out var part) && part.ValueKind != JsonValueKind.Null ? part : null;

    private static JsonElement? Merged(JsonElement? old, JsonElement? fresh)
    {
        if (fresh is null || old is null)
            return fresh ?? old;
        var result = JsonNode.Parse(old.Value.GetRawText())!.AsObject();
        foreach (var field in fresh.Value.EnumerateObject())
            result[field.Name] = JsonNode.Parse(field.Value.GetRawText());
        return JsonSerializer.SerializeToElement(result, HoldfastJson.Options);
    }

    // The same inputs in another order are the same inputs.
    private static JsonNode? Sorted(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => new JsonObject(value.EnumerateObject().DistinctBy(f => f.Name).OrderBy(f => f.Name, StringComparer.Ordinal).Select(f => KeyValuePair.Create(f.Name, Sorted(f.Value)))),
        JsonValueKind.Array => new JsonArray([.. value.EnumerateArray().Select(Sorted)]),
        _ => JsonNode.Parse(value.GetRawText()),
    };

    private static string? Schema(string? old, JsonElement[] cases)
    {
        if (cases.Length == 0)
            return null;
        var schema = old is null
            ? new JsonObject { ["inputs"] = new JsonObject(), ["outputs"] = new JsonObject(), ["expectations"] = new JsonObject(), ["version"] = "1.0" }
            : JsonNode.Parse(old)!.AsObject();
        foreach (var c in cases)
        {
            foreach (var part in new[] { "inputs", "outputs", "expectations" })
            {
                if (Part(c, part) is not { } value)
                    continue;
                if (value.ValueKind == JsonValueKind.Object && schema[part] is JsonObject fields)
                {
                    foreach (var field in value.EnumerateObject().Where(f => !fields.ContainsKey(f.Name)))
                        fields[field.Name] = TypeOf(field.Value);
                }
                else if (value.ValueKind != JsonValueKind.Object && schema[part] is JsonObject { Count: 0 })
                {
                    schema[part] = TypeOf(value);
                }
            }
        }

        return schema.ToJsonString(HoldfastJson.Options);
    }

    private static string TypeOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => "null",
        JsonValueKind.True or JsonValueKind.False => "boolean",
        JsonValueKind.Number => value.GetRawText().AsSpan().IndexOfAny(".eE") < 0 ? "integer" : "float",
        JsonValueKind.String => "string",
        JsonValueKind.Array => "array",
        _ => "object",
    };

    private async Task<EvaluationDataset> ChangeEvaluation(Principal p, string id, Action<Tx, long> change, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(p);
        return await db.Write(
            tx =>
            {
                change(tx, Evaluation(tx, p, id).Key);
                return Evaluation(tx, p, id).Dataset;
            },
            ct: ct);
    }

    private static (long Key, EvaluationDataset Dataset) Evaluation(Tx tx, Principal p, string id) =>
        EvaluationStore.Find(tx, p.WorkspaceId, id) ?? throw new HoldfastException(ErrorCode.NotFound, $"Evaluation dataset with id '{id}' not found");

    private static void CheckDatasetTags(IReadOnlyDictionary<string, string> tags)
    {
        foreach (var (key, value) in tags)
        {
            KeyRules.Length("Tag key", 255, key);
            KeyRules.Length("Tag value", KeyRules.MaxModelTagValue, value);
        }
    }

    private static string Digest(string name, DateTimeOffset now) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{name}:{now.ToUnixTimeMilliseconds()}"))).AsSpan(0, 4));
}
