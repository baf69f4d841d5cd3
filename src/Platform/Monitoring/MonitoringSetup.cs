using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Monitoring;

/// <summary>Adds the room.</summary>
public static class MonitoringSetup
{
    /// <summary>Registers the door and what stands behind it.</summary>
    public static IServiceCollection AddMonitoring(this IServiceCollection services) => services.AddSingleton<MonitoringService>();
}
