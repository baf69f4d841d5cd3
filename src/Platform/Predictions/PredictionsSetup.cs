using Holdfast.Data;
using Holdfast.Kernel;
using Holdfast.Storage;
using Holdfast.Storage.Sql;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Holdfast.Predictions;

/// <summary>Registration of the room.</summary>
public static class PredictionsSetup
{
    /// <summary>Adds the prediction log. It starts before whatever is registered after it, and must start before the control loop and the gateway.</summary>
    public static IServiceCollection AddPredictions(this IServiceCollection services)
    {
        services.TryAddSingleton(new PredictionOptions());
        services.AddSingleton(s => new PredictionStore(s.GetRequiredService<Db>()));
        services.AddSingleton(s => new QuarantineStore(s.GetRequiredService<Db>(), s.GetRequiredService<Journal>(), s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<TrafficFold>();
        services.AddSingleton<IPredictionFold>(s => s.GetRequiredService<TrafficFold>());
        services.AddSingleton(s => new PredictionLog(
            s.GetRequiredService<PredictionStore>(), s.GetRequiredService<DataFolder>(), s.GetRequiredService<TimeProvider>(), s.GetRequiredService<PredictionOptions>(), s,
            s.GetRequiredService<ILogger<PredictionLog>>()));
        services.AddHostedService(s => s.GetRequiredService<PredictionLog>());
        services.AddSingleton(s => new PredictionService(
            s.GetRequiredService<PredictionLog>(), s.GetRequiredService<PredictionStore>(), s.GetRequiredService<QuarantineStore>(),
            new WindowDataset(s.GetRequiredService<PredictionStore>(), s.GetRequiredService<DataService>(), s.GetRequiredService<DataFolder>()), s.GetRequiredService<TrafficFold>(), s.GetRequiredService<TimeProvider>()));
        return services;
    }
}
