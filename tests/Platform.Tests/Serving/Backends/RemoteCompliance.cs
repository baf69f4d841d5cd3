using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Registry;
using Holdfast.Serving.Backends;
using Holdfast.Serving.Backends.Remote;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Holdfast.Platform.Tests.Serving.Backends;

/// <summary>A model server of the test's own: both protocols, and faults on demand.</summary>
internal sealed class ModelServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _calls;

    private ModelServer(WebApplication app) => _app = app;

    public string Url => _app.Urls.First();

    public int Calls => Volatile.Read(ref _calls);

    /// <summary>What happens to a call: null = it is answered, else a status, or 0 = it hangs, -1 = the connection breaks.</summary>
    public Func<int, int?> Fault { get; set; } = _ => null;

    public static async Task<ModelServer> Start()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrel().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var server = new ModelServer(app);
        app.Run(server.Answer);
        await app.StartAsync();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private async Task Answer(HttpContext http)
    {
        switch (Fault(Interlocked.Increment(ref _calls)))
        {
            case 0:
                await Task.Delay(Timeout.Infinite, http.RequestAborted);
                return;
            case -1:
                http.Abort();
                return;
            case { } status:
                http.Response.StatusCode = status;
                await http.Response.WriteAsJsonAsync(new { error = "not now" });
                return;
        }

        using var body = await JsonDocument.ParseAsync(http.Request.Body);
        if (http.Request.Path == "/invocations")
        {
            var rows = body.RootElement.GetProperty("dataframe_split").GetProperty("data").EnumerateArray().Select(r => Score(r[0], r[1]));
            await http.Response.WriteAsJsonAsync(new { predictions = rows });
        }
        else if (http.Request.Path == "/v2/models/card/versions/3/infer")
        {
            var data = body.RootElement.GetProperty("inputs").EnumerateArray().ToDictionary(i => i.GetProperty("name").GetString()!, i => i.GetProperty("data").EnumerateArray().ToArray());
            // The data before its name, nested, and another output: all of it may be.
            var scores = data["amount"].Zip(data["age"], (amount, age) => new[] { Score(amount, age) });
            await http.Response.WriteAsJsonAsync(new { model_name = "card", outputs = new object[] { new { data = scores, name = "score", datatype = "FP64" }, new { name = "extra", datatype = "INT64", data = 7 } } });
        }
        else
            http.Response.StatusCode = 404;
    }

    private static double Score(JsonElement amount, JsonElement age) =>
        (amount.ValueKind == JsonValueKind.Number && amount.GetDouble() > 1000 ? 0.9 : 0.1) + (age.ValueKind == JsonValueKind.Number && age.GetDouble() > 60 ? 0.05 : 0);
}

public abstract class UpstreamCompliance : BackendCompliance
{
    private ModelServer _server = null!;

    protected override string Kind => "upstream";

    protected abstract UpstreamSpec Spec(string url);

    protected override async Task<IBackend> Open()
    {
        _server = await ModelServer.Start();
        return new UpstreamBackend(new ModelPackage(1, "upstream", "", "binary", new Signature(Inputs, [new SignatureField("score", "FP64")]), Upstream: Spec(_server.Url) with { TimeoutMs = 10_000 }), isTrusted: true);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _server.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}

public sealed class UpstreamV2Compliance : UpstreamCompliance
{
    protected override UpstreamSpec Spec(string url) => new(url, "v2", "card", "3", PrivateNetwork: true);
}

public sealed class UpstreamInvocationsCompliance : UpstreamCompliance
{
    protected override UpstreamSpec Spec(string url) => new(url + "/invocations", "invocations", PrivateNetwork: true);
}

public abstract class ProcessCompliance : BackendCompliance
{
    protected override string Kind => "process";

    protected abstract string Protocol { get; }

    // One process for the class would be shared state; it starts in a tenth of a second.
    protected override async Task<IBackend> Open()
    {
        Assert.SkipUnless(TestPython.Path is not null, "python3 is not installed");
        return await ProcessModels.Start(Folder, new ProcessSpec([TestPython.Path!, "serve.py"], Protocol));
    }
}

public sealed class ProcessV2Compliance : ProcessCompliance
{
    protected override string Protocol => "v2";
}

public sealed class ProcessInvocationsCompliance : ProcessCompliance
{
    protected override string Protocol => "invocations";
}

internal static class TestPython
{
    public static string? Path { get; } = new[] { "/usr/bin/python3", "/usr/local/bin/python3", "/opt/homebrew/bin/python3" }.FirstOrDefault(File.Exists);
}

internal static class ProcessModels
{
    public static readonly Signature Signature = new([new("amount", "FP64"), new("age", "FP64", Default: 30)], [new("score", "FP64")]);

