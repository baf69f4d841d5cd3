namespace Holdfast.Wire.Mlflow;

/// <summary>
/// What MLflow's GraphQL answers are made of: the fields of each type, in the spelling of GraphQL, with the type of each. A
/// type in brackets is a list. Plain ones: <c>String</c>, <c>Long</c> (a number as text, which JavaScript does not cut), <c>Float</c>,
/// <c>Boolean</c>, <c>Enum</c>.
/// </summary>
internal static class GraphqlSchema
{
    private static readonly Dictionary<string, Dictionary<string, string>> _types = new()
    {
        ["MlflowPair"] = Fields("key value"),
        ["MlflowExperiment"] = Fields("experimentId name artifactLocation lifecycleStage", ("lastUpdateTime", "Long"), ("creationTime", "Long"), ("tags", "[MlflowPair]")),
        ["MlflowRunInfo"] = Fields("runId runUuid runName experimentId userId artifactUri lifecycleStage", ("status", "Enum"), ("startTime", "Long"), ("endTime", "Long")),
        ["MlflowMetric"] = Fields("key datasetName datasetDigest modelId runId", ("value", "Float"), ("timestamp", "Long"), ("step", "Long")),
        ["MlflowRunData"] = Fields("", ("metrics", "[MlflowMetric]"), ("params", "[MlflowPair]"), ("tags", "[MlflowPair]")),
        ["MlflowDataset"] = Fields("name digest sourceType source schema profile"),
        ["MlflowDatasetInput"] = Fields("", ("tags", "[MlflowPair]"), ("dataset", "MlflowDataset")),
        ["MlflowModelInput"] = Fields("modelId"),
        ["MlflowModelOutput"] = Fields("modelId", ("step", "Long")),
        ["MlflowRunInputs"] = Fields("", ("datasetInputs", "[MlflowDatasetInput]"), ("modelInputs", "[MlflowModelInput]")),
        ["MlflowRunOutputs"] = Fields("", ("modelOutputs", "[MlflowModelOutput]")),
        ["MlflowModelVersion"] = Fields(
            "name version userId currentStage description source runId statusMessage runLink modelId", ("creationTimestamp", "Long"), ("lastUpdatedTimestamp", "Long"), ("status", "Enum"), ("tags", "[MlflowPair]"),
            ("aliases", "[String]")),
        ["MlflowRun"] = Fields(
            "", ("info", "MlflowRunInfo"), ("data", "MlflowRunData"), ("inputs", "MlflowRunInputs"), ("outputs", "MlflowRunOutputs"), ("experiment", "MlflowExperiment"), ("modelVersions", "[MlflowModelVersion]")),
        ["MlflowFileInfo"] = Fields("path", ("isDir", "Boolean"), ("fileSize", "Long")),
        ["MlflowDatasetSummary"] = Fields("experimentId name digest context"),
        ["MlflowApiError"] = Fields("code message helpUrl"),
        ["MlflowGetExperimentResponse"] = Fields("", ("experiment", "MlflowExperiment"), ("apiError", "MlflowApiError")),
        ["MlflowGetRunResponse"] = Fields("", ("run", "MlflowRun"), ("apiError", "MlflowApiError")),
        ["MlflowSearchRunsResponse"] = Fields("nextPageToken", ("runs", "[MlflowRun]"), ("apiError", "MlflowApiError")),
        ["MlflowListArtifactsResponse"] = Fields("rootUri nextPageToken", ("files", "[MlflowFileInfo]"), ("apiError", "MlflowApiError")),
        ["MlflowGetMetricHistoryBulkIntervalResponse"] = Fields("", ("metrics", "[MlflowMetric]"), ("apiError", "MlflowApiError")),
        ["MlflowSearchDatasetsResponse"] = Fields("", ("datasetSummaries", "[MlflowDatasetSummary]"), ("apiError", "MlflowApiError")),
        ["MlflowSearchModelVersionsResponse"] = Fields("nextPageToken", ("modelVersions", "[MlflowModelVersion]"), ("apiError", "MlflowApiError")),
    };

    /// <summary>Whether a type has fields.</summary>
    public static bool HasFields(string type) => _types.ContainsKey(type);

    /// <summary>The type of a field; null when there is no such field.</summary>
    public static string? TypeOf(string type, string field) => _types[type].GetValueOrDefault(field);

    private static Dictionary<string, string> Fields(string texts, params (string Name, string Type)[] others) =>
        texts.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(name => (Name: name, Type: "String")).Concat(others).ToDictionary(f => f.Name, f => f.Type);
}
