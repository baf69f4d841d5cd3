using Holdfast.Data;
using Holdfast.Kernel;
using Holdfast.Storage;
using Holdfast.Storage.Blobs;
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
        services.AddSingleton(s => new PartStore(s.GetRequiredService<Db>()));
        services.AddSingleton(s => new PartReader(s.GetRequiredKeyedService<IBlobStore>("blobs")));
        services.AddSingleton(s => new Compactor(s.GetRequiredService<PartStore>(), s.GetRequiredKeyedService<IBlobStore>("blobs"), s.GetRequiredService<DataFolder>()));
        services.AddSingleton<KeyedLabels>();
        services.AddSingleton<LogKeeper>();
        services.AddSingleton<LogQuery>();
        services.AddSingleton<EventSender>();
        services.AddSingleton<EventInbox>();
        services.AddSingleton(s => new PredictionLog(
            s.GetRequiredService<PredictionStore>(), s.GetRequiredService<PartStore>(), s.GetRequiredService<PartReader>(), s.GetRequiredService<DataFolder>(), s.GetRequiredService<TimeProvider>(), s.GetRequiredService<PredictionOptions>(), s,
            s.GetRequiredService<ILogger<PredictionLog>>()));
        services.AddHostedService(s => s.GetRequiredService<PredictionLog>());
        services.AddHostedService(s => s.GetRequiredService<LogKeeper>());
        services.AddHostedService(s => s.GetRequiredService<EventSender>());
        services.AddSingleton(s => new PredictionService(
            s.GetRequiredService<PredictionLog>(), s.GetRequiredService<PredictionStore>(), s.GetRequiredService<QuarantineStore>(),
            new WindowDataset(s.GetRequiredService<PredictionStore>(), s.GetRequiredService<DataService>(), s.GetRequiredService<DataFolder>()), s.GetRequiredService<TrafficFold>(),
            s.GetRequiredService<PartStore>(), s.GetRequiredService<LogKeeper>(), s.GetRequiredService<LogQuery>(), s.GetRequiredService<KeyedLabels>(), s.GetRequiredService<EventSender>(),
            s.GetRequiredService<EventInbox>(), s.GetRequiredService<TimeProvider>()));
        return services;
    }
}
