using Holdfast.Data;
using Holdfast.Kernel;
using Holdfast.Monitoring;
using Holdfast.Predictions;
using Holdfast.Storage;
using Holdfast.Storage.Blobs;
using Holdfast.Storage.Sql;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Holdfast.Platform.Tests.Monitoring;

/// <summary>The log, the monitors and their reconciler over a real folder, with traffic made from a seed. Opening the same folder again is a restart.</summary>
internal sealed class MonitorHarness : IAsyncDisposable
{
    public static readonly EndpointKey Endpoint = new(1, "pay");
    public static readonly DateTimeOffset Start = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
    public static readonly Principal Someone = new(1, "someone", Role.Editor);
    private readonly ServiceProvider _services;
    private readonly Random _random;
    private int _next;

    private MonitorHarness(ServiceProvider services, int seed) => (_services, _random) = (services, new Random(seed));

    public MonitoringService Monitoring => _services.GetRequiredService<MonitoringService>();

    public PredictionService Predictions => _services.GetRequiredService<PredictionService>();

    public Journal Journal => _services.GetRequiredService<Journal>();

    public static async Task<MonitorHarness> Open(string root, MonitorSpec spec, int seed = 1)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(_ => DataFolder.Open(root));
        services.AddSingleton(s => Db.OpenSqlite(s.GetRequiredService<DataFolder>().Database));
        services.AddKeyedSingleton<IBlobStore>("blobs", (s, _) => new FileBlobStore(s.GetRequiredService<DataFolder>().Blobs));
        services.AddSingleton<Journal>();
        services.AddSingleton<DataService>();
        services.AddPredictions();
        services.AddMonitoring();
        services.AddSingleton<BaselineSource>((key, _) => Task.FromResult<Baseline?>(Training(key)));
        var provider = services.BuildServiceProvider();
        _ = provider.GetRequiredService<DataFolder>();
        await Migrator.Migrate(provider.GetRequiredService<Db>(), Migration.Embedded(typeof(MonitoringService).Assembly), Start);
        foreach (var hosted in provider.GetServices<IHostedService>())
            await hosted.StartAsync(CancellationToken.None);
        var harness = new MonitorHarness(provider, seed);
        await harness.Predictions.Declare(Endpoint, EndpointClock.Event, TimeSpan.Zero);
        await harness.Monitoring.ApplyMonitor(Someone, spec, null);
        return harness;
    }

    /// <summary>Traffic of an hour; every row may be changed before it is sent. Returns the rows.</summary>
    public async Task<List<PredictionEntry>> Hour(int hour, int rows, Func<Row, Row>? change = null, string model = "fraud", int version = 1, Func<Row, bool>? right = null)
    {
        var sent = new List<PredictionEntry>();
        var labels = new List<NewLabel>();
        for (var i = 0; i < rows; i++)
        {
            var at = Start.AddHours(hour).AddSeconds(3600.0 * i / rows);
            var row = Row.Draw(_random, at);
            row = change?.Invoke(row) ?? row;
            var prediction = row.Score > 0.5 ? "1" : "0";
            var entry = new PredictionEntry(
                new Guid(++_next, 0, 0x4000, 0x80, 0, 0, 0, 0, 0, 0, 1).ToString(), at, Endpoint.Name, 1, VariantRole.Primary, model, version, 1, null, 0, (ulong)_random.NextInt64(), false,
                row.Score, prediction, null, false, 1, row.Features(), null);
            Predictions.Append(entry);
            sent.Add(entry);
            if (right is not null)
                labels.Add(new NewLabel(entry.Id, right(row) ? prediction : prediction == "1" ? "0" : "1", at));
        }

        if (labels.Count > 0)
        {
            await Predictions.Flush();
            await Predictions.AddLabels(Someone, Endpoint.Name, labels);
        }

        await Predictions.AdvanceClock(Someone, Endpoint.Name, Start.AddHours(hour + 1));
        await Settle();
        return sent;
    }

    /// <summary>Sends rows that were made before, and ends their hour.</summary>
    public async Task Replay(List<PredictionEntry> entries)
    {
        foreach (var entry in entries)
            Predictions.Append(entry);
        await Predictions.AdvanceClock(Someone, Endpoint.Name, WindowMath.StartOf(entries[^1].At, TimeSpan.FromHours(1)).AddHours(1));
        await Settle();
    }

    public Task Settle() => Predictions.Settle(Endpoint, Work);

    private async Task Work()
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
    }

    public Task<IReadOnlyList<Holdfast.Contracts.DriftReport>> Reports() => Monitoring.Reports(Someone, "pay", limit: 1000, ct: CancellationToken.None);

    public async Task<List<(string Kind, JournalEvent Event)>> Events() =>
        [.. (await Journal.ReadAll(0, 10_000)).Where(e => e.Kind is "drift.diagnosed" or "incident.resolved").Select(e => (e.Kind, e))];

    public async ValueTask DisposeAsync()
    {
        foreach (var hosted in _services.GetServices<IHostedService>().Reverse())
            await hosted.StopAsync(CancellationToken.None);
        await _services.DisposeAsync();
    }

    private static Baseline Training(BaselineKey key)
    {
        var random = new Random(77);
        var rows = Enumerable.Range(0, 5000).Select(_ => Row.Draw(random, Start)).ToList();
        if (key.From is not null)
            rows = [.. rows.Select(Row.Richer(random))];
        return new Baseline($"payments@v{key.ModelVersion}", rows.Count, new Dictionary<string, Holdfast.Statistics.Sketches.FeatureProfile>
        {
            ["amount"] = Baseline.OfNumbers([.. rows.Select(r => r.Amount)]),
            ["age"] = Baseline.OfNumbers([.. rows.Select(r => r.Age)]),
            ["country"] = Baseline.OfTexts([.. rows.Select(r => r.Country)]),
        });
    }

    /// <summary>One payment.</summary>
    internal sealed record Row(DateTimeOffset At, double Amount, double Age, string? Country, double Score)
    {
        public static Row Draw(Random random, DateTimeOffset at)
        {
            var amount = Math.Round(Math.Exp(3 + (0.8 * Normal(random))), 2);
            var age = Math.Round(40 + (12 * Normal(random)));
            var country = random.NextDouble() switch { < 0.5 => "DE", < 0.8 => "FR", < 0.95 => "PL", _ => "CZ" };
            return new Row(at, amount, age, country, 1 / (1 + Math.Exp(-(0.02 * amount) + 1.5 + Normal(random))));
        }

        /// <summary>Another population: a part of the customers is much richer; no factor explains it.</summary>
        public static Func<Row, Row> Richer(Random random) => r => random.NextDouble() < 0.6 ? r with { Amount = Math.Round(Math.Exp(4.6 + (0.35 * Normal(random))), 2) } : r;

        public IReadOnlyList<FeatureValue> Features() => [FeatureValue.Of("amount", Amount), FeatureValue.Of("age", Age), FeatureValue.Of("country", Country)];

        private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
    }
}