    /// <summary>The example's server, started.</summary>
    public static async Task<ProcessBackend> Start(string folder, ProcessSpec spec)
    {
        var package = System.IO.Path.Combine(folder, "package");
        Directory.CreateDirectory(package);
        File.Copy(System.IO.Path.Combine(Repository.Root, "examples", "python-scoring", "serve.py"), System.IO.Path.Combine(package, "serve.py"), true);
        return await ProcessBackend.Start(
            new ModelPackage(1, "process", "", "binary", Signature, Process: spec), package, System.IO.Path.Combine(folder, "log"), TimeProvider.System, NullLogger.Instance, TestContext.Current.CancellationToken);
    }
}

/// <summary>What an upstream does when the other server does not.</summary>
public sealed class UpstreamFaultTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new() { AutoAdvanceAmount = TimeSpan.Zero };
    private ModelServer _server = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _server = await ModelServer.Start();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData(503, 3, true)]
    [InlineData(429, 3, true)]
    [InlineData(500, 1, false)]
    [InlineData(-1, 1, false)]
    [InlineData(400, 1, false)]
    public async Task It_asks_again_only_where_the_server_has_not_begun(int fault, int calls, bool answered)
    {
        _server.Fault = call => call < 3 ? fault : null;
        using var backend = Backend(new UpstreamSpec(_server.Url, "v2", "card", "3", PrivateNetwork: true));
        var error = await Ask(backend);
        Assert.Equal((calls, answered), (_server.Calls, error is null));
        if (fault > 0 && !answered)
            Assert.Contains($"answered {fault}: not now", error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_hangs_is_given_up_at_its_time_out()
    {
        _server.Fault = _ => 0;
        using var backend = Backend(new UpstreamSpec(_server.Url, "v2", "card", "3", TimeoutMs: 50, PrivateNetwork: true));
        Assert.Equal((ErrorCode.Timeout, 1), ((await Ask(backend))!.Code, _server.Calls));
        using var mine = new CancellationTokenSource(TimeSpan.FromMilliseconds(20));
        using var patient = Backend(new UpstreamSpec(_server.Url, "v2", "card", "3", TimeoutMs: 60_000, PrivateNetwork: true));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await patient.PredictAsync(FeatureRows.For(patient.Info.Signature, 1), new Outcome[1], mine.Token));
    }

    [Fact]
    public async Task After_many_failures_it_is_left_alone_and_asked_again_later()
    {
        _server.Fault = _ => 500;
        using var backend = Backend(new UpstreamSpec(_server.Url, "v2", "card", "3", Retries: 0, BreakSeconds: 5, PrivateNetwork: true), _time);
        for (var i = 0; i < 10; i++)
            Assert.Contains("answered 500", (await Ask(backend))!.Message, StringComparison.Ordinal);
        Assert.Contains("left alone after too many failures", (await Ask(backend))!.Message, StringComparison.Ordinal);
        Assert.Equal(10, _server.Calls);
        _server.Fault = _ => null;
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.Null(await Ask(backend));
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task A_private_address_needs_the_right_to_execute_and_to_say_so(bool trusted, bool declared)
    {
        using var backend = Backend(new UpstreamSpec(_server.Url, "v2", "card", "3", PrivateNetwork: declared), trusted: trusted);
        Assert.Contains("no address that this channel may reach", (await Ask(backend))!.Message, StringComparison.Ordinal);
        Assert.Equal(0, _server.Calls);
    }

    [Theory]
    [InlineData("{}", "there is no 'predictions'")]
    [InlineData("{\"predictions\": [0.5]}", "1 numbers for 2 rows")]
    [InlineData("{\"predictions\": 3}", "is not a list")]
    [InlineData("<html>", "cannot be read")]
    public void An_answer_that_does_not_fit_is_an_error_in_words(string body, string said) =>
        Assert.Contains(said, Assert.Throws<HoldfastException>(() => Read("binary", body, 2)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("binary", "[[0.8, 0.2], [0.4, 0.6]]", "0.2:0 0.6:1")]
    [InlineData("binary", "[0, 1]", "0:0 1:1")]
    [InlineData("regression", "[2.5, 3]", "2.5:2.5 3:3")]
    [InlineData("multiclass", "[\"cat\", \"dog\"]", "1:cat 1:dog")]
    [InlineData("multiclass", "[{\"label\": \"a\", \"score\": 0.7}, {\"label\": \"b\", \"score\": 0.6}]", "0.7:a 0.6:b")]
    [InlineData("binary", "[{\"score\": 0.7, \"z\": 1}, {\"z\": 1, \"score\": 0.1}]", "0.7:1 0.1:0")]
    public void Predictions_come_in_many_forms(string task, string predictions, string expected) =>
        Assert.Equal(expected, string.Join(' ', Read(task, $$"""{"predictions": {{predictions}}}""", 2).Select(o => FormattableString.Invariant($"{o.Score}:{o.Prediction}"))));

    private static Outcome[] Read(string task, string body, int rows)
    {
        var package = new ModelPackage(1, "upstream", "", task, new Signature([], [new SignatureField("score", "FP64")]));
        var outcomes = new Outcome[rows];
        new RemoteCodec(package, "invocations", "m", null, null).Read(System.Text.Encoding.UTF8.GetBytes(body), outcomes);
        return outcomes;
    }

    private static UpstreamBackend Backend(UpstreamSpec spec, TimeProvider? time = null, bool trusted = true) =>
        new(new ModelPackage(1, "upstream", "", "binary", ProcessModels.Signature, Upstream: spec), trusted, time);

    private static async Task<HoldfastException?> Ask(UpstreamBackend backend)
    {
        try
        {
            await backend.PredictAsync(FeatureRows.For(backend.Info.Signature, 1), new Outcome[1], Ct);
            return null;
        }
        catch (HoldfastException e)
        {
            return e;
        }
    }
}
