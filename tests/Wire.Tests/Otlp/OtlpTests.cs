using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Holdfast.Kernel;
using Holdfast.Platform.Tests;
using Holdfast.Storage.Sql;
using Holdfast.Wire.Otlp.Proto;

namespace Holdfast.Wire.Tests.Otlp;

/// <summary>Traces over OTLP, from the exporter's request to MLflow's answers.</summary>
public sealed class OtlpTests
{
    private const string TraceHex = "0af7651916cd43dd8448eb211c80319c";
    private const string TraceId = "tr-" + TraceHex;
    private const long T0 = 1_700_000_000_000_000_000;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task Spans_become_a_trace_that_is_read_and_searched(string name)
    {
        await using var database = await TestDatabases.Open(name, migrate: false);
        await using var host = await TestHost.Start(change: o => o with { Database = database.ConnectionString });
        // The parts come before the whole, as exporters send what ended first.
        Assert.Empty(await Export(host.Client, Request(Child())));
        var begun = await Get(host, "/api/3.0/mlflow/traces/" + TraceId);
        Assert.Contains("\"state\":\"IN_PROGRESS\"", begun, StringComparison.Ordinal);
        await Export(host.Client, Request(Root()), gzip: true);
        // Sent twice, counted once.
        await Export(host.Client, Request(Root(), Child()));

        var info = Trace(await Get(host, "/api/3.0/mlflow/traces/" + TraceId)).GetProperty("trace_info");
        Assert.Equal(("OK", "2023-11-14T22:13:20.000Z", "2.500s"), (Text(info, "state"), Text(info, "request_time"), Text(info, "execution_duration")));
        Assert.Equal(("""{"question":"why?"}""", "because"), (Text(info, "request_preview"), Text(info, "response_preview")));
        Assert.Equal("""{"input_tokens": 7, "output_tokens": 5, "total_tokens": 12}""", Text(info.GetProperty("trace_metadata"), "mlflow.trace.tokenUsage"));
        Assert.Equal(("agent", "TRACKING_STORE"), (Text(info.GetProperty("tags"), "mlflow.traceName"), Text(info.GetProperty("tags"), "mlflow.trace.spansLocation")));

        // What comes back is the exporter's message again.
        foreach (var answer in new[] { Trace(await Get(host, "/api/3.0/mlflow/traces/get?trace_id=" + TraceId)), First(await Get(host, "/api/3.0/mlflow/traces/batchGet?trace_ids=" + TraceId), "traces") })
            Assert.Equal([Root(), Child()], answer.GetProperty("spans").EnumerateArray().Select(s => JsonParser.Default.Parse<Span>(Numbered(s.GetRawText()))));

        Assert.Equal(2, JsonDocument.Parse(await Get(host, "/ajax-api/2.0/mlflow/get-trace-artifact?request_id=" + TraceId)).RootElement.GetProperty("spans").GetArrayLength());

        async Task<bool> Finds(string filter) => (await Search(host, filter)).Contains(TraceId, StringComparison.Ordinal);
        Assert.True(await Finds("span.name = 'call' AND span.type = 'LLM'"));
        Assert.True(await Finds("span.status = 'OK'"));
        Assert.True(await Finds("span.attributes.model LIKE 'gpt%'"));
        Assert.True(await Finds("span.attributes.stream = 'true'"));
        Assert.True(await Finds("span.type IN ('LLM', 'TOOL')"));
        Assert.True(await Finds("text ILIKE '%WHY?%'"));
        Assert.False(await Finds("span.name = 'nobody'"));
        Assert.False(await Finds("span.attributes.model = 'gp'"));
        Assert.False(await Finds("text LIKE '%WHY?%'"));
        await Post(host.Client, $"/api/3.0/mlflow/traces/{TraceId}/assessments", """{"assessment": {"assessment_name": "right", "feedback": {"value": true}}}""");
        Assert.True(await Finds("feedback.right = 'true'"));
        Assert.False(await Finds("feedback.right = 'false'"));
        Assert.False(await Finds("expectation.right = 'true'"));

        // The client's own word on the trace keeps its spans.
        await Post(host.Client, "/api/3.0/mlflow/traces", $$$$$$"""{"trace": {"trace_info": {"trace_id": "{{{{{{TraceId}}}}}}", "trace_location": {"mlflow_experiment": {"experiment_id": "0"}}, "request_time": "2023-11-14T22:13:20Z", "state": "OK", "trace_metadata": {"mlflow.trace.sizeStats": "{\"num_spans\": 3}"}}}}""");
        Assert.Equal("{}", await Get(host, "/api/3.0/mlflow/traces/batchGet?trace_ids=" + TraceId));
        using var partial = await host.Client.GetAsync("/api/3.0/mlflow/traces/get?trace_id=" + TraceId, Ct);
        Assert.Equal(404, (int)partial.StatusCode);
        Assert.Equal(2, Trace(await Get(host, $"/api/3.0/mlflow/traces/get?trace_id={TraceId}&allow_partial=True")).GetProperty("spans").GetArrayLength());
        await Post(host.Client, "/api/3.0/mlflow/traces/delete-traces", $$"""{"experiment_id": "0", "request_ids": ["{{TraceId}}"]}""");
        Assert.Equal(0, await host.Service<Db>().Read(tx => tx.Scalar("select count(*) from trace_span"), Ct));
    }

