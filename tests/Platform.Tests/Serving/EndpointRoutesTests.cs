using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Platform.Tests.Serving.Backends;
using Holdfast.Registry;

namespace Holdfast.Platform.Tests.Serving;

/// <summary>Models of all kinds from their registration to an answer, over HTTP.</summary>
public sealed class EndpointRoutesTests(SharedHost shared) : IClassFixture<SharedHost>
{
    private static readonly SignatureField[] Fields = [.. Enumerable.Range(0, 5).Select(i => new SignatureField("f" + i, "FP64"))];
    private readonly TestHost _host = shared.Host;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_prediction_of_trees_is_explained_and_logged_like_any_other()
    {
        using var folder = new TemporaryFolder();
        var trees = new TestTrees(3, 12, 4, 5).Regressor(baseValues: [1]);
        TestOnnx.Write(folder.Path, new TestOnnx().Input("features", 5).Node("TreeEnsembleRegressor", ["features"], ["score"], "ai.onnx.ml", [.. trees]).Output("score", 1).ToBytes(), "regression", Fields);
        using var owner = _host.AsOwner();
        await Deploy(owner, "trees", folder.Path);
        var endpoint = (await owner.GetFromJsonAsync<EndpointInfo>("/api/v1/endpoints/trees", HoldfastJson.Options, Ct))!;
        var variant = Assert.Single(endpoint.Variants);
        Assert.Equal(("trees/1", "primary", "onnx", "trees", true), (variant.Variant, variant.Role, variant.Backend, variant.Engine, variant.Explains));
        Assert.Contains("agree with ONNX Runtime on 512", variant.Note, StringComparison.Ordinal);
        using var answered = await owner.PostAsync("/api/v1/endpoints/trees/explain", Json("""{"rows": [{"f0": 1, "f1": null, "f2": 2, "f3": 0.5, "f4": 3}, {"f0": 3, "f1": 1, "f2": 2, "f3": 0.5, "f4": 3}], "top": 2}"""), Ct);
        var answer = (await answered.Content.ReadFromJsonAsync<ExplainAnswer>(HoldfastJson.Options, Ct))!;
        Assert.Equal(("primary", "trees", 1, 2), (answer.Variant, answer.Model, answer.Version, answer.Predictions.Count));
        using var v1 = await owner.PostAsync("/v1/models/trees:explain", Json("""{"instances": [{"f0": 1, "f1": 1, "f2": 2, "f3": 0.5, "f4": 3}]}"""), Ct);
        Assert.Contains("\"explanations\":[{\"method\":\"tree_shap\"", await v1.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        var inputs = string.Join(',', Fields.Select(f => $$"""{"name": "{{f.Name}}", "shape": [1], "datatype": "FP64", "data": [1]}"""));
        using var v2 = await owner.PostAsync("/v2/models/trees/infer", Json($$"""{"parameters": {"explain": true}, "inputs": [{{inputs}}]}"""), Ct);
        Assert.Contains("\"name\":\"explanation\"", await v2.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        Assert.All(answer.Predictions, p =>
        {
            Assert.InRange(p.Explanation!.Contributions.Count, 1, 2);
            Assert.Equal(p.Score!.Value, p.Explanation.Output, 1e-5);
            Assert.NotEmpty(p.PredictionId);
        });
    }

    [Theory]
    [InlineData("""{"rows": []}""", 400, "no rows")]
    [InlineData("""{"rows": [{"f0": [1]}]}""", 400, "rows[0].f0")]
    [InlineData("""{"rows": [{"f0": 1}, {"f0": "one"}]}""", 400, "rows[0].f0")]
    [InlineData("""{"rows": [{"f0": 1}], "top": -1}""", 400, "'top' is -1")]
    [InlineData("""{"rows": [{"f0": 1, "f1": 1, "f2": 1, "f3": 1, "f4": 1}]}""", 501, "run by onnxruntime")]
    public async Task What_cannot_be_explained_is_refused_with_the_reason(string body, int status, string said)
    {
        using var folder = new TemporaryFolder();
        TestOnnx.Write(folder.Path, new TestOnnx().Input("features", 5).Matrix("w", 5, 1, [1, 2, 3, 4, 5]).Node("MatMul", ["features", "w"], ["score"]).Output("score", 1).ToBytes(), "regression", Fields);
        using var owner = _host.AsOwner();
        await Deploy(owner, "network", folder.Path);
        using var answer = await owner.PostAsync("/api/v1/endpoints/network/explain", Json(body), Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.Contains(said, text, StringComparison.Ordinal);
        Assert.Equal(status, (int)answer.StatusCode);
    }

    [Fact]
    public async Task A_process_model_needs_the_right_to_execute_then_answers_and_shows_its_log()
    {
        Assert.SkipUnless(TestPython.Path is not null, "python3 is not installed");
        var example = Path.Combine(Repository.Root, "examples", "python-scoring");
        using var editor = _host.With(await _host.Token(Role.Editor, Guid.CreateVersion7().ToString("N")));
        using (var refused = await Register(editor, "card", example))
        {
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
            Assert.Contains("right to execute", (await _host.Problem(refused)).Detail, StringComparison.Ordinal);
        }

        using var owner = _host.AsOwner();
        await Deploy(owner, "card", example);
        using var answer = await editor.PostAsync("/v2/models/card/infer", Json("""{"inputs": [{"name": "amount", "shape": [1], "datatype": "FP64", "data": [5000]}, {"name": "age", "shape": [1], "datatype": "FP64", "data": [70]}]}"""), Ct);
        Assert.Contains("0.9500000", (await answer.Content.ReadAsStringAsync(Ct)) + "00000", StringComparison.Ordinal);
        var logs = (await editor.GetFromJsonAsync<EndpointLogs>("/api/v1/endpoints/card/logs?lines=5", HoldfastJson.Options, Ct))!;
        Assert.Contains(logs.Variants["card/1"], line => line.Contains("[1] listening on", StringComparison.Ordinal));
        using var deleted = await owner.DeleteAsync("/api/v1/endpoints/card", Ct);
        Assert.True(deleted.IsSuccessStatusCode);
    }

    [Fact]
    public async Task An_upstream_at_a_private_address_needs_the_right_to_execute()
    {
        using var folder = new TemporaryFolder();
        new ModelPackage(1, "upstream", "", "binary", ProcessModels.Signature, Upstream: new UpstreamSpec("http://10.0.0.1:8000", PrivateNetwork: true)).Write(folder.Path);
        using var editor = _host.With(await _host.Token(Role.Editor, Guid.CreateVersion7().ToString("N")));
        using var refused = await Register(editor, "far", folder.Path);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        new ModelPackage(1, "upstream", "", "binary", ProcessModels.Signature, Upstream: new UpstreamSpec("http://10.0.0.1:8000")).Write(folder.Path);
        using var taken = await Register(editor, "far", folder.Path);
        Assert.Equal(HttpStatusCode.Created, taken.StatusCode);
    }

    private static StringContent Json(string text) => new(text, System.Text.Encoding.UTF8, "application/json");

    private static async Task Deploy(HttpClient client, string name, string folder)
    {
        using var registered = await Register(client, name, folder);
        Assert.True(registered.IsSuccessStatusCode, await registered.Content.ReadAsStringAsync(Ct));
        using var made = await client.PutAsync($"/api/v1/endpoints/{name}", Json($$"""{"model": "{{name}}/1"}"""), Ct);
        Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync(Ct));
    }

    private static async Task<HttpResponseMessage> Register(HttpClient client, string name, string folder)
    {
        using var zip = new MemoryStream();
        await ZipFile.CreateFromDirectoryAsync(folder, zip, Ct);
        using var content = new ByteArrayContent(zip.ToArray());
        content.Headers.ContentType = new("application/zip");
        return await client.PostAsync($"/api/v1/models/{name}/versions", content, Ct);
    }
}
