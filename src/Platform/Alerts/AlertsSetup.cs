using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Alerts;

/// <summary>Adds the room.</summary>
public static class AlertsSetup
{
    /// <summary>Registers the door and what stands behind it.</summary>
    public static IServiceCollection AddAlerts(this IServiceCollection services) => services.AddSingleton<AlertService>();
}