    [Fact]
    public async Task Json_says_the_same_as_protobuf()
    {
        await using var host = await TestHost.Start();
        var json = $$$$"""
            {"resourceSpans": [{"resource": {"attributes": []}, "scopeSpans": [{"scope": {"name": "x"}, "spans": [{"traceId": "{{{{TraceHex.ToUpperInvariant()}}}}", "spanId": "00f067aa0ba902b7", "name": "agent", "kind": 1,
              "startTimeUnixNano": "{{{{T0}}}}", "endTimeUnixNano": "{{{{T0 + 5_000_000}}}}", "status": {"code": 2, "message": "broke"}, "attributes": [{"key": "n", "value": {"intValue": "3"}}, {"key": "x", "value": {"doubleValue": 2}}]}]}]}]}
            """;
        using var answer = await Send(host.Client, Encoding.UTF8.GetBytes(json), "application/json");
        Assert.Equal(("{ }", "application/json"), (await answer.Content.ReadAsStringAsync(Ct), answer.Content.Headers.ContentType!.MediaType));
        var found = Trace(await Get(host, "/api/3.0/mlflow/traces/get?trace_id=" + TraceId));
        Assert.Equal("ERROR", Text(found.GetProperty("trace_info"), "state"));
        Assert.Equal(
            """[{"trace_id":"CvdlGRbNQ92ESOshHIAxnA==","span_id":"APBnqgupArc=","name":"agent","start_time_unix_nano":"1700000000000000000","end_time_unix_nano":"1700000000005000000","attributes":[{"key":"n","value":{"int_value":"3"}},{"key":"x","value":{"double_value":2}}],"status":{"code":"STATUS_CODE_ERROR","message":"broke"}}]""",
            found.GetProperty("spans").GetRawText());
    }

    [Fact]
    public async Task What_cannot_be_stored_is_told_and_the_rest_is_stored()
    {
        await using var host = await TestHost.Start();
        var nameless = new Span(Child()) { TraceId = ByteString.CopyFrom(new byte[16]), Name = "nowhere" };
        var timeless = new Span(Child()) { StartTimeUnixNano = 0, Name = "never" };
        var answer = ExportTraceServiceResponse.Parser.ParseFrom(await Export(host.Client, Request(Root(), nameless, timeless)));
        Assert.Equal(2, answer.PartialSuccess.RejectedSpans);
        Assert.Equal("trace_id of the span 'nowhere' is not 16 bytes that are not all zero. start_time_unix_nano of the span 'never' is 0.", answer.PartialSuccess.ErrorMessage);
        Assert.Equal(1, Trace(await Get(host, "/api/3.0/mlflow/traces/get?trace_id=" + TraceId)).GetProperty("spans").GetArrayLength());
    }

