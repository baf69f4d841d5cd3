using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Holdfast.Tracking;

/// <summary>Registers the room.</summary>
public static class TrackingSetup
{
    /// <summary>Adds tracking. The host may register its own <see cref="TrackingOptions"/> before or after.</summary>
    public static IServiceCollection AddTracking(this IServiceCollection services)
    {
        services.TryAddSingleton<TrackingOptions>();
        services.AddSingleton<ArtifactPlace>();
        services.AddSingleton<TrackingService>();
        return services;
    }
}
