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
        // The loop knows the reconcilers and they the fold: it is looked up when it is needed.
        .AddSingleton(s => new RolloutFold(s.GetRequiredService<GuardDirectory>(), () => s.GetService<ControlLoop>()?.Wake()))
        .AddSingleton<IPredictionFold>(s => s.GetRequiredService<RolloutFold>())
        .AddSingleton(Champion)
        .AddSingleton<RolloutStaging>()
        .AddSingleton<RolloutReconciler>()
        .AddSingleton<IReconciler>(s => s.GetRequiredService<RolloutReconciler>())
        .AddSingleton<AbReconciler>()
        .AddSingleton<IReconciler>(s => s.GetRequiredService<AbReconciler>())
        .AddSingleton(s => new AbService(
            s.GetRequiredService<Db>(), s.GetRequiredService<TimeProvider>(), s.GetRequiredService<GuardDirectory>(), s.GetRequiredService<ServingService>(),
            s.GetRequiredService<PredictionService>(), s.GetRequiredService<RegistryService>(), s.GetRequiredService<AbReconciler>()))
        .AddSingleton<RolloutNotices>()
        .AddHostedService(s => s.GetRequiredService<RolloutNotices>())
        .AddSingleton(s => new RolloutService(
            s.GetRequiredService<Db>(), s.GetRequiredService<TimeProvider>(), s.GetRequiredService<Journal>(), s.GetRequiredService<GuardDirectory>(),
            s.GetRequiredService<ServingService>(), s.GetRequiredService<PredictionService>(), s.GetRequiredService<RolloutReconciler>()));

    private static ChampionSetter Champion(IServiceProvider services) =>
        (p, model, version, ct) => services.GetRequiredService<RegistryService>().SetAlias(p, model, "champion", version, ct);
}
