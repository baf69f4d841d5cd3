using Holdfast.Kernel;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Registry;

/// <summary>Registers the room.</summary>
public static class RegistrySetup
{
    /// <summary>Adds the registry.</summary>
    public static IServiceCollection AddRegistry(this IServiceCollection services)
    {
        services.AddSingleton<PackageStore>();
        services.AddSingleton<RegistryService>();
        services.AddSingleton<IArtifactRoots, VersionRoots>();
        return services;
    }
}