    [Theory]
    [InlineData("", "application/x-protobuf", "none", 400, "header x-mlflow-experiment-id is missing")]
    [InlineData("77", "application/x-protobuf", "none", 404, "No Experiment with id=77 exists")]
    [InlineData("0", "application/xml", "none", 400, "Invalid Content-Type: application/xml. Expected: application/x-protobuf")]
    [InlineData("0", "application/x-protobuf", "br", 400, "Content-Encoding 'br'")]
    [InlineData("0", "application/x-protobuf", "gzip", 400, "not gzip")]
    [InlineData("0", "application/json", "none", 400, "Invalid OpenTelemetry JSON format")]
    public async Task A_refusal_is_a_status_of_the_protocol(string experiment, string type, string encoding, int status, string message)
    {
        await using var host = await TestHost.Start();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/traces") { Content = new ByteArrayContent(Request(Root()).ToByteArray()) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
        if (experiment.Length > 0)
            request.Headers.Add("x-mlflow-experiment-id", experiment);
        if (encoding != "none")
            request.Content.Headers.ContentEncoding.Add(encoding);
        using var answer = await host.Client.SendAsync(request, Ct);
        Assert.Equal(status, (int)answer.StatusCode);
        var told = type == "application/x-protobuf" ? RpcStatus.Parser.ParseFrom(await answer.Content.ReadAsByteArrayAsync(Ct)) : JsonParser.Default.Parse<RpcStatus>(await answer.Content.ReadAsStringAsync(Ct));
        Assert.Contains(message, told.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nonsense_and_what_unpacks_to_too_much_are_refused_and_a_viewer_sends_nothing()
    {
        await using var host = await TestHost.Start(requireToken: true);
        using var owner = host.AsOwner();
        using var nonsense = await Send(owner, [0xFF, 0xFF, 0xFF], "application/x-protobuf");
        Assert.Equal(400, (int)nonsense.StatusCode);
        using var bomb = await Send(owner, Gzip(new byte[65 << 20]), "application/x-protobuf", gzip: true);
        Assert.Equal(413, (int)bomb.StatusCode);
        using var viewer = host.With(await host.Token(Role.Viewer));
        using var refused = await Send(viewer, Request(Root()).ToByteArray(), "application/x-protobuf");
        Assert.Equal((403, 7), ((int)refused.StatusCode, RpcStatus.Parser.ParseFrom(await refused.Content.ReadAsByteArrayAsync(Ct)).Code));
        using var stranger = await Send(host.Client, Request(Root()).ToByteArray(), "application/x-protobuf");
        Assert.Equal(401, (int)stranger.StatusCode);
        using var metrics = await owner.PostAsync("/v1/metrics", null, Ct);
        Assert.Equal(404, (int)metrics.StatusCode);
    }

    // The forms in which MLflow's clients of versions 3 and 2 write the file; the second names numbers with 0x, times without a unit.
    [Theory]
    [InlineData("""{"spans": [{"trace_id": "CvdlGRbNQ92ESOshHIAxnA==", "span_id": "APBnqgupArc=", "parent_span_id": "", "name": "agent", "start_time_unix_nano": 1700000000000000000, "end_time_unix_nano": 1700000002500000000, "status": {"code": "STATUS_CODE_OK", "message": ""}, "attributes": {"mlflow.spanInputs": "{\"q\": 1}", "mlflow.spanType": "\"AGENT\""}, "events": []}, {"no": "span"}]}""")]
    [InlineData("""{"request": "x", "spans": [{"name": "agent", "context": {"span_id": "0x00f067aa0ba902b7", "trace_id": "0x1"}, "parent_id": null, "start_time": 1700000000000000000, "end_time": 1700000002500000000, "status_code": "OK", "status_message": "", "attributes": {"mlflow.spanInputs": "{\"q\": 1}", "mlflow.spanType": "\"AGENT\""}, "events": []}]}""")]
    public async Task Spans_in_a_clients_file_are_read_too(string file)
    {
        await using var host = await TestHost.Start();
        await Post(host.Client, "/api/3.0/mlflow/traces", """{"trace": {"trace_info": {"trace_id": "tr-file", "trace_location": {"mlflow_experiment": {"experiment_id": "0"}}, "request_time": "2023-11-14T22:13:20Z", "state": "OK"}}}""");
        Assert.Equal("""{"items":[]}""", await Get(host, "/api/v1/traces/tr-file/spans"));
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(file));
        using var put = await host.Client.PutAsync("/api/2.0/mlflow-artifacts/artifacts/0/traces/tr-file/artifacts/traces.json", content, Ct);
        Assert.True(put.IsSuccessStatusCode);
        Assert.Equal(
            """{"items":[{"span_id":"00f067aa0ba902b7","name":"agent","type":"AGENT","status":"OK","start_ns":1700000000000000000,"end_ns":1700000002500000000,"attributes":{"mlflow.spanInputs":{"q":1},"mlflow.spanType":"AGENT"},"events":[]}]}""",
            await Get(host, "/api/v1/traces/tr-file/spans"));
        Assert.Contains("\"kvlist_value\":{\"values\":[{\"key\":\"q\",\"value\":{\"int_value\":\"1\"}}]}", await Get(host, "/api/3.0/mlflow/traces/get?trace_id=tr-file"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_native_api_lists_searches_shows_and_deletes()
    {
        await using var host = await TestHost.Start();
        await Export(host.Client, Request(Root(), Child()));
        foreach (var found in new[]
        {
            await Get(host, "/api/v1/traces"), await Get(host, "/api/v1/traces?experiment=Default&filter=" + Uri.EscapeDataString("span.type = 'LLM' or status = 'ERROR'")),
            await Post(host.Client, "/api/v1/traces/search", """{"experiment_ids": ["0"], "filter": "not span.name = 'nobody'", "order_by": ["execution_time desc"]}"""),
        })
            Assert.Contains(TraceId, found, StringComparison.Ordinal);
        Assert.DoesNotContain(TraceId, await Get(host, "/api/v1/traces?filter=" + Uri.EscapeDataString("status = 'ERROR'")), StringComparison.Ordinal);
        Assert.Contains("\"state\":\"ok\"", await Get(host, "/api/v1/traces/" + TraceId), StringComparison.Ordinal);
        using var spans = JsonDocument.Parse(await Get(host, $"/api/v1/traces/{TraceId}/spans"));
        Assert.Equal(["agent", "call"], spans.RootElement.GetProperty("items").EnumerateArray().Select(s => Text(s, "name")));
        using var deleted = await host.Client.DeleteAsync("/api/v1/traces/" + TraceId, Ct);
        Assert.Equal(204, (int)deleted.StatusCode);
        using var gone = await host.Client.GetAsync("/api/v1/traces/" + TraceId, Ct);
        Assert.Equal(404, (int)gone.StatusCode);

        using var made = JsonDocument.Parse(await Post(host.Client, "/api/2.0/mlflow/logged-models", """{"experiment_id": "0", "name": "lin", "params": [{"key": "depth", "value": "6"}]}"""));
        var id = Text(made.RootElement.GetProperty("model").GetProperty("info"), "model_id");
        Assert.Contains(id, await Get(host, "/api/v1/logged-models?filter=" + Uri.EscapeDataString("params.depth = '6' or name = 'x'")), StringComparison.Ordinal);
        Assert.Contains(id, await Post(host.Client, "/api/v1/logged-models/search", """{"experiment_ids": ["0"]}"""), StringComparison.Ordinal);
        Assert.Contains("\"name\":\"lin\"", await Get(host, "/api/v1/logged-models/" + id), StringComparison.Ordinal);
        using var content = new ByteArrayContent("flavors"u8.ToArray());
        using var put = await host.Client.PutAsync($"/api/2.0/mlflow-artifacts/artifacts/0/models/{id}/artifacts/MLmodel", content, Ct);
        Assert.Contains("MLmodel", await Get(host, $"/api/v1/logged-models/{id}/artifacts"), StringComparison.Ordinal);
        Assert.Equal("flavors", await Get(host, $"/api/v1/logged-models/{id}/artifacts/MLmodel"));
    }

    private static Span Root() => new()
    {
        TraceId = ByteString.CopyFrom(Convert.FromHexString(TraceHex)),
        SpanId = ByteString.CopyFrom(Convert.FromHexString("00f067aa0ba902b7")),
        Name = "agent",
        StartTimeUnixNano = T0,
        EndTimeUnixNano = T0 + 2_500_000_000,
        Status = new Status { Code = 1 },
        Attributes =
        {
            Pair("mlflow.spanInputs", new AnyValue { KvlistValue = new KeyValueList { Values = { Pair("question", new AnyValue { StringValue = "why?" }) } } }),
            Pair("mlflow.spanOutputs", new AnyValue { StringValue = "because" }),
            Pair("list", new AnyValue { ArrayValue = new ArrayValue { Values = { new AnyValue { IntValue = long.MaxValue }, new AnyValue { DoubleValue = 2 }, new AnyValue { DoubleValue = 0.1 } } } }),
        },
        Events = { new Span.Types.Event { Name = "thought", TimeUnixNano = T0 + 7, Attributes = { Pair("deep", new AnyValue { BoolValue = false }) } } },
    };

    private static Span Child() => new()
    {
        TraceId = ByteString.CopyFrom(Convert.FromHexString(TraceHex)),
        SpanId = ByteString.CopyFrom(Convert.FromHexString("00f067aa0ba902b8")),
        ParentSpanId = ByteString.CopyFrom(Convert.FromHexString("00f067aa0ba902b7")),
        Name = "call",
        StartTimeUnixNano = T0 + 1_000_000,
        EndTimeUnixNano = T0 + 2_000_000_000,
        Status = new Status(),
        Attributes =
        {
            Pair("mlflow.spanType", new AnyValue { StringValue = "LLM" }),
            Pair("model", new AnyValue { StringValue = "gpt-oss" }),
            Pair("stream", new AnyValue { BoolValue = true }),
            Pair("mlflow.chat.tokenUsage", new AnyValue { StringValue = """{"input_tokens": 7, "output_tokens": 5, "total_tokens": 12}""" }),
        },
    };

    private static KeyValue Pair(string key, AnyValue value) => new() { Key = key, Value = value };

    private static ExportTraceServiceRequest Request(params Span[] spans) => new() { ResourceSpans = { new ResourceSpans { ScopeSpans = { new ScopeSpans { Spans = { spans } } } } } };

    // Our message has the status as a number.
    private static string Numbered(string json) =>
        json.Replace("\"STATUS_CODE_UNSET\"", "0", StringComparison.Ordinal).Replace("\"STATUS_CODE_OK\"", "1", StringComparison.Ordinal);

    private static async Task<byte[]> Export(HttpClient client, ExportTraceServiceRequest request, bool gzip = false)
    {
        using var answer = await Send(client, gzip ? Gzip(request.ToByteArray()) : request.ToByteArray(), "application/x-protobuf", gzip);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Ct));
        Assert.Equal("application/x-protobuf", answer.Content.Headers.ContentType!.MediaType);
        return await answer.Content.ReadAsByteArrayAsync(Ct);
    }

    private static async Task<HttpResponseMessage> Send(HttpClient client, byte[] body, string type, bool gzip = false)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/traces") { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
        if (gzip)
            request.Content.Headers.ContentEncoding.Add("gzip");
        request.Headers.Add("x-mlflow-experiment-id", "0");
        return await client.SendAsync(request, Ct);
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
            gzip.Write(bytes);
        return packed.ToArray();
    }

    private static async Task<string> Search(TestHost host, string filter) =>
        await Post(host.Client, "/api/3.0/mlflow/traces/search", JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["locations"] = new object[] { new Dictionary<string, object> { ["mlflow_experiment"] = new Dictionary<string, string> { ["experiment_id"] = "0" } } },
            ["filter"] = filter,
        }, Contracts.HoldfastJson.Options));

    private static async Task<string> Post(HttpClient client, string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await client.PostAsync(path, content, Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.IsSuccessStatusCode, text);
        return text;
    }

    private static Task<string> Get(TestHost host, string path) => host.Client.GetStringAsync(path, Ct);

    private static JsonElement Trace(string json) => JsonDocument.Parse(json).RootElement.GetProperty("trace");

    private static JsonElement First(string json, string list) => JsonDocument.Parse(json).RootElement.GetProperty(list)[0];

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;
}
