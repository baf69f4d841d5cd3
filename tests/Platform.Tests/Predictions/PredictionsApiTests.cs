using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using Holdfast.Commands;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Platform.Tests.Commands;
using Holdfast.Predictions;
using Holdfast.Serving;
using Holdfast.Storage.Tables;

namespace Holdfast.Platform.Tests.Predictions;

/// <summary>The log as people and other servers meet it: commands, routes, CloudEvents.</summary>
[Collection("console")]
public sealed class PredictionsApiTests(SharedHost shared) : IClassFixture<SharedHost>
{
    private static readonly Principal Owner = new(1, "owner", Role.Admin, MayExecute: true);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private TestHost Host => shared.Host;

    [Fact]
    public async Task Commands_query_show_label_and_delete_predictions()
    {
        await Endpoint("shop", new EndpointSpec("shop", Fallback: Rules, Key: "who"));
        for (var i = 0; i < 12; i++)
            await Infer("shop", $$"""{"inputs": [{"name": "who", "shape": [1], "datatype": "BYTES", "data": ["k{{i % 4}}"]}, {"name": "x", "shape": [1], "datatype": "FP64", "data": [{{i}}]}]}""");
        var (code, text, error) = await Command("predictions", "compact", "--endpoint", "shop");
        Assert.Equal((ExitCodes.Fine, "1 segments moved to Parquet\n"), (code, text));
        (code, text, error) = await Command("predictions", "query", "select prediction, count(*) as n, max(features.x) as most from predictions group by 1 order by 1", "-e", "shop");
        Assert.Equal((ExitCodes.Fine, "prediction\tn\tmost\nhigh\t6\t11.0\nlow\t6\t5.0\n", ""), (code, text, error));
        (code, text, error) = await Command("predictions", "query", "select id from predictions", "-e", "shop", "--limit", "2", "--output", "csv");
        Assert.Equal((ExitCodes.Fine, 3, "holdfast: only the first 2 rows; --limit takes more.\n"), (code, text.Count(c => c == '\n'), error));
        using var folder = new TemporaryFolder();
        var parquet = Path.Combine(folder.Path, "out.parquet");
        Assert.Equal(ExitCodes.Fine, (await Command("predictions", "query", "select features.x as x, event_time from predictions", "-e", "shop", "-o", "parquet", "--to", parquet)).Code);
        Assert.Equal(12, TableReader.Read(parquet).Rows);
        (code, _, error) = await Command("predictions", "query", "select nothing from predictions", "-e", "shop");
        Assert.Equal(ExitCodes.Failed, code);
        Assert.Contains("nothing", error, StringComparison.Ordinal);
        Assert.Contains("hint: The views are", error, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Usage, (await Command("predictions", "query", "select 1")).Code);
        Assert.Equal(ExitCodes.Usage, (await Command("predictions", "log", "-e", "shop", "-o", "csv")).Code);

        // Labels by key and time out of a file: the four keys' newest predictions.
        var labels = Path.Combine(folder.Path, "labels.csv");
        await File.WriteAllTextAsync(labels, $"key,time,label\nk0,{DateTimeOffset.UnixEpoch.AddYears(70):O},high\nk1,{DateTimeOffset.UnixEpoch.AddYears(1):O},low\n", Ct);
        (code, text, _) = await Command("labels", "add", "shop", "--file", labels, "--tolerance", "36500d");
        Assert.Equal((ExitCodes.Finding, "1 joined, 1 waiting for their prediction, 0 ambiguous, 0 unknown\n"), (code, text));
        (_, text, _) = await Command("predictions", "list", "-e", "shop", "--label", "high", "--where", "x >= 8");
        Assert.Single(text.Split('\n'), l => l.Contains("high\thigh", StringComparison.Ordinal));
        (_, text, _) = await Command("predictions", "log", "-e", "shop");
        Assert.Contains("12 logged, 0 dropped", text, StringComparison.Ordinal);
        Assert.Contains("1 by key; ambiguous: 0", text, StringComparison.Ordinal);

        (code, text, _) = await Command("predictions", "delete", "-e", "shop", "--key", "k0");
        Assert.Equal((ExitCodes.Fine, "deleted: 3 predictions, 1 labels (request 1)\n"), (code, text));
        (_, text, _) = await Command("predictions", "query", "select count(*) as n, count(label) as labels from predictions", "-e", "shop", "-o", "csv");
        Assert.Equal("n,labels\n9,0\n", text);
    }

