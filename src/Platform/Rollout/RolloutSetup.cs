using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Rollout;

/// <summary>Adds the room.</summary>
public static class RolloutSetup
{
    /// <summary>Registers the door and what stands behind it.</summary>
    public static IServiceCollection AddRollout(this IServiceCollection services) => services.AddSingleton<RolloutService>();
}
