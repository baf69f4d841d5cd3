using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Contracts;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Wire.Mlflow;

/// <summary>
/// <c>POST /graphql</c>: a few reads of the REST protocol in another dress. Each root field runs the REST call of its kind with its
/// <c>input</c>; of the answer, the fields that are asked for are given back.
/// </summary>
internal sealed class GraphqlCalls
{
    private static readonly Dictionary<string, (string Type, Func<MlflowCall, Task<IResult>> Handle)> _roots = new()
    {
        ["mlflowGetExperiment"] = ("MlflowGetExperimentResponse", ExperimentCalls.Get),
        ["mlflowGetRun"] = ("MlflowGetRunResponse", RunCalls.Get),
        ["mlflowSearchRuns"] = ("MlflowSearchRunsResponse", RunCalls.Search),
        ["mlflowListArtifacts"] = ("MlflowListArtifactsResponse", ArtifactCalls.List),
        ["mlflowGetMetricHistoryBulkInterval"] = ("MlflowGetMetricHistoryBulkIntervalResponse", MetricCalls.BulkInterval),
        ["mlflowSearchDatasets"] = ("MlflowSearchDatasetsResponse", ExperimentCalls.SearchDatasets),
        ["mlflowSearchModelVersions"] = ("MlflowSearchModelVersionsResponse", VersionCalls.Search),
    };

    private readonly MlflowCall _call;
    private readonly GraphqlDocument _document;
    private readonly JsonObject _variables;
    private readonly Dictionary<string, JsonObject> _experiments = [];

    private GraphqlCalls(MlflowCall call, GraphqlDocument document, JsonObject variables)
    {
        _call = call;
        _document = document;
        _variables = variables;
    }

    /// <summary>Runs the operation of a request. Faults are part of the answer, which is 200, as GraphQL has it.</summary>
    public static async Task<IResult> Run(MlflowCall call)
    {
        var answer = new JsonObject { ["data"] = null, ["errors"] = null };
        try
        {
            var document = GraphqlDocument.Parse(call.Args.Required("query"));
            var (fields, defaults) = document.Operation(call.Args.Text("operationName"));
            var variables = call.Args.Structure("variables") is { } given ? JsonNode.Parse(given) as JsonObject ?? [] : [];
            var run = new GraphqlCalls(call, document, variables);
            foreach (var (name, value) in defaults)
            {
                if (!variables.ContainsKey(name))
                    variables[name] = run.Filled(value);
            }

            await run.Execute(document.Flatten(fields), answer);
        }
        catch (HoldfastException e)
        {
            answer["errors"] = new JsonArray(e.Message);
        }

        return new MlflowJson(w =>
        {
            foreach (var (name, value) in answer)
            {
                w.WritePropertyName(name);
                if (value is null)
                    w.WriteNullValue();
                else
                    value.WriteTo(w, HoldfastJson.Options);
            }
        });
    }

    private async Task Execute(IReadOnlyList<GraphqlSelection> fields, JsonObject answer)
    {
        // All names are checked before anything runs.
        foreach (var field in fields)
        {
            if (!_roots.TryGetValue(field.Name!, out var root))
                throw Unknown(field.Name!, "Query");
            Check(field, root.Type);
        }

        var data = new JsonObject();
        var errors = new JsonArray();
        foreach (var field in fields)
        {
            var (type, handle) = _roots[field.Name!];
            try
            {
                var input = Filled(field.Arguments.GetValueOrDefault("input")) as JsonObject ?? [];
                data[field.Alias] = await Project(await Ask(handle, input), type, field.Fields);
            }
            catch (HoldfastException e)
            {
                data[field.Alias] = null;
                errors.Add(e.Message);
            }
        }

        answer["data"] = data;
        if (errors.Count > 0)
            answer["errors"] = errors;
    }

