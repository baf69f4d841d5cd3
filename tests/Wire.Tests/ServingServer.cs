using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Holdfast.Kernel;
using Holdfast.Platform.Tests;
using Holdfast.Registry;
using Holdfast.Serving;
using Holdfast.Serving.Backends;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Wire.Tests;

/// <summary>
/// One server for the tests of all serving protocols, with gRPC. Endpoint <c>credit</c>: two versions of a model whose score is
/// income / 100,000 (version 2: twice that), half of the units to the candidate. Endpoint <c>rules</c>: rules alone.
/// </summary>
public sealed class ServingServer : IAsyncLifetime
{
    /// <summary>Rules of both endpoints.</summary>
    public const string Rules =
        """
        inputs:
          income: {type: number, default: 0}
        else: {score: 0.25, prediction: "no"}
        """;

    /// <summary>A version of the model that answers when it is let go.</summary>
    public const int WaitingVersion = 9;

    private static readonly SemaphoreSlim _released = new(0);

    public static readonly Principal Someone = new(1, "someone", Role.Editor);

    public TestHost Host { get; private set; } = null!;

    public string GrpcUrl { get; private set; } = "";

    public ServingService Serving => Host.Service<ServingService>();

    public async ValueTask InitializeAsync()
    {
        GrpcUrl = $"http://127.0.0.1:{FreePort()}";
        Host = await TestHost.Start(
            change: o => o with { GrpcUrls = [GrpcUrl] },
            customize: s => s.AddSingleton<LoadBackend>((_, variant, _) => Task.FromResult<IBackend>(new CreditBackend(variant.Version))));
        await Serving.ApplyEndpoint(Someone, new EndpointSpec("credit", Fallback: Rules, Key: "who"), null);
        await Serving.SetPlan(Someone, "credit", new RoutePlan(0, new VariantRef("m", 1), new VariantRef("m", 2), RouteMode.None, 0, "salt", null), 0);
        await Serving.ApplyEndpoint(Someone, new EndpointSpec("rules", Fallback: Rules), null);
    }

    public ValueTask DisposeAsync() => Host.DisposeAsync();

    public async Task<(HttpStatusCode Status, JsonElement Body, HttpResponseMessage Response)> Post(string path, HttpContent content, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        var response = await Host.Client.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return (response.StatusCode, text.StartsWith('{') && response.Content.Headers.ContentType?.MediaType == "application/json" ? JsonDocument.Parse(text).RootElement : default, response);
    }

    /// <summary>Lets one call of the waiting version go on.</summary>
    public static void Release() => _released.Release();

    public static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private sealed class CreditBackend(int version) : IBackend
    {
        public BackendInfo Info { get; } = new(
            "onnx", "binary", new Signature([new SignatureField("income", "FP64"), new SignatureField("age", "INT32", Default: 30), new SignatureField("region", "BYTES")], [new SignatureField("score", "FP64")]));

        public void Predict(FeatureRows rows, Span<Outcome> outcomes)
        {
            // The call that warms it up has no income.
            if (version == WaitingVersion && rows.Numbers(0)[0] > 0)
                _released.Wait(TimeSpan.FromSeconds(30));
            var (incomes, regions) = (rows.Numbers(rows.Column("income")), rows.Texts(rows.Column("region"))!);
            for (var i = 0; i < rows.Count; i++)
            {
                var score = regions[i] == "broken" ? throw new InvalidOperationException("broken") : incomes[i] / 100_000 * version;
                outcomes[i] = new Outcome(score, score >= 0.5 ? "1" : "0");
            }
        }

        public void Dispose()
        {
        }
    }
}

[CollectionDefinition(nameof(ServingServer))]
public sealed class ServingServerCollection : ICollectionFixture<ServingServer>;
