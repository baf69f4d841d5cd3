using Holdfast.Kernel;
using Holdfast.Predictions;
using Holdfast.Registry;
using Holdfast.Serving;
using Holdfast.Storage.Sql;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Rollout;

/// <summary>Adds the room.</summary>
public static class RolloutSetup
{
    /// <summary>Registers the door and what stands behind it.</summary>
    public static IServiceCollection AddRollout(this IServiceCollection services) => services
        .AddSingleton<GuardDirectory>()
        .AddSingleton<RolloutFold>()
        .AddSingleton<IPredictionFold>(s => s.GetRequiredService<RolloutFold>())
        .AddSingleton(Champion)
        .AddSingleton<RolloutReconciler>()
        .AddSingleton<IReconciler>(s => s.GetRequiredService<RolloutReconciler>())
        .AddSingleton(s => new RolloutService(
            s.GetRequiredService<Db>(), s.GetRequiredService<TimeProvider>(), s.GetRequiredService<Journal>(), s.GetRequiredService<GuardDirectory>(),
            s.GetRequiredService<ServingService>(), s.GetRequiredService<PredictionService>(), s.GetRequiredService<RolloutReconciler>()));

    private static ChampionSetter Champion(IServiceProvider services) =>
        (p, model, version, ct) => services.GetRequiredService<RegistryService>().SetAlias(p, model, "champion", version, ct);
}
