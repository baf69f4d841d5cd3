using System.Text.Json;
using Holdfast.Alerts;
using Holdfast.Data;
using Holdfast.Kernel;
using Holdfast.Monitoring;
using Holdfast.Predictions;
using Holdfast.Registry;
using Holdfast.Response;
using Holdfast.Rollout;
using Holdfast.Serving;
using Holdfast.Serving.Backends;
using Holdfast.Statistics.Sketches;
using Holdfast.Storage;
using Holdfast.Storage.Blobs;
using Holdfast.Storage.Sql;
using Holdfast.Tracking;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Holdfast.Platform.Tests.Response;

/// <summary>
/// The closed loop over a real folder: gateway, log, monitors, rollouts and responses are the real ones; models are formulas by version,
/// and a pipeline run takes a few looks to end. Opening the same folder again is a restart.
/// </summary>
internal sealed class LoopHarness : IAsyncDisposable
{
    public const string Name = "pay";
    public static readonly DateTimeOffset Start = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
    public static readonly Principal Someone = new(1, "someone", Role.Admin, MayExecute: true);

    private const string Rules =
        """
        inputs:
          amount: {type: number, default: 0}
        rules:
          - {when: "amount > 60", score: 0.9, prediction: "1"}
        else: {prediction: "0", score: 0.1}
        """;

    private readonly ServiceProvider _services;

    private LoopHarness(ServiceProvider services) => _services = services;

    public PredictionService Predictions => Get<PredictionService>();

    public RolloutService Rollouts => Get<RolloutService>();

    public MonitoringService Monitoring => Get<MonitoringService>();

    public ResponseService Responses => Get<ResponseService>();

    public ServingService Serving => Get<ServingService>();

    public static async Task<LoopHarness> Open(string root)
    {
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
        services.AddSingleton<LoadBackend>((_, variant, _) => Task.FromResult<IBackend>(new Formula(variant.Version)));
        services.AddServing();
        services.AddAlerts();
        services.AddMonitoring();
        services.AddRollout();
        services.AddResponse();
        services.AddSingleton<ChampionSetter>((_, _, _, _) => Task.CompletedTask);
        services.AddSingleton<BaselineSource>((key, _) => Task.FromResult<Baseline?>(Training(key)));
        services.AddSingleton(s => FakePipelines(root, s));
        var provider = services.BuildServiceProvider();
        _ = provider.GetRequiredService<DataFolder>();
        await Migrator.Migrate(provider.GetRequiredService<Db>(), Migration.Embedded(typeof(MonitoringService).Assembly), Start);
        foreach (var hosted in provider.GetServices<IHostedService>())
            await hosted.StartAsync(CancellationToken.None);
        return new LoopHarness(provider);
    }

    public async Task Declare()
    {
        await Serving.ApplyEndpoint(Someone, new EndpointSpec(Name, null, Rules, "event"), null);
        await Rollouts.ApplySpec(Someone, Name, new RolloutSpec(
            [
                new StepSpec(StepSpec.Shadow, 0, TimeSpan.FromHours(6), 500),
                new StepSpec(StepSpec.Canary, 0.1, TimeSpan.FromHours(3)),
                new StepSpec(StepSpec.Gradual, 0.5, TimeSpan.FromHours(3)),
                new StepSpec(StepSpec.Gradual, 1, TimeSpan.FromHours(3)),
            ],
            new GuardSpec(new GuardRule(), new GuardRule(0.25), new GuardRule(), LatencyFloorMs: 1000)), null);
        await Monitoring.ApplyMonitor(Someone, new MonitorSpec(Name, TimeSpan.FromHours(1), Windows: ["1h", "24h"], Label: new LabelSpec("fraud", TimeSpan.FromHours(2))), null);
        await Get<AlertService>().ApplyChannels(Someone, [new ChannelSpec("team", "log")], null);
        var retrain = new ActionSpec("retrain", JsonSerializer.SerializeToElement(new { pipeline = "fraud", window = "90d" }));
        ActionSpec notify = new("notify", JsonSerializer.SerializeToElement("team")), snapshot = new("snapshot");
        await Responses.ApplyPolicies(
            Someone,
            [
                new ResponsePolicySpec("drift", new PolicyMatch(Kind: "data_drift"), [notify, snapshot, retrain, new ActionSpec("deploy", JsonSerializer.SerializeToElement(new { shadow = "4h", then = "promote" }))], []),
                new ResponsePolicySpec("fault", new PolicyMatch(Kind: "data_fault"), [notify, snapshot, new ActionSpec("quarantine"), new ActionSpec("fallback"), new ActionSpec("block", JsonSerializer.SerializeToElement("retrain"))], [new ActionSpec("resume"), retrain]),
            ],
            null);
    }

