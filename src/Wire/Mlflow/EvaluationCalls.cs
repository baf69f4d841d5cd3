using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Tracking;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Wire.Mlflow;

/// <summary><c>datasets/*</c>: evaluation datasets (MLflow 3). Records and tags travel as the text of their JSON.</summary>
internal static class EvaluationCalls
{
    private const string Root = "/3.0/mlflow/datasets/";

    public static IEnumerable<MlflowEndpoint> Endpoints =>
    [
        new("POST", Root + "create", Role.Editor, Create),
        new("GET", Root + "{dataset_id}", Role.Viewer, Get),
        new("DELETE", Root + "{dataset_id}", Role.Editor, Delete),
        new("POST", Root + "search", Role.Viewer, Search),
        new("GET", Root + "search", Role.Viewer, Search),
        new("PATCH", Root + "{dataset_id}/tags", Role.Editor, SetTags),
        new("DELETE", Root + "{dataset_id}/tags/{key}", Role.Editor, DeleteTag),
        new("POST", Root + "{dataset_id}/records", Role.Editor, PutRecords),
        new("GET", Root + "{dataset_id}/records", Role.Viewer, Records),
        new("GET", Root + "{dataset_id}/experiment-ids", Role.Viewer, Experiments),
        new("POST", Root + "{dataset_id}/add-experiments", Role.Editor, call => Link(call, remove: false)),
        new("POST", Root + "{dataset_id}/remove-experiments", Role.Editor, call => Link(call, remove: true)),
    ];

    private static async Task<IResult> Create(MlflowCall call) =>
        Answer(await call.Tracking.CreateEvaluationDataset(
            call.Principal, call.Args.Required("name"), call.Args.Text("tags") is { Length: > 0 } ? Tags(call) : new Dictionary<string, string>(), call.Args.Texts("experiment_ids"), call.Ct));

    private static async Task<IResult> Get(MlflowCall call) => Answer(await call.Tracking.GetEvaluationDataset(call.Principal, Id(call), call.Ct));

    private static async Task<IResult> Delete(MlflowCall call)
    {
        await call.Tracking.DeleteEvaluationDataset(call.Principal, Id(call), call.Ct);
        return MlflowJson.Empty;
    }

    private static async Task<IResult> Search(MlflowCall call)
    {
        var experiments = call.Args.Texts("experiment_ids");
        var page = await call.Tracking.SearchEvaluationDatasets(
            call.Principal, experiments.Count == 0 ? null : experiments, call.Args.Text("filter_string"), call.Args.Texts("order_by"), Max(call), call.Args.Text("page_token"), call.Ct);
        return new MlflowJson(w =>
        {
            w.List("datasets", page.Items, Dataset);
            w.Token(page.NextToken);
        });
    }

    private static async Task<IResult> SetTags(MlflowCall call) => Answer(await call.Tracking.SetEvaluationTags(call.Principal, Id(call), Tags(call), call.Ct));

    private static async Task<IResult> DeleteTag(MlflowCall call)
    {
        await call.Tracking.DeleteEvaluationTag(call.Principal, Id(call), Uri.UnescapeDataString((string)call.Http.Request.RouteValues["key"]!), call.Ct);
        return MlflowJson.Empty;
    }

    private static async Task<IResult> PutRecords(MlflowCall call)
    {
        var (inserted, updated) = await call.Tracking.PutEvaluationRecords(call.Principal, Id(call), Json(call, "records"), call.Ct);
        return new MlflowJson(w =>
        {
            w.WriteNumber("inserted_count", inserted);
            w.WriteNumber("updated_count", updated);
        });
    }

    private static async Task<IResult> Records(MlflowCall call)
    {
        var id = Id(call);
        var page = await call.Tracking.EvaluationRecords(call.Principal, id, Max(call), call.Args.Text("page_token"), call.Ct);
        var records = new JsonArray([.. page.Items.Select(r => (JsonNode)Record(id, r))]);
        return new MlflowJson(w =>
        {
            w.WriteString("records", records.ToJsonString(HoldfastJson.Options));
            w.Token(page.NextToken);
        });
    }

