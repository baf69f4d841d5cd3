using System.Globalization;
using Holdfast.Data;
using Holdfast.Kernel;
using Holdfast.Monitoring;
using Holdfast.Predictions;
using Holdfast.Registry;
using Holdfast.Serve;
using Holdfast.Serving;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Holdfast.Bench.Serving;

/// <summary>The server as it ships, with one endpoint that serves the model.</summary>
internal static class HoldfastUnderLoad
{
    public static async Task Run(string kind, string folder, int width)
    {
        var data = Directory.CreateDirectory(Path.Combine(folder, $"data-{kind}-{width}"));
        await using var app = HoldfastServer.Build(ServeOptions.Embedded(data.FullName) with { LogLevel = LogLevel.Error });
        await HoldfastServer.Start(app);
        var p = Principal.Controller(1, "bench");
        var serving = app.Services.GetRequiredService<ServingService>();
        var registry = app.Services.GetRequiredService<RegistryService>();
        await app.Services.GetRequiredService<DataService>().Add(p, "training", Path.Combine(folder, $"training-{width}.csv"), "bench");
        for (var version = 0; version < 2; version++)
            await registry.CreateVersion(p, new NewModelVersion("m", Path.Combine(folder, $"model-{width}"), DatasetVersion: "training@v1"));
        await serving.ApplyEndpoint(p, new EndpointSpec("x"), null);
        var (v1, v2) = (new VariantRef("m", 1), new VariantRef("m", 2));
        await serving.SetPlan(
            p, "x", kind switch
            {
                "split" => new RoutePlan(0, v1, v2, RouteMode.Split, 0.05, "salt", null),
                "shadow" => new RoutePlan(0, v1, v2, RouteMode.Shadow, 0, "salt", null),
                _ => RoutePlan.Empty with { Primary = v1 },
            },
            0);
        if (kind != "plain")
            await app.Services.GetRequiredService<MonitoringService>().ApplyMonitor(p, new MonitorSpec("x", TimeSpan.FromMinutes(1), "training@v1", ["1m", "5m", "1h", "24h"]), null);
        Console.WriteLine(app.Urls.First());
        await Console.In.ReadToEndAsync();
        var completeness = app.Services.GetRequiredService<PredictionService>().Completeness(new EndpointKey(1, "x"));
        if (completeness.Dropped > 0)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"({completeness.Dropped:N0} of {completeness.Answered:N0} not logged)"));
        await app.StopAsync();
    }
}
