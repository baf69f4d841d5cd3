using System.Net;
using System.Text;
using System.Text.Json;
using Holdfast.Kernel;
using Holdfast.Platform.Tests;
using Holdfast.Serving;
using Holdfast.Wire.OpenInference;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Wire.Tests.OpenInference;

/// <summary>One server for all cases, with one endpoint that its rules answer.</summary>
public sealed class RulesServer : IAsyncLifetime
{
    private const string Rules =
        """
        inputs:
          amount: {type: number, default: 0}
          country: {type: text, default: ""}
        rules:
          - {when: "amount > 1000", score: 0.9, prediction: "1"}
          - {when: "country == 'XX'", score: 0.5, prediction: "1"}
        else: {score: 0.1, prediction: "0"}
        """;

    public TestHost Host { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Host = await TestHost.Start();
        await Host.Service<ServingService>().ApplyEndpoint(Principal.Controller(1, "test"), new EndpointSpec("fraud", Fallback: Rules, Key: "card"), null);
    }

    public ValueTask DisposeAsync() => Host.DisposeAsync();

    public async Task<(HttpStatusCode Status, JsonElement Body)> Send(string path, string? body = null, string method = "POST")
    {
        using var request = new HttpRequestMessage(new HttpMethod(body is null && method == "POST" ? "GET" : method), path);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await Host.Client.SendAsync(request, TestContext.Current.CancellationToken);
        return (response.StatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).RootElement);
    }
}

public sealed class OpenInferenceTests(RulesServer server) : IClassFixture<RulesServer>
{
    private const string Infer = "/v2/models/fraud/infer";

    [Theory]
    [InlineData("flat", """{"inputs":[{"name":"amount","shape":[2],"datatype":"FP64","data":[5,2000.5]}]}""", "0.1 0.9")]
    [InlineData("a column flat", """{"inputs":[{"name":"amount","shape":[2,1],"datatype":"FP32","data":[5,2000]}]}""", "0.1 0.9")]
    [InlineData("a column nested", """{"inputs":[{"name":"amount","shape":[2,1],"datatype":"INT32","data":[[5],[2000]]}]}""", "0.1 0.9")]
    [InlineData("data before its type", """{"inputs":[{"data":[2000],"datatype":"UINT16","shape":[1],"name":"amount"}]}""", "0.9")]
    [InlineData("text", """{"inputs":[{"name":"amount","shape":[1],"datatype":"INT64","data":[5]},{"name":"country","shape":[1],"datatype":"BYTES","data":["XX"]}]}""", "0.5")]
    [InlineData("missing values", """{"inputs":[{"name":"amount","shape":[3],"datatype":"FP64","data":[null,"NaN",3000]}]}""", "0.1 0.1 0.9")]
    [InlineData("booleans", """{"inputs":[{"name":"amount","shape":[2],"datatype":"BOOL","data":[true,0]}]}""", "0.1 0.1")]
    [InlineData("unknown members", """{"x":{"y":[1]},"inputs":[{"z":[{}],"parameters":{"a":1},"name":"amount","shape":[1],"datatype":"FP64","data":[2000]}],"parameters":{"q":true}}""", "0.9")]
    [InlineData("no shape dimensions", """{"inputs":[{"name":"amount","shape":[],"datatype":"FP64","data":[2000]}]}""", "0.9")]
    public async Task Tensors_are_read_as_the_protocol_writes_them(string what, string body, string scores)
    {
        Assert.NotEmpty(what);
        var (status, answer) = await server.Send(Infer, body);
        Assert.True(status == HttpStatusCode.OK, answer.ToString());
        Assert.Equal(scores, string.Join(' ', Output(answer, "score").GetProperty("data").EnumerateArray().Select(v => v.GetRawText())));
    }

