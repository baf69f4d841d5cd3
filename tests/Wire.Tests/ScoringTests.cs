using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Holdfast.Predictions;
using Holdfast.Serving;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Wire.Tests;

/// <summary>V1, MLflow's scoring server, the native stream, and what all protocols share.</summary>
[Collection(nameof(ServingServer))]
public sealed class ScoringTests(ServingServer server)
{
    private const string Predict = "/v1/models/credit:predict";
    private const string Invocations = "/endpoints/credit/invocations";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Predict, """{"instances":[{"income":60000,"region":"n"},{"region":"s","income":1000,"age":40}]}""", "[1,0]")]
    [InlineData(Predict, """{"instances":[[60000,30,"n"],[1000,null,"s"]]}""", "[1,0]")]
    [InlineData(Predict, """{"inputs":{"income":[60000,1000],"region":["n","s"]}}""", "[1,0]")]
    [InlineData(Predict, """{"inputs":[{"income":60000,"region":"n"}]}""", "[1]")]
    [InlineData("/v1/models/rules:predict", """{"instances":[1,2]}""", """["no","no"]""")]
    [InlineData(Invocations, """{"dataframe_split":{"columns":["region","income"],"index":[7,8],"data":[["n",60000],["s",1000]]}}""", "[1,0]")]
    [InlineData(Invocations, """{"dataframe_records":[{"income":60000,"region":"n"},{"income":"NaN","region":"n"},{"income":1000,"region":"s"}],"params":{"key":"k1"}}""", """["no","no","no"]""")]
    [InlineData(Invocations, """{"dataframe_records":[{"income":60000,"region":"n"},{"income":1000,"region":"s"}]}""", "[1,0]")]
    [InlineData(Invocations, """{"instances":[[60000,30,"n"]]}""", "[1]")]
    [InlineData(Invocations, """{"inputs":{"income":[[60000],[1000]],"region":["n","s"]}}""", "[1,0]")]
    [InlineData(Invocations, """{"inputs":[[1000,30,"n"]]}""", "[0]")]
    [InlineData("/endpoints/rules/invocations", """{"instances":[5]}""", """["no"]""")]
    public async Task Every_form_of_a_body_is_read(string path, string body, string predictions)
    {
        var (status, answer, response) = await server.Post(path, ServingServer.Json(body));
        Assert.True(status == HttpStatusCode.OK, answer.ToString());
        Assert.Equal(predictions, answer.GetProperty("predictions").GetRawText());
        var ids = answer.GetProperty("prediction_ids").EnumerateArray().Select(i => i.GetString()).ToList();
        Assert.Equal((answer.GetProperty("predictions").GetArrayLength(), ids.Count), (ids.Count, ids.Distinct().Count()));
        Assert.Equal(ids.Count == 1 ? ids[0] : null, response.Headers.TryGetValues("Holdfast-Prediction-Id", out var header) ? header.Single() : null);
    }

    [Theory]
    [InlineData("income,region\n60000,n\n1000,s\n", "[1,0]")]
    [InlineData("region,income,age\n\"a,b\",60000,\n", "[1]")]
    public async Task CSV_takes_its_types_from_the_signature(string csv, string predictions)
    {
        var (status, answer, _) = await server.Post(Invocations, new StringContent(csv, Encoding.UTF8, "text/csv"));
        Assert.True(status == HttpStatusCode.OK, answer.ToString());
        Assert.Equal(predictions, answer.GetProperty("predictions").GetRawText());
    }

    [Theory]
    [InlineData(Predict, """{"instances":[]}""", "is empty")]
    [InlineData(Predict, """{"instances":[1],"inputs":[1]}""", "not one of")]
    [InlineData(Predict, """{}""", "not one of")]
    [InlineData(Predict, "[1", "not JSON")]
    [InlineData(Predict, """{"instances":[[1,2]]}""", "takes 3: income, age, region")]
    [InlineData(Predict, """{"instances":[{"income":"much","region":"n"},{"income":1,"region":7}]}""", "income: is a number; row 0 has \"much\". region: is a text (BYTES); row 1 has 7.")]
    [InlineData(Predict, """{"instances":[{"income":1}]}""", "'region' is missing and has no default")]
    [InlineData(Predict, """{"instances":[{"income":1,"regoin":"n"}]}""", "nothing reads 'regoin'")]
    [InlineData(Predict, """{"instances":[{"income":1},[2]]}""", "mixes")]
    [InlineData(Invocations, """{"instances":[[1]],"inputs":[[1]]}""", "instances and inputs at once")]
    [InlineData(Invocations, """{"messages":[]}""", "language model")]
    [InlineData(Invocations, """{"dataframe_split":{"columns":["income"]}}""", "has not 'columns' and 'data'")]
    [InlineData(Invocations, """{"dataframe_split":{"columns":["income","region"],"data":[[1]]}}""", "has 1 values, there are 2 columns")]
    [InlineData(Invocations, """[]""", "not an object")]
    public async Task What_is_wrong_is_a_400_in_the_protocols_form(string path, string body, string message)
    {
        var (status, answer, _) = await server.Post(path, ServingServer.Json(body));
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(message, answer.GetProperty(path == Predict ? "error" : "message").GetString(), StringComparison.Ordinal);
        if (path == Invocations)
            Assert.Equal("BAD_REQUEST", answer.GetProperty("error_code").GetString());
    }

    [Theory]
    [InlineData("income,region\nmuch,n\n", "income: is a number (FP64); row 1 has 'much'")]
    [InlineData("income,region\n1\n", "has 1 fields, the header has 2")]
    public async Task CSV_that_does_not_fit_is_refused(string csv, string message)
    {
        var (status, answer, _) = await server.Post(Invocations, new StringContent(csv, Encoding.UTF8, "text/csv"));
        Assert.Equal((HttpStatusCode.BadRequest, true), (status, answer.GetProperty("message").GetString()!.Contains(message, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/json; format=pandas-split")]
    [InlineData("application/json; charset=latin1")]
    [InlineData("")]
    public async Task Another_type_of_body_is_a_415(string type)
    {
        var content = new ByteArrayContent("{}"u8.ToArray());
        if (type.Length > 0)
            content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await server.Post(Invocations, content)).Status);
    }

    [Fact]
    public async Task Invocations_without_a_name_need_to_know_which_endpoint_is_meant()
    {
        const string Body = """{"instances":[[60000,30,"n"]]}""";
        await server.Serving.ApplyEndpoint(ServingServer.Someone, new EndpointSpec("another", Fallback: ServingServer.Rules), null, Ct);
        var (status, answer, _) = await server.Post("/invocations", ServingServer.Json(Body));
        Assert.Equal((HttpStatusCode.NotFound, "RESOURCE_DOES_NOT_EXIST"), (status, answer.GetProperty("error_code").GetString()));
        Assert.Contains("/endpoints/NAME/invocations", answer.GetProperty("message").GetString(), StringComparison.Ordinal);
        (status, answer, _) = await server.Post("/invocations", ServingServer.Json(Body), ("Holdfast-Endpoint", "credit"));
        Assert.Equal((HttpStatusCode.OK, "[1]"), (status, answer.GetProperty("predictions").GetRawText()));
        Assert.Equal(HttpStatusCode.OK, (await server.Host.Client.GetAsync(new Uri("/endpoints/credit/ping", UriKind.Relative), Ct)).StatusCode);
        Assert.Equal("3.6.0", await server.Host.Client.GetStringAsync("/endpoints/credit/version", Ct));
    }

    [Fact]
    public async Task V1_lists_and_describes_and_refuses_what_it_cannot_explain()
    {
        Assert.Contains("\"credit\"", await server.Host.Client.GetStringAsync("/v1/models", Ct), StringComparison.Ordinal);
        Assert.Equal("""{"name":"credit","ready":true}""", await server.Host.Client.GetStringAsync("/v1/models/credit", Ct));
        Assert.Equal(HttpStatusCode.NotFound, (await server.Host.Client.GetAsync(new Uri("/v1/models/nobody", UriKind.Relative), Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.NotImplemented, (await server.Post("/v1/models/rules:explain", ServingServer.Json("""{"instances":[1]}"""))).Status);
    }

    [Theory]
    [InlineData("2", 2, "candidate")]
    [InlineData("candidate", 2, "candidate")]
    [InlineData("primary", 1, "primary")]
    [InlineData("fallback", 0, "fallback")]
    public async Task A_tester_names_a_variant_in_a_header_and_the_record_says_so(string asked, int version, string role)
    {
        var (status, answer, response) = await server.Post(Predict, ServingServer.Json("""{"instances":[{"income":30000,"region":"n"}]}"""), ("Holdfast-Variant", asked));
        Assert.True(status == HttpStatusCode.OK, answer.ToString());
        Assert.Equal((role, version.ToString(System.Globalization.CultureInfo.InvariantCulture)), (response.Headers.GetValues("Holdfast-Variant").Single(), response.Headers.GetValues("Holdfast-Model-Version").Single()));
        var entry = (await server.Host.Service<PredictionService>().Get(ServingServer.Someone, "credit", answer.GetProperty("prediction_ids")[0].GetString()!, Ct)).Entry;
        Assert.Equal((role, version, asked, null, 0), (entry.Role, entry.ModelVersion, entry.Asked, entry.RolloutId, entry.CandidateWeight));
    }

    [Fact]
    public async Task A_header_that_names_nothing_is_refused()
    {
        const string Body = """{"instances":[{"income":30000,"region":"n"}]}""";
        Assert.Equal(HttpStatusCode.NotFound, (await server.Post(Predict, ServingServer.Json(Body), ("Holdfast-Variant", "9"))).Status);
        var (status, answer, _) = await server.Post(Predict, ServingServer.Json(Body), ("Holdfast-Variant", "best"));
        Assert.Equal((HttpStatusCode.BadRequest, true), (status, answer.GetProperty("error").GetString()!.Contains("'best' names no variant", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_stream_of_rows_is_answered_line_by_line_and_a_bad_row_stops_nothing()
    {
        var rows = new StringBuilder();
        for (var i = 0; i < 1_200; i++)
            rows.AppendLine(i == 700 ? "{\"income\":\"much\",\"region\":\"n\"}" : i == 701 ? "nonsense" : $"{{\"income\":{i * 100},\"region\":\"n\",\"who\":\"w{i}\"}}").AppendLine();
        using var content = new StringContent(rows.ToString().TrimEnd(), Encoding.UTF8, "application/x-ndjson");
        using var response = await server.Host.Client.PostAsync(new Uri("/api/v1/endpoints/credit/predict", UriKind.Relative), content, Ct);
        var lines = (await response.Content.ReadAsStringAsync(Ct)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement).ToList();
        Assert.Equal(Enumerable.Range(1, 1_200), lines.Select(l => l.GetProperty("row").GetInt32()));
        Assert.Equal([701, 702], lines.Where(l => l.TryGetProperty("error", out _)).Select(l => l.GetProperty("row").GetInt32()));
        Assert.Contains("income: is a number; row 0 has \"much\"", lines[700].GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal((0.9, "1", "primary", 1), (lines[900].GetProperty("score").GetDouble(), lines[900].GetProperty("prediction").GetString(), lines[900].GetProperty("variant").GetString(), lines[900].GetProperty("model_version").GetInt32()));
        var logged = (await server.Host.Service<PredictionService>().Get(ServingServer.Someone, "credit", lines[900].GetProperty("prediction_id").GetString()!, Ct)).Entry;
        Assert.Equal((90_000, true), (logged.Features.Single(f => f.Name == "income").Number, logged.HasKey));
    }

    [Theory]
    [InlineData("V1/endpoints.json", "/v1/models")]
    [InlineData("MlflowScoring/endpoints.json", "/endpoints/{name}/,/invocations,/ping")]
    public void Coverage_as_declared_is_coverage_as_mapped(string file, string prefixes)
    {
        using var stream = typeof(V1.V1Api).Assembly.GetManifestResourceStream(file)!;
        var declared = JsonDocument.Parse(stream).RootElement.GetProperty("endpoints").EnumerateArray()
            .Where(e => e.GetProperty("state").GetString() != "elsewhere").Select(e => $"{e.GetProperty("method").GetString()} {e.GetProperty("path").GetString()}");
        var mapped = server.Host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => prefixes.Split(',').Any(p => e.RoutePattern.RawText!.StartsWith(p, StringComparison.Ordinal)) && !e.RoutePattern.RawText!.Contains("**", StringComparison.Ordinal))
            .SelectMany(e => (e.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? []).Select(m => $"{m} {e.RoutePattern.RawText!.TrimEnd('/')}"));
        Assert.Equal(declared.Order(StringComparer.Ordinal), mapped.Order(StringComparer.Ordinal));
    }
}
