using Holdfast.Kernel;
using Holdfast.Predictions;
using Holdfast.Registry;
using Holdfast.Storage.Sql;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Holdfast.Serving;

/// <summary>Registration of the room.</summary>
public static class ServingSetup
{
    /// <summary>Adds endpoints and the gateway. It starts after the prediction log and before the control loop.</summary>
    public static IServiceCollection AddServing(this IServiceCollection services)
    {
        services.TryAddSingleton<LoadBackend>(s => async (p, variant, ct) =>
        {
            var registry = s.GetRequiredService<RegistryService>();
            var version = await registry.GetVersion(p, variant.Model, variant.Version, ct);
            return Backends.Backends.Load(await registry.PackagePath(p, version, ct));
        });
        services.AddSingleton(s => new ServingService(
            new EndpointStore(s.GetRequiredService<Db>(), s.GetRequiredService<Journal>(), s.GetRequiredService<TimeProvider>()),
            s.GetRequiredService<LoadBackend>(), s.GetRequiredService<PredictionService>(), s.GetRequiredService<RegistryService>(), s.GetRequiredService<Journal>(), s.GetRequiredService<TimeProvider>(),
            s.GetRequiredService<ILogger<ServingService>>()));
        services.AddHostedService(s => s.GetRequiredService<ServingService>());
        return services;
    }
}
