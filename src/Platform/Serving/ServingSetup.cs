using Holdfast.Kernel;
using Holdfast.Predictions;
using Holdfast.Registry;
using Holdfast.Storage;
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
            var context = new Backends.BackendContext(
                Path.Combine(s.GetRequiredService<DataFolder>().Work, "serving", $"{p.WorkspaceId}-{Folder(variant.Model)}-{variant.Version}"), version.PackageKey.Length > 0,
                s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILogger<ServingService>>(), [.. s.GetServices<Backends.BackendKind>()]);
            return await Backends.Backends.Load(await registry.PackagePath(p, version, ct), context, ct);
        });
        services.AddSingleton(s => new ServingService(
            new EndpointStore(s.GetRequiredService<Db>(), s.GetRequiredService<Journal>(), s.GetRequiredService<TimeProvider>()),
            s.GetRequiredService<LoadBackend>(), s.GetRequiredService<PredictionService>(), s.GetRequiredService<RegistryService>(), s.GetRequiredService<Journal>(), s.GetRequiredService<TimeProvider>(),
            s.GetRequiredService<ILogger<ServingService>>()));
        services.AddHostedService(s => s.GetRequiredService<ServingService>());
        return services;
    }

    // Two models of different names never share a folder: what is no plain letter is written as its number.
    private static string Folder(string model) =>
        string.Concat(model.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' ? c.ToString() : $"_{(int)c:x}_"));
}
