using Holdfast.Contracts;
using Holdfast.Data;
using Holdfast.Kernel;
using Holdfast.Predictions;
using Holdfast.Registry;
using Holdfast.Storage.Blobs;
using Holdfast.Storage.Sql;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Monitoring;

/// <summary>Adds the room.</summary>
public static class MonitoringSetup
{
    /// <summary>Registers the door and what stands behind it.</summary>
    public static IServiceCollection AddMonitoring(this IServiceCollection services) => services
        .AddSingleton<MonitorDirectory>()
        .AddSingleton<MonitorFold>()
        .AddSingleton<IPredictionFold>(s => s.GetRequiredService<MonitorFold>())
        .AddSingleton(s => new Baselines(s.GetRequiredService<DataService>(), Lineage(s)))
        .AddSingleton<BaselineSource>(s => s.GetRequiredService<Baselines>().Find)
        .AddSingleton(s => new MonitoringService(
            s.GetRequiredService<Db>(), s.GetRequiredService<TimeProvider>(), s.GetRequiredService<Journal>(), s.GetRequiredService<MonitorDirectory>(),
            s.GetRequiredService<PredictionService>(), s.GetRequiredKeyedService<IBlobStore>("blobs")))
        .AddSingleton<IReconciler, MonitorReconciler>();

    private static LineageSource Lineage(IServiceProvider services) => async (workspace, model, version, ct) =>
    {
        try
        {
            var found = await services.GetRequiredService<RegistryService>().GetVersion(Principal.Controller(workspace, "monitoring"), model, version, ct);
            return new ModelLineage(found.DatasetVersion, found.Signature?.Inputs);
        }
        catch (HoldfastException e) when (e.Code == ErrorCode.NotFound)
        {
            return null;
        }
    };
}