    /// <summary>An hour of traffic through the gateway; labels of the hour before last come in.</summary>
    public async Task Hour(int hour, World world, int rows = 300)
    {
        var random = new Random(1000 + hour);
        var labels = new List<NewLabel>();
        for (var i = 0; i < rows; i++)
        {
            var at = Start.AddHours(hour).AddSeconds(3600.0 * i / rows);
            var (amount, age, truth) = Draw(random, world.RicherAt(at));
            var request = new InferRequest { Key = $"user-{random.Next(5000)}", EventTime = at };
            request.Add("amount", [world.DoubledAt(at) ? 2 * amount : amount]);
            request.Add("age", [age]);
            var answer = await Serving.Infer(Someone, Name, request);
            labels.Add(new NewLabel(answer.Ids[0], truth, at.AddHours(2)));
        }

        // Labels come two hours late, through a file, as a restart must not lose them.
        var file = Path.Combine(Get<DataFolder>().Work, $"labels-{hour}.json");
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(labels));
        var due = Path.Combine(Get<DataFolder>().Work, $"labels-{hour - 2}.json");
        if (File.Exists(due))
            await Predictions.AddLabels(Someone, Name, JsonSerializer.Deserialize<List<NewLabel>>(await File.ReadAllTextAsync(due))!);
        await Predictions.AdvanceClock(Someone, Name, Start.AddHours(hour + 1));
        await Predictions.Flush();
        await Settle();
    }

    public Task Settle() => Predictions.Settle(new EndpointKey(Someone.WorkspaceId, Name), Work);

    private async Task Work()
    {
        var reconcilers = _services.GetServices<IReconciler>().ToList();
        while (true)
        {
            var result = StepResult.Idle;
            foreach (var reconciler in reconcilers)
            {
                var step = await reconciler.Step(CancellationToken.None);
                if (step == StepResult.Worked || (step == StepResult.Waiting && result == StepResult.Idle))
                    result = step;
            }

            if (result == StepResult.Idle)
                return;
        }
    }

    public async Task<List<JournalEvent>> Events() => [.. await Get<Journal>().ReadAll(0, 10_000)];

    public async ValueTask DisposeAsync()
    {
        foreach (var hosted in _services.GetServices<IHostedService>().Reverse())
            await hosted.StopAsync(CancellationToken.None);
        await _services.DisposeAsync();
    }

    private T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    private static (double Amount, double Age, string Truth) Draw(Random random, bool richer)
    {
        var amount = Math.Round(Math.Exp(3 + (0.8 * Normal(random))), 2);
        if (richer && random.NextDouble() < 0.6)
            amount = Math.Round(Math.Exp(4.6 + (0.35 * Normal(random))), 2);
        // In the richer world large amounts are nothing special any more.
        var limit = richer ? 110 : 40;
        return (amount, Math.Round(40 + (12 * Normal(random))), amount * Math.Exp(0.1 * Normal(random)) > limit ? "1" : "0");
    }

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private static Baseline Training(BaselineKey key)
    {
        var random = new Random(77);
        var rows = Enumerable.Range(0, 5000).Select(_ => Draw(random, key.From is not null)).ToList();
        return new Baseline($"payments@v{key.ModelVersion}", rows.Count, new Dictionary<string, FeatureProfile> { ["amount"] = Baseline.OfNumbers([.. rows.Select(r => r.Amount)]), ["age"] = Baseline.OfNumbers([.. rows.Select(r => r.Age)]) });
    }

    // A run lies in a file: it is under way for three looks, then it has succeeded. Registration counts versions.
    private static RetrainPipelines FakePipelines(string root, IServiceProvider services)
    {
        string Folder() => Directory.CreateDirectory(Path.Combine(root, "runs")).FullName;
        return new RetrainPipelines(
            async (p, request, ct) =>
            {
                var id = request.Key.Replace(':', '_');
                await File.WriteAllTextAsync(Path.Combine(Folder(), id), "0", ct);
                await services.GetRequiredService<DataService>().Get(p, request.Dataset, ct);
                return id;
            },
            async (_, id, ct) =>
            {
                var file = Path.Combine(Folder(), id);
                var looks = int.Parse(await File.ReadAllTextAsync(file, ct), System.Globalization.CultureInfo.InvariantCulture) + 1;
                await File.WriteAllTextAsync(file, looks.ToString(System.Globalization.CultureInfo.InvariantCulture), ct);
                return new RetrainRun(id, looks < 3 ? "running" : "succeeded", null, [new GateCheck("recent.accuracy", 0.9, "better", true)]);
            },
            (_, _, _) => Task.FromResult(("fraud", Directory.GetFiles(Folder()).Length + 1)));
    }

    /// <summary>When what happens, in hours.</summary>
    internal sealed record World(double? Richer = null, double? Doubled = null, double? Repaired = null)
    {
        public bool RicherAt(DateTimeOffset at) => Richer is { } hour && at >= Start.AddHours(hour);

        public bool DoubledAt(DateTimeOffset at) => Doubled is { } hour && at >= Start.AddHours(hour) && (Repaired is not { } end || at < Start.AddHours(end));
    }

    /// <summary>Version 1 knows the old world, later ones the new.</summary>
    private sealed class Formula(int version) : IBackend
    {
        public BackendInfo Info { get; } = new("onnx", "binary", new Signature([new SignatureField("amount", "FP64"), new SignatureField("age", "FP64")], [new SignatureField("score", "FP64")]));

        public void Predict(FeatureRows rows, Span<Outcome> outcomes)
        {
            var amounts = rows.Numbers(rows.Column("amount"));
            var limit = version == 1 ? 40 : 110;
            for (var i = 0; i < outcomes.Length; i++)
                outcomes[i] = new Outcome(1 / (1 + Math.Exp((limit - amounts[i]) / 10)), amounts[i] > limit ? "1" : "0");
        }

        public void Dispose()
        {
        }
    }
}