    [Theory]
    [InlineData("""{"inputs":[{"name":"amount","shape":[2],"datatype":"FP64","data":[5]}]}""", "'amount' does not have its shape [2]")]
    [InlineData("""{"inputs":[{"name":"amount","shape":[1],"datatype":"FP64","data":[5,6]}]}""", "the data has 2 elements")]
    [InlineData("""{"inputs":[{"name":"amount","shape":[1,2],"datatype":"FP64","data":[5,6]}]}""", "but 'country' is a text")]
    [InlineData("""{"inputs":[{"name":"amount","shape":[2,2,2],"datatype":"FP64","data":[1,2,3,4,5,6,7,8]}]}""", "a shape that is not supported")]
    [InlineData("""{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP64","data":[1,2,3]}]}""", "takes 2: amount, country")]
    [InlineData("""{"inputs":[{"name":"amount","shape":[2,1],"datatype":"FP64","data":[[5,6]]}]}""", "an inner array")]
    [InlineData("""{"inputs":[{"name":"amount","shape":[2],"datatype":"FP64","data":[[5],[6]]}]}""", "the nesting is another")]
    [InlineData("""{"inputs":[{"name":"amount","shape":[2,1],"datatype":"FP64","data":[5,[6]]}]}""", "the nesting is another")]
    [InlineData("""{"inputs":[{"name":"amount","shape":[900000],"datatype":"FP64","data":[5]}]}""", "fewer elements")]
    [InlineData("""{"inputs":[{"name":"amount","shape":[1],"datatype":"FP16","data":[5]}]}""", "no form in JSON")]
    [InlineData("""{"inputs":[{"name":"amount","shape":[1],"datatype":"INT8","data":[500]}]}""", "which 500 is not")]
    [InlineData("""{"inputs":[{"name":"amount","shape":[1],"datatype":"INT64","data":[0.5]}]}""", "whole numbers")]
    [InlineData("""{"inputs":[{"name":"amount","shape":[1],"datatype":"FP64","data":["five"]}]}""", "string 'five'")]
    [InlineData("""{"inputs":[{"name":"country","shape":[1],"datatype":"BYTES","data":[5]}]}""", "not a text")]
    [InlineData("""{"inputs":[{"name":"amount","shape":[1],"datatype":"FP64"}]}""", "has no data")]
    [InlineData("""{"inputs":[{"shape":[1],"datatype":"FP64","data":[1]}]}""", "has no name")]
    [InlineData("""{"inputs":[{"name":"amount","shape":[1],"datatype":"FP64","data":[1]},{"name":"amount","shape":[1],"datatype":"FP64","data":[1]}]}""", "stands twice")]
    [InlineData("""{"inputs":[{"name":"amount","shape":[1],"datatype":"FP64","data":[1]},{"name":"b","shape":[2],"datatype":"FP64","data":[1,2]}]}""", "same number of rows")]
    [InlineData("""{"inputs":[]}""", "no inputs")]
    [InlineData("{}", "no inputs")]
    [InlineData("", "not an infer request")]
    [InlineData("[1]", "not an object")]
    [InlineData("""{"inputs":[{"name":"amount","shape":[1],"datatype":"FP64","data":[1]}]} x""", "not an infer request")]
    [InlineData("""{"inputs":[{"name":"amount","shape":[1],"datatype":"FP64","data":[1]}],"outputs":[{"name":"logit"}]}""", "no output 'logit'")]
    [InlineData("""{"inputs":[{"name":"amount","shape":[1],"datatype":"FP64","data":[1]}],"parameters":{"event_time":"yesterday"}}""", "not an event_time")]
    [InlineData("""{"inputs":[{"name":"amount","shape":[1],"datatype":"FP64","data":[1]}],"parameters":{"event_time":"2099-01-01T00:00:00Z"}}""", "future")]
    public async Task What_is_wrong_is_a_400_that_says_it(string body, string message)
    {
        var (status, answer) = await server.Send(Infer, body);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(message, answer.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_answer_echoes_the_id_and_carries_the_outputs_asked_for()
    {
        var (_, one) = await server.Send(Infer, """{"id":"r-1","inputs":[{"name":"amount","shape":[1],"datatype":"FP64","data":[2000]}],"outputs":[{"name":"prediction"}]}""");
        Assert.Equal(("fraud", "0", "r-1"), (one.GetProperty("model_name").GetString(), one.GetProperty("model_version").GetString(), one.GetProperty("id").GetString()));
        Assert.Equal("""{"name":"prediction","datatype":"BYTES","shape":[1],"data":["1"]}""", one.GetProperty("outputs").EnumerateArray().Single().GetRawText());
        Assert.Equal("primary", one.GetProperty("parameters").GetProperty("variant").GetString());
        Assert.Equal(7, Guid.Parse(one.GetProperty("parameters").GetProperty("prediction_id").GetString()!).Version);
        var (_, many) = await server.Send(Infer, """{"inputs":[{"name":"amount","shape":[2],"datatype":"FP64","data":[1,2]}]}""");
        Assert.Equal(2, Output(many, "prediction_id").GetProperty("data").EnumerateArray().Select(v => v.GetString()).Distinct().Count());
        Assert.False(many.TryGetProperty("id", out _));
    }

    [Fact]
    public async Task The_sticky_key_may_be_an_input_and_is_then_no_feature()
    {
        var (_, answer) = await server.Send(Infer, """{"inputs":[{"name":"amount","shape":[1],"datatype":"FP64","data":[1]},{"name":"card","shape":[1],"datatype":"INT64","data":[77]}]}""");
        var id = answer.GetProperty("parameters").GetProperty("prediction_id").GetString();
        var (_, logged) = await server.Send($"/api/v1/endpoints/fraud/predictions/{id}");
        Assert.True(logged.GetProperty("has_key").GetBoolean());
        Assert.Equal("""{"amount":1}""", logged.GetProperty("features").GetRawText());
    }

    [Theory]
    [InlineData("/v2/health/live", """{"live":true}""")]
    [InlineData("/v2/health/ready", """{"ready":true,"live":true}""")]
    [InlineData("/v2/models", """{"models":["fraud"]}""")]
    [InlineData("/v2/models/fraud/ready", """{"name":"fraud","ready":true}""")]
    [InlineData("/v2/models/fraud", """{"name":"fraud","versions":[],"platform":"holdfast_rules","inputs":[{"name":"amount","datatype":"FP64","shape":[-1]},{"name":"country","datatype":"BYTES","shape":[-1]}],"outputs":[{"name":"score","datatype":"FP64","shape":[-1]},{"name":"prediction","datatype":"BYTES","shape":[-1]}]}""")]
    public async Task Health_and_metadata_have_the_protocols_shape(string path, string body) => Assert.Equal(body, (await server.Send(path)).Body.GetRawText());

    [Theory]
    [InlineData("/v2/models/nobody", null)]
    [InlineData("/v2/models/nobody/infer", """{"inputs":[{"name":"amount","shape":[1],"datatype":"FP64","data":[1]}]}""")]
    [InlineData("/v2/models/fraud/versions/3", null)]
    [InlineData("/v2/models/fraud/versions/3/infer", """{"inputs":[{"name":"amount","shape":[1],"datatype":"FP64","data":[1]}]}""")]
    [InlineData("/v2/models/fraud/versions/x/ready", null)]
    [InlineData("/v2/nothing/here", null)]
    public async Task What_is_not_there_is_a_404_in_the_protocols_shape(string path, string? body)
    {
        var (status, answer) = await server.Send(path, body);
        Assert.Equal(HttpStatusCode.NotFound, status);
        Assert.Equal(JsonValueKind.String, answer.GetProperty("error").ValueKind);
    }

    [Fact]
    public void Coverage_as_declared_is_coverage_as_mapped()
    {
        using var file = typeof(OpenInferenceApi).Assembly.GetManifestResourceStream("OpenInference/endpoints.json")!;
        var declared = JsonDocument.Parse(file).RootElement.GetProperty("endpoints").EnumerateArray()
            .Where(e => e.GetProperty("state").GetString() == "built").Select(e => $"{e.GetProperty("method").GetString()} {e.GetProperty("path").GetString()}");
        var mapped = server.Host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.RoutePattern.RawText!.StartsWith("/v2", StringComparison.Ordinal) && !e.RoutePattern.RawText.Contains("**", StringComparison.Ordinal))
            .SelectMany(e => e.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(m => $"{m} {e.RoutePattern.RawText!.TrimEnd('/')}"));
        Assert.Equal(declared.Order(StringComparer.Ordinal), mapped.Order(StringComparer.Ordinal));
    }

    private static JsonElement Output(JsonElement answer, string name) => answer.GetProperty("outputs").EnumerateArray().Single(o => o.GetProperty("name").GetString() == name);
}