    [Theory]
    [InlineData(EventTarget.KServe)]
    [InlineData(EventTarget.Seldon)]
    public async Task Predictions_go_out_as_events_and_come_in_as_events_on_another_endpoint(string format)
    {
        await using var receiver = new Receiver();
        var (source, copy) = ($"from-{format}", $"to-{format}");
        await Endpoint(source, new EndpointSpec(source, Fallback: Rules, Key: "who", Log: new LogRules(Redact: ["secret"], Events: new EventTarget(receiver.Url, format))));
        await Endpoint(copy, new EndpointSpec(copy));
        await Infer(source, """{"inputs": [{"name": "x", "shape": [2], "datatype": "FP64", "data": [9, null]}, {"name": "secret", "shape": [2], "datatype": "BYTES", "data": ["s3", "s4"]}]}""");
        var events = await receiver.Take(4, Ct);
        var family = format == EventTarget.KServe ? "org.kubeflow.serving.inference." : "io.seldon.serving.inference.";
        Assert.Equal([family + "request", family + "request", family + "response", family + "response"], events.Select(e => e.Headers["ce-type"]).Order());
        Assert.DoesNotContain(events, e => e.Body.Contains("secret", StringComparison.Ordinal));
        Assert.Equal(2, events.Select(e => e.Headers[format == EventTarget.KServe ? "ce-id" : "ce-requestid"]).Distinct().Count());
        Assert.All(events, e => Assert.Equal((format == EventTarget.KServe ? "1.0" : "0.3", source), (e.Headers["ce-specversion"], e.Headers["ce-inferenceservicename"])));

        // What was sent is taken in, in any order and twice.
        var states = new List<string>();
        foreach (var e in events.OrderByDescending(e => e.Headers["ce-type"]).Concat(events))
            states.Add((await Send(copy, e.Headers, e.Body)).State);
        Assert.Equal(["waiting", "waiting", "logged", "logged", "repeated", "repeated", "repeated", "repeated"], states);
        var (from, to) = (await Logged(source), await Logged(copy));
        Assert.Equal(from.OrderBy(p => p.Entry.Id, StringComparer.Ordinal).Select(p => (p.Entry.Id, p.Entry.At, p.Entry.Score, p.Entry.Prediction, Features(p))), to.OrderBy(p => p.Entry.Id, StringComparer.Ordinal).Select(p => (p.Entry.Id, p.Entry.At, p.Entry.Score, p.Entry.Prediction, Features(p))));
        var figures = await Host.Service<PredictionService>().Figures(Owner, source, Ct);
        Assert.Equal((4L, 0L, 0L), (figures.Events!.Sent, figures.Events.Failed, figures.Events.Dropped));
    }

    [Fact]
    public async Task Events_of_foreign_servers_become_records_and_their_labels_name_the_request()
    {
        await Endpoint("foreign", new EndpointSpec("foreign"));
        // Seldon's headers, version 1 of the protocol, two rows; the request id is no UUID.
        Dictionary<string, string> Headers(string half) => new() { ["ce-specversion"] = "0.3", ["ce-type"] = "io.seldon.serving.inference." + half, ["ce-id"] = half, ["ce-requestid"] = "puid/7", ["ce-modelid"] = "iris", ["ce-endpoint"] = "canary" };
        Assert.Equal("waiting", (await Send("foreign", Headers("response"), """{"predictions": [[0.2, 0.8], [0.9, 0.1]]}""")).State);
        var answer = await Send("foreign", Headers("request"), """{"instances": [{"a": 1, "b": "x"}, {"a": null, "b": "y"}]}""");
        Assert.Equal(("logged", 2), (answer.State, answer.PredictionIds.Count));
        using var labels = await Host.Client.PostAsJsonAsync("/api/v1/endpoints/foreign/labels", new { request_id = "puid/7", row = 1, value = "0" }, Ct);
        Assert.Equal(HttpStatusCode.OK, labels.StatusCode);
        var logged = await Logged("foreign");
        Assert.Equal([("candidate", "iris", 0.8, null), ("candidate", "iris", 0.1, "0")], logged.Select(p => (p.Entry.Role, p.Entry.Model, p.Entry.Score, p.Label)));
        Assert.Equal(["a=1,b=x", "a=,b=y"], logged.Select(Features));

        // The structured mode, a matrix of inputs.
        async Task<EventAnswer> Structured(string half, string data)
        {
            using var content = new StringContent($$"""{"specversion": "1.0", "type": "org.kubeflow.serving.inference.{{half}}", "id": "e-1", "source": "x", "data": {{data}}}""", Encoding.UTF8, "application/cloudevents+json");
            using var response = await Host.Client.PostAsync("/api/v1/endpoints/foreign/events", content, Ct);
            return (await response.Content.ReadFromJsonAsync<EventAnswer>(HoldfastJson.Options, Ct))!;
        }

        await Structured("request", """{"inputs": [{"name": "in", "shape": [2, 2], "datatype": "FP32", "data": [[1, 2], [3, 4]]}]}""");
        Assert.Equal("logged", (await Structured("response", """{"model_name": "net", "model_version": "4", "outputs": [{"name": "out", "shape": [2], "datatype": "FP32", "data": [0.5, 0.25]}]}""")).State);
        Assert.Equal([("net", 4, 0.5, "in_0=1,in_1=2"), ("net", 4, 0.25, "in_0=3,in_1=4")], (await Logged("foreign")).Where(p => p.Entry.Model == "net").Select(p => (p.Entry.Model, p.Entry.ModelVersion, p.Entry.Score, Features(p))));

        using var nonsense = await Host.Client.PostAsJsonAsync("/api/v1/endpoints/foreign/events", new { }, Ct);
        Assert.Equal(["ce-type", "ce-id"], (await Host.Problem(nonsense)).Faults!.Select(f => f.Field));
    }

