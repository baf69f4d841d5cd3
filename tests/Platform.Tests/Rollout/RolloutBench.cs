using System.Collections.Concurrent;
using Holdfast.Alerts;
using Holdfast.Data;
using Holdfast.Kernel;
using Holdfast.Predictions;
using Holdfast.Registry;
using Holdfast.Rollout;
using Holdfast.Serving;
using Holdfast.Serving.Backends;
using Holdfast.Storage;
using Holdfast.Storage.Blobs;
using Holdfast.Storage.Sql;
using Holdfast.Tracking;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Holdfast.Platform.Tests.Rollout;

/// <summary>Gateway, log and rollouts over a real folder, without a control loop: the test says when they act. Versions of the model "m" are functions that the test may change at any time.</summary>
internal sealed class RolloutBench : IAsyncDisposable
{
    public const string Name = "pay";
    public static readonly DateTimeOffset Start = new(2026, 3, 2, 10, 0, 0, TimeSpan.Zero);
    public static readonly Principal Someone = new(1, "ada", Role.Admin, MayExecute: true);
    private readonly ServiceProvider _services;
    private readonly ConcurrentDictionary<int, Func<double, Outcome>> _models;
    private int _sent;

    private RolloutBench(ServiceProvider services, ConcurrentDictionary<int, Func<double, Outcome>> models) => (_services, _models) = (services, models);

    public RolloutService Rollouts => Get<RolloutService>();

    public ServingService Serving => Get<ServingService>();

    public PredictionService Predictions => Get<PredictionService>();

    public DateTimeOffset Now { get; private set; } = Start;

    public static async Task<RolloutBench> Open(string root, bool serves = true)
    {
        var models = new ConcurrentDictionary<int, Func<double, Outcome>>();
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(_ => DataFolder.Open(root));
        services.AddSingleton(s => Db.OpenSqlite(s.GetRequiredService<DataFolder>().Database));
        services.AddKeyedSingleton<IBlobStore>("blobs", (s, _) => new FileBlobStore(s.GetRequiredService<DataFolder>().Blobs));
        services.AddKeyedSingleton<IBlobStore>("artifacts", (s, _) => new FileBlobStore(s.GetRequiredService<DataFolder>().Artifacts));
        services.AddSingleton<Journal>();
        services.AddDataProtection().UseEphemeralDataProtectionProvider();
        services.AddTracking(new TrackingOptions { ArtifactRoot = TrackingOptions.DefaultArtifactRoot });
        services.AddRegistry();
        services.AddData();
        services.AddPredictions();
        services.AddSingleton<LoadBackend>((_, variant, _) => models.TryGetValue(variant.Version, out _)
            ? Task.FromResult<IBackend>(new Backend(x => models[variant.Version](x)))
            : throw new Contracts.HoldfastException(Contracts.ErrorCode.FailedPrecondition, $"{variant} has no package."));
        services.AddServing();
        services.AddAlerts();
        services.AddRollout();
        services.AddSingleton<ChampionSetter>((_, _, _, _) => Task.CompletedTask);
        var provider = services.BuildServiceProvider();
        _ = provider.GetRequiredService<DataFolder>();
        await Migrator.Migrate(provider.GetRequiredService<Db>(), Migration.Embedded(typeof(RolloutService).Assembly), Start);
        foreach (var hosted in provider.GetServices<IHostedService>().Where(h => h is not BackgroundService))
            await hosted.StartAsync(CancellationToken.None);
        var bench = new RolloutBench(provider, models);
        models[1] = x => new Outcome(x, x > 0.5 ? "1" : "0");
        models[2] = models[1];
        await bench.Serving.ApplyEndpoint(Someone, new EndpointSpec(Name, null, "else: {score: 0.5, prediction: \"0\"}", "event"), null);
        if (serves)
            await bench.Serving.SetPlan(Someone, Name, RoutePlan.Empty with { Primary = new VariantRef("m", 1) }, 0);
        return bench;
    }

    /// <summary>What a version answers.</summary>
    public void Model(int version, Func<double, Outcome> answers) => _models[version] = answers;

    /// <summary>A version that fails for a share of the requests, told by their amount alone.</summary>
    public void Failing(int version, double share) =>
        Model(version, x => (x * 997) % 1 < share ? throw new InvalidOperationException("broken") : new Outcome(x, x > 0.5 ? "1" : "0"));

    /// <summary>Requests, each of another customer, spread over a span; then the clock and the controllers.</summary>
    /// <returns>The ids with the amounts.</returns>
    public async Task<List<(string Id, double Amount)>> Traffic(int rows, TimeSpan? over = null)
    {
        var span = over ?? TimeSpan.FromMinutes(1);
        var answered = new List<(string, double)>(rows);
        for (var i = 0; i < rows; i++)
        {
            var n = _sent++;
            var amount = new Random(n).NextDouble();
            var request = new InferRequest { Key = $"customer-{n}", EventTime = Now + span * i / rows };
            request.Add("amount", [amount]);
            answered.Add(((await Serving.Infer(Someone, Name, request)).Ids[0], amount));
        }

        await Pass(span);
        return answered;
    }

    public Task Label(IEnumerable<(string Id, double Amount)> answered, Func<double, string> truth) =>
        Predictions.AddLabels(Someone, Name, [.. answered.Select(a => new NewLabel(a.Id, truth(a.Amount), Now))]);

    /// <summary>Time goes on, and the controllers do what follows.</summary>
    public async Task Pass(TimeSpan span)
    {
        Now += span;
        await Predictions.AdvanceClock(Someone, Name, Now);
        await Settle();
    }

    public async Task Settle()
    {
        await Predictions.Flush();
        await Predictions.Settle(new EndpointKey(Someone.WorkspaceId, Name), async () =>
        {
            var reconcilers = _services.GetServices<IReconciler>().ToList();
            while (true)
            {
                var worked = false;
                foreach (var reconciler in reconcilers)
                    worked |= await reconciler.Step(CancellationToken.None) == StepResult.Worked;
                if (!worked)
                    return;
            }
        });
    }

    public async Task<RolloutState> Deploy(RolloutSpec spec, int version = 2)
    {
        await Rollouts.ApplySpec(Someone, Name, spec, null);
        var started = await Rollouts.Start(Someone, new StartRollout(Name, "m", version, "person"));
        await Pass(TimeSpan.FromSeconds(1));
        return started;
    }

    public async Task<RoutePlan> Route() => (await Serving.Get(Someone, Name)).Plan;

    public async Task<List<JournalEvent>> Events(string kind) => [.. (await Get<Journal>().ReadAll(0, 10_000)).Where(e => e.Kind.StartsWith(kind, StringComparison.Ordinal))];

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    public async ValueTask DisposeAsync()
    {
        foreach (var hosted in _services.GetServices<IHostedService>().Where(h => h is not BackgroundService).Reverse())
            await hosted.StopAsync(CancellationToken.None);
        await _services.DisposeAsync();
    }

    private sealed class Backend(Func<double, Outcome> answers) : IBackend
    {
        public BackendInfo Info { get; } = new("constant", "binary", new Signature([new SignatureField("amount", "FP64", Default: 0)], [new SignatureField("score", "FP64")]));

        public void Predict(FeatureRows rows, Span<Outcome> outcomes)
        {
            var column = rows.Column("amount");
            for (var i = 0; i < outcomes.Length; i++)
                outcomes[i] = answers(column < 0 ? 0 : rows.Numbers(column)[i]);
        }

        public void Dispose()
        {
        }
    }
}