    private static async Task<IResult> Experiments(MlflowCall call)
    {
        var dataset = await call.Tracking.GetEvaluationDataset(call.Principal, Id(call), call.Ct);
        return new MlflowJson(w => Ids(w, dataset));
    }

    private static async Task<IResult> Link(MlflowCall call, bool remove) => Answer(await call.Tracking.LinkEvaluationDataset(call.Principal, Id(call), call.Args.Texts("experiment_ids"), remove, call.Ct));

    private static int Max(MlflowCall call) => call.Args.Int32("max_results") is { } max and not 0 ? max : 1000;

    // What has no value is left as it is.
    private static Dictionary<string, string> Tags(MlflowCall call)
    {
        var tags = Json(call, "tags");
        if (tags.ValueKind != JsonValueKind.Object)
            throw new HoldfastException(ErrorCode.InvalidArgument, "`tags` must be the JSON text of an object.");
        return tags.EnumerateObject().DistinctBy(t => t.Name).Where(t => t.Value.ValueKind != JsonValueKind.Null)
            .ToDictionary(t => t.Name, t => t.Value.ValueKind == JsonValueKind.String ? t.Value.GetString()! : t.Value.GetRawText());
    }

    private static JsonElement Json(MlflowCall call, string name)
    {
        try
        {
            using var document = JsonDocument.Parse(call.Args.Required(name));
            return document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"`{name}` is not valid JSON: {e.Message}", inner: e);
        }
    }

    private static JsonObject Record(string datasetId, EvaluationRecord r)
    {
        var record = new JsonObject { ["dataset_record_id"] = r.RecordId, ["dataset_id"] = datasetId, ["inputs"] = Node(r.Inputs) };
        foreach (var (name, value) in new[] { ("outputs", r.Outputs), ("expectations", r.Expectations), ("tags", r.Tags), ("source", r.Source) })
        {
            if (value is { } known)
                record[name] = Node(known);
        }

        if (r.Source is { } source)
        {
            if (source.TryGetProperty("source_type", out var type) && type.ValueKind == JsonValueKind.String)
                record["source_type"] = type.GetString();
            if (source.TryGetProperty("source_data", out var data) && data.ValueKind == JsonValueKind.Object && data.TryGetProperty("trace_id", out var trace) && trace.ValueKind == JsonValueKind.String)
                record["source_id"] = trace.GetString();
        }

        if (r.CreatedBy is not null)
            record["created_by"] = r.CreatedBy;
        if (r.UpdatedBy is not null)
            record["last_updated_by"] = r.UpdatedBy;
        record["created_time"] = r.CreatedAt.ToUnixTimeMilliseconds();
        record["last_update_time"] = r.UpdatedAt.ToUnixTimeMilliseconds();
        return record;
    }

    private static JsonNode? Node(JsonElement value) => JsonNode.Parse(value.GetRawText());

    private static string Id(MlflowCall call) => (string)call.Http.Request.RouteValues["dataset_id"]!;

    private static MlflowJson Answer(EvaluationDataset dataset) => new(w => w.Record("dataset", dataset, Dataset));

    private static void Dataset(Utf8JsonWriter w, EvaluationDataset d)
    {
        w.WriteString("dataset_id", d.DatasetId);
        w.WriteString("name", d.Name);
        w.WriteString("tags", JsonSerializer.Serialize(d.Tags, HoldfastJson.Options));
        if (d.Schema is not null)
            w.WriteString("schema", d.Schema);
        if (d.Profile is not null)
            w.WriteString("profile", d.Profile);
        w.WriteString("digest", d.Digest);
        w.WriteNumber("created_time", d.CreatedAt.ToUnixTimeMilliseconds());
        w.WriteNumber("last_update_time", d.UpdatedAt.ToUnixTimeMilliseconds());
        if (d.CreatedBy is not null)
            w.WriteString("created_by", d.CreatedBy);
        if (d.UpdatedBy is not null)
            w.WriteString("last_updated_by", d.UpdatedBy);
        Ids(w, d);
    }

    private static void Ids(Utf8JsonWriter w, EvaluationDataset d)
    {
        if (d.ExperimentIds.Count == 0)
            return;
        w.WriteStartArray("experiment_ids");
        foreach (var id in d.ExperimentIds)
            w.WriteStringValue(id);
        w.WriteEndArray();
    }
}