    [Fact]
    public async Task An_editor_cannot_have_events_sent_to_a_private_address_and_a_bad_declaration_is_told_whole()
    {
        await using var receiver = new Receiver();
        var spec = new EndpointSpec("careful", Fallback: Rules, Log: new LogRules(Events: new EventTarget(receiver.Url, MayBePrivate: true)));
        await Host.Service<ServingService>().ApplyEndpoint(new Principal(1, "editor", Role.Editor), spec, null, Ct);
        await Infer("careful", """{"inputs": [{"name": "x", "shape": [1], "datatype": "FP64", "data": [1]}]}""");
        EventFigures figures;
        while ((figures = (await Host.Service<PredictionService>().Figures(Owner, "careful", Ct)).Events!).Failed < 2)
            await Task.Delay(5, Ct);
        Assert.Equal(0, figures.Sent);
        Assert.Contains("may reach", figures.LastError, StringComparison.Ordinal);
        Assert.Empty(receiver.Taken);
        var e = await Assert.ThrowsAsync<HoldfastException>(() => Host.Service<ServingService>().ApplyEndpoint(
            Owner, new EndpointSpec("bad", Log: new LogRules(TimeSpan.FromSeconds(1), ["a", ""], ["a"], new EventTarget("ftp://x", "morse"))), null, Ct));
        Assert.Equal(["retention", "redact", "hash", "events.to", "events.format"], e.Faults.Select(f => f.Field));
    }

    private const string Rules = "inputs: {x: {type: number}}\nrules:\n  - {when: \"x >= 6\", score: 0.9, prediction: high}\nelse: {score: 0.1, prediction: low}\n";

    private Task<EndpointState> Endpoint(string name, EndpointSpec spec) => Host.Service<ServingService>().ApplyEndpoint(Owner, spec with { Name = name }, null, Ct);

    private async Task Infer(string endpoint, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await Host.Client.PostAsync($"/v2/models/{endpoint}/infer", content, Ct);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    private async Task<IReadOnlyList<LoggedPrediction>> Logged(string endpoint) => (await Host.Service<PredictionService>().Query(Owner, new PredictionQuery(endpoint), Ct)).Items;

    private static string Features(LoggedPrediction p) => string.Join(",", p.Entry.Features.Select(f => $"{f.Name}={f.Text ?? (double.IsNaN(f.Number) ? "" : f.Number.ToString(System.Globalization.CultureInfo.InvariantCulture))}"));

    private async Task<EventAnswer> Send(string endpoint, IReadOnlyDictionary<string, string> headers, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/endpoints/{endpoint}/events") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        foreach (var (name, value) in headers.Where(h => h.Key.StartsWith("ce-", StringComparison.Ordinal)))
            request.Headers.TryAddWithoutValidation(name, value);
        using var response = await Host.Client.SendAsync(request, Ct);
        var answer = await response.Content.ReadFromJsonAsync<EventAnswer>(HoldfastJson.Options, Ct);
        Assert.Equal(answer!.State == "waiting" ? HttpStatusCode.Accepted : HttpStatusCode.OK, response.StatusCode);
        return answer;
    }

    private Task<ConsoleRun> Command(params string[] args) => ConsoleRun.Of([.. args, "--server", Host.Url]);

    /// <summary>Takes posts and keeps them.</summary>
    private sealed class Receiver : IAsyncDisposable
    {
        private readonly HttpListener _listener = new();
        private readonly Task _loop;

        public Receiver()
        {
            Url = $"http://127.0.0.1:{ServerProcess.FreePort()}/";
            _listener.Prefixes.Add(Url);
            _listener.Start();
            _loop = Task.Run(Listen);
        }

        public string Url { get; }

        public ConcurrentQueue<(Dictionary<string, string> Headers, string Body)> Taken { get; } = new();

        public async Task<List<(Dictionary<string, string> Headers, string Body)>> Take(int count, CancellationToken ct)
        {
            while (Taken.Count < count)
                await Task.Delay(5, ct);
            return [.. Taken];
        }

        public async ValueTask DisposeAsync()
        {
            _listener.Stop();
            await _loop;
            _listener.Close();
        }

        private async Task Listen()
        {
            try
            {
                while (true)
                {
                    var context = await _listener.GetContextAsync();
                    using var reader = new StreamReader(context.Request.InputStream);
                    var body = await reader.ReadToEndAsync();
                    Taken.Enqueue((context.Request.Headers.AllKeys.ToDictionary(k => k!.ToLowerInvariant(), k => context.Request.Headers[k]!), body));
                    context.Response.StatusCode = 202;
                    context.Response.Close();
                }
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                // Stopped.
            }
        }
    }
}
