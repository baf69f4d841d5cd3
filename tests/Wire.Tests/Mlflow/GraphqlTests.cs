using System.Text;
using System.Text.Json;
using Holdfast.Platform.Tests;

namespace Holdfast.Wire.Tests.Mlflow;

/// <summary>The reads that MLflow's pages make over GraphQL.</summary>
public sealed class GraphqlTests
{
    private static readonly (string Query, string Expected)[] _faults =
    [
        ("{ mlflowGetRun(input: {runId: \"nobody\"}) { run { info { runId } } } }", "{\"data\":{\"mlflowGetRun\":null},\"errors\":[\"Run with id=nobody not found\"]}"),
        ("{ mlflowGetRun(input: {runId: \"x\"}) { nothing } }", "{\"data\":null,\"errors\":[\"Cannot query field 'nothing' on type 'MlflowGetRunResponse'.\"]}"),
        ("{ mlflowGetRun }", "must have a selection of subfields"),
        ("{ mlflowGetRun { run { info { runId { x } } } } }", "must not have a selection"),
        ("{ users { name } }", "Cannot query field 'users' on type 'Query'."),
        ("{ mlflowGetRun { ...None } }", "Unknown fragment 'None'."),
        ("query a { mlflowGetRun { apiError { code } } } query b { mlflowGetRun { apiError { code } } }", "Must provide operation name"),
        ("{ mlflowGetRun(input: {runId: \"x) }", "Syntax Error"),
        ("{ mlflowGetRun {", "Syntax Error: Unexpected <EOF>."),
        ("", "Missing value for required parameter 'query'"),
        ("{ a a a a a a a a a a a }", "GraphQL queries should have at most 10 root fields, got 11 root fields."),
        ("{ mlflowGetRun { a: run b: run c: run d: run e: run f: run g: run h: run i: run j: run k: run } }", "should have at most 10 aliases, got 11 aliases"),
        ("{ a { a { a { a { a { a { a { a { a { a { a } } } } } } } } } } }", "Query exceeds maximum depth of 10"),
        ("{ mlflowGetRun(input: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]) { run } }", "nested too deeply"),
        ("fragment A on MlflowGetRunResponse { ...B } fragment B on MlflowGetRunResponse { ...A apiError { message } } { mlflowGetRun(input: {runId: \"nobody\"}) { ...A } }", "Run with id=nobody not found"),
    ];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_query_gets_the_fields_that_it_names()
    {
        await using var host = await TestHost.Start();
        using var made = JsonDocument.Parse(await Post(host, "/api/2.0/mlflow/runs/create", """{"run_name": "first", "start_time": 5}"""));
        var run = made.RootElement.GetProperty("run").GetProperty("info").GetProperty("run_id").GetString()!;
        await Post(host, "/api/2.0/mlflow/runs/log-batch", $$"""{"run_id": "{{run}}", "metrics": [{"key": "a", "value": 1.5, "timestamp": 7, "step": 2}, {"key": "n", "value": NaN, "timestamp": 1}]}""");
        await Post(host, "/api/2.0/mlflow/registered-models/create", """{"name": "m"}""");
        await Post(host, "/api/2.0/mlflow/model-versions/create", $$"""{"name": "m", "source": "s3://b/x", "run_id": "{{run}}"}""");
        Assert.Equal(
            $$$"""{"data":{"one":{"run":{"info":{"runName":"first","startTime":"5","endTime":"0","status":"RUNNING"},"data":{"metrics":[{"key":"a","value":1.5,"step":"2"},{"key":"n","value":null,"step":"0"}],"tags":[{"key":"mlflow.runName"}]},"experiment":{"name":"Default"},"modelVersions":[{"version":"1","tags":[]}],"outputs":{"modelOutputs":[]}},"apiError":null}},"errors":null}""",
            await Query(
                host,
                "query q($id: String!) @component(name: \"x\") { one: mlflowGetRun(input: {runId: $id}) { run { ...Parts experiment { name } modelVersions { version tags { key } } outputs { modelOutputs { modelId } } } apiError { code } } } "
                + "fragment Parts on MlflowRun { info { runName startTime endTime } info { status } data { metrics { key value step } ... on MlflowRunData { tags { key } } } } # end",
                $$"""{"id": "{{run}}"}"""));
        Assert.Contains("\"runs\":[{\"info\":{\"runId\":\"" + run, await Query(host, "mutation { mlflowSearchRuns(input: {experimentIds: [\"0\"], runViewType: ACTIVE_ONLY, maxResults: 5}) { runs { info { runId } } } }"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_fault_is_part_of_the_answer()
    {
        await using var host = await TestHost.Start();
        foreach (var (query, expected) in _faults)
            Assert.Contains(expected, await Query(host, query), StringComparison.Ordinal);
        Assert.Contains("Query exceeds maximum total selections of 1000", await Query(host, "{ mlflowGetRun { run { " + string.Join(' ', Enumerable.Repeat("info", 1001)) + " } } }"), StringComparison.Ordinal);
    }

    private static Task<string> Query(TestHost host, string query, string variables = "{}") => Post(host, "/graphql", $$"""{"query": {{JsonSerializer.Serialize(query)}}, "variables": {{variables}}}""");

    private static async Task<string> Post(TestHost host, string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await host.Client.PostAsync(path, content, Ct);
        Assert.Equal(200, (int)response.StatusCode);
        return await response.Content.ReadAsStringAsync(Ct);
    }
}
