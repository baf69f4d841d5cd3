using Holdfast.Kernel;
using Holdfast.Storage.Sql;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Holdfast.Alerts;

/// <summary>Adds the room.</summary>
public static class AlertsSetup
{
    /// <summary>Registers the door and what stands behind it.</summary>
    public static IServiceCollection AddAlerts(this IServiceCollection services) => services
        .AddSingleton<Webhooks>()
        .AddSingleton(s => new AlertService(
            s.GetRequiredService<Db>(), s.GetRequiredService<TimeProvider>(), s.GetRequiredService<Journal>(), s.GetRequiredService<Webhooks>(), s.GetRequiredService<ILogger<AlertService>>()))
        .AddSingleton<IReconciler, AlertReconciler>();
}
