using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Tracking;

/// <summary>Registers the room.</summary>
public static class TrackingSetup
{
    /// <summary>Adds tracking.</summary>
    public static IServiceCollection AddTracking(this IServiceCollection services, TrackingOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton<ArtifactPlace>();
        services.AddSingleton<TrackingService>();
        return services;
    }
}