    private void Check(GraphqlSelection selection, string type)
    {
        if (!GraphqlSchema.HasFields(type))
        {
            if (selection.Fields.Count > 0)
                throw new HoldfastException(ErrorCode.InvalidArgument, $"Field '{selection.Name}' must not have a selection since type '{type}' has no subfields.");
            return;
        }

        if (selection.Fields.Count == 0)
            throw new HoldfastException(ErrorCode.InvalidArgument, $"Field '{selection.Name}' of type '{type}' must have a selection of subfields.");
        foreach (var field in _document.Flatten(selection.Fields))
        {
            if (field.Name != "__typename")
                Check(field, (GraphqlSchema.TypeOf(type, field.Name!) ?? throw Unknown(field.Name!, type)).Trim('[', ']'));
        }
    }

    private async Task<JsonObject> Project(JsonObject source, string type, IReadOnlyList<GraphqlSelection> selections)
    {
        var result = new JsonObject();
        foreach (var field in _document.Flatten(selections))
        {
            if (field.Name == "__typename")
            {
                result[field.Alias] = type;
                continue;
            }

            var fieldType = GraphqlSchema.TypeOf(type, field.Name!)!;
            var value = (type, field.Name) switch
            {
                ("MlflowRun", "experiment") => await ExperimentOf(source),
                ("MlflowRun", "modelVersions") => await VersionsOf(source),
                _ => source[Snake(field.Name!)],
            };
            result[field.Alias] = fieldType[0] == '[' ? await Items(value as JsonArray, fieldType.Trim('[', ']'), field.Fields) : await One(value, fieldType, field.Fields);
        }

        return result;
    }

    private async Task<JsonArray> Items(JsonArray? items, string type, IReadOnlyList<GraphqlSelection> selections)
    {
        var result = new JsonArray();
        foreach (var item in items ?? [])
            result.Add(await One(item, type, selections));
        return result;
    }

    // What REST leaves out is the empty value of its type here.
    private async Task<JsonNode?> One(JsonNode? value, string type, IReadOnlyList<GraphqlSelection> selections) => type switch
    {
        "String" => value?.DeepClone() ?? "",
        "Long" => value?.ToJsonString() ?? "0",
        "Boolean" => value?.DeepClone() ?? false,
        "Float" => value is null ? 0 : value.GetValueKind() == JsonValueKind.Number ? value.DeepClone() : null,
        "Enum" => value?.DeepClone(),
        "MlflowApiError" => null,
        _ => await Project(value as JsonObject ?? [], type, selections),
    };

    private async Task<JsonNode?> ExperimentOf(JsonObject run)
    {
        var id = (string?)run["info"]?["experiment_id"] ?? "";
        if (!_experiments.TryGetValue(id, out var found))
            _experiments.Add(id, found = await Ask(ExperimentCalls.Get, new JsonObject { ["experiment_id"] = id }));
        return found["experiment"];
    }

    private async Task<JsonNode?> VersionsOf(JsonObject run) =>
        (await Ask(VersionCalls.Search, new JsonObject { ["filter"] = $"run_id='{(string?)run["info"]?["run_id"]}'" }))["model_versions"];

    private async Task<JsonObject> Ask(Func<MlflowCall, Task<IResult>> handle, JsonObject input)
    {
        var args = new MlflowArguments(JsonSerializer.SerializeToElement(input, HoldfastJson.Options), fromQuery: false);
        return ((MlflowJson)await handle(new MlflowCall(_call.Http, args))).ToObject();
    }

    private JsonNode? Filled(object? value) => value switch
    {
        GraphqlVariable variable => _variables[variable.Name]?.DeepClone(),
        List<object?> list => new JsonArray([.. list.Select(Filled)]),
        Dictionary<string, object?> record => new JsonObject(record.Select(p => KeyValuePair.Create(p.Key, Filled(p.Value)))),
        JsonNode node => node.DeepClone(),
        _ => null,
    };

    private static string Snake(string camel) => string.Concat(camel.Select(c => char.IsAsciiLetterUpper(c) ? "_" + char.ToLowerInvariant(c) : c.ToString()));

    private static HoldfastException Unknown(string field, string type) => new(ErrorCode.InvalidArgument, $"Cannot query field '{field}' on type '{type}'.");
}
