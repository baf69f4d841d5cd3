using System.Globalization;
using Holdfast.Kernel;
using Holdfast.Predictions;
using Holdfast.Registry;
using Holdfast.Serve;
using Holdfast.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Configuration;

namespace Holdfast.Bench.Serving;

/// <summary>An endpoint whose model another server serves, beside a plain proxy to that server. Client, proxy and server share this process: read the differences to the direct row.</summary>
internal static class UpstreamBench
{
    private const int Width = 10;

    public static async Task Run(int connections, int seconds)
    {
        await using var model = Model();
        await model.StartAsync();
        var url = model.Urls.First();
        var direct = await Measure("the model server alone", url, connections, seconds, 0);
        await using (var proxy = Proxy(url))
        {
            await proxy.StartAsync();
            await Measure("through YARP", proxy.Urls.First(), connections, seconds, direct);
            await proxy.StopAsync();
        }

        var data = Directory.CreateTempSubdirectory("holdfast-bench-");
        try
        {
            await using var app = HoldfastServer.Build(ServeOptions.Embedded(data.FullName) with { LogLevel = LogLevel.Error });
            await HoldfastServer.Start(app);
            await Deploy(app, url, data.FullName);
            await Measure("through an endpoint", app.Urls.First(), connections, seconds, direct);
            var completeness = app.Services.GetRequiredService<PredictionService>().Completeness(new EndpointKey(1, "x"));
            Console.WriteLine($"log: {completeness.Answered:N0} answered, {completeness.Dropped:N0} dropped");
            await app.StopAsync();
        }
        finally
        {
            data.Delete(recursive: true);
        }
    }

    private static async Task Deploy(WebApplication app, string url, string data)
    {
        var owner = Principal.Controller(1, "bench");
        var folder = Path.Combine(data, "package");
        new ModelPackage(
            1, "upstream", "", "binary", new Signature([.. Enumerable.Range(0, Width).Select(i => new SignatureField(BenchModel.Name(i), "FP64"))], [new SignatureField("score", "FP64")]),
            Upstream: new UpstreamSpec(url, Model: "x", PrivateNetwork: true)).Write(folder);
        var version = await app.Services.GetRequiredService<RegistryService>().CreateVersion(owner, new NewModelVersion("x", folder));
        await app.Services.GetRequiredService<ServingService>().ApplyEndpoint(owner, new EndpointSpec("x", $"x/{version.Version}"), null);
    }

    private static WebApplication Model()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrel().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var answer = """{"model_name":"x","outputs":[{"name":"score","datatype":"FP64","shape":[1],"data":[0.25]}]}"""u8.ToArray();
        app.Run(async http =>
        {
            await http.Request.Body.CopyToAsync(Stream.Null);
            http.Response.ContentType = "application/json";
            http.Response.ContentLength = answer.Length;
            await http.Response.Body.WriteAsync(answer);
        });
        return app;
    }

    private static WebApplication Proxy(string url)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddReverseProxy().LoadFromMemory(
            [new RouteConfig { RouteId = "all", ClusterId = "model", Match = new RouteMatch { Path = "{**all}" } }],
            [new ClusterConfig { ClusterId = "model", Destinations = new Dictionary<string, DestinationConfig> { ["one"] = new() { Address = url } } }]);
        var app = builder.Build();
        app.MapReverseProxy();
        return app;
    }

    private static async Task<double> Measure(string what, string url, int connections, int seconds, double direct)
    {
        var load = new Load(new Uri(url), Width, connections, labels: false);
        await load.Run(3);
        var began = Environment.CpuUsage.TotalTime;
        var result = await load.Run(seconds);
        var cpu = (Environment.CpuUsage.TotalTime - began).TotalMicroseconds / result.Requests;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{what,-24} {result.Rate,9:N0} requests/s   p50 {result.P50,6:0.00} ms   p99 {result.P99,6:0.00} ms   {cpu,6:0.0} us of processor a request{(direct > 0 ? $", {cpu - direct:0.0} us more than direct" : "")}"));
        return cpu;
    }
}
