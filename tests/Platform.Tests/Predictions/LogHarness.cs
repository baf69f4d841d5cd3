using System.Text;
using Holdfast.Data;
using Holdfast.Kernel;
using Holdfast.Predictions;
using Holdfast.Storage;
using Holdfast.Storage.Blobs;
using Holdfast.Storage.Sql;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Platform.Tests.Predictions;

/// <summary>The prediction log over a real folder, with a fold that writes down what it was shown.</summary>
internal sealed class LogHarness : IAsyncDisposable
{
    public static readonly Principal Someone = new(1, "someone", Role.Editor);
    public static readonly EndpointKey Credit = new(1, "credit");
    public static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly DataFolder _data;
    private readonly PredictionLog _log;
    private readonly ServiceProvider _services;
    private readonly LogKeeper _keeper;
    private readonly LogQuery _questions;
    private readonly EventSender _events = new();

    private LogHarness(DataFolder data, Db db, PredictionOptions options, TimeProvider time, IReadOnlyList<IPredictionFold> folds)
    {
        (_data, Db) = (data, db);
        var collection = new ServiceCollection();
        foreach (var fold in folds)
            collection.AddSingleton(fold);
        _services = collection.BuildServiceProvider();
        var store = new PredictionStore(db);
        Journal = new Journal(db, time);
        Datasets = new DataService(db, Journal, time, data, new FileBlobStore(data.Blobs));
        var (parts, reader, blobs) = (new PartStore(db), new PartReader(new FileBlobStore(data.Blobs)), new FileBlobStore(data.Blobs));
        _log = new PredictionLog(store, parts, reader, data, time, options, _services, NullLogger<PredictionLog>.Instance);
        var keyed = new KeyedLabels(_log, store, db, time);
        Compactor = new Compactor(parts, blobs, data);
        _keeper = new LogKeeper(_log, parts, Compactor, keyed, db, Journal, time, NullLogger<LogKeeper>.Instance);
        Service = new PredictionService(
            _log, store, new QuarantineStore(db, Journal, time), new WindowDataset(store, Datasets, data), new TrafficFold(), parts, _keeper, _questions = new LogQuery(reader, data), keyed, _events, new EventInbox(store, time), time);
        Parts = parts;
    }

    public Db Db { get; }

    public Journal Journal { get; }

    public PredictionService Service { get; }

    public DataService Datasets { get; }

    public Compactor Compactor { get; }

    public PartStore Parts { get; }

    public EndpointLog Log => Service.Log(Credit);

    public string Blobs => Path.Combine(_data.Blobs, "predictions", "1", "credit");

    public string Folder => Path.Combine(_data.Predictions, "1", "credit");

    public static async Task<LogHarness> Open(string root, PredictionOptions? options = null, TimeProvider? time = null, params IPredictionFold[] folds)
    {
        var data = DataFolder.Open(root);
        var db = Db.OpenSqlite(data.Database);
        await Migrator.Migrate(db, [.. Migration.Embedded(typeof(PredictionService).Assembly).Where(m => m.Room is "Kernel" or "Predictions" or "Data")], Start);
        var harness = new LogHarness(data, db, options ?? new PredictionOptions { Linger = TimeSpan.FromMilliseconds(2) }, time ?? TimeProvider.System, folds);
        await harness._log.StartAsync(CancellationToken.None);
        await harness.Service.Declare(Credit, EndpointClock.Event, TimeSpan.Zero);
        return harness;
    }

    public static PredictionEntry Entry(int i, string? id = null, DateTimeOffset? at = null) => new(
        id ?? Id(i), at ?? Start.AddMinutes(i), "credit", 1, VariantRole.Primary, "credit-risk", 3, 1, null, 0.25, StickyBucket.Unit("salt", $"k{i}"), true,
        i / 1000.0, i % 2 == 0 ? "0" : "1", i % 97 == 0 ? "timeout" : null, i % 97 == 0, 0.125,
        [FeatureValue.Of("income", i * 1.5), FeatureValue.Of("job", i % 3 == 0 ? null : "cook \"é\""), FeatureValue.Of("age", i % 5 == 0 ? double.NaN : i)],
        i % 4 == 0 ? new ShadowResult("credit-risk", 4, double.NaN, "", "timeout", 2000) : null);

    public static string Id(int i) => new Guid(i, 0, 0x4000, 0x80, 0, 0, 0, 0, 0, 0, 1).ToString();

    public async Task<List<string>> Lines()
    {
        await Service.Flush();
        return [.. Directory.GetFiles(Folder).Order(StringComparer.Ordinal).SelectMany(File.ReadAllLines)];
    }

    public async ValueTask DisposeAsync()
    {
        await _log.DisposeAsync();
        _keeper.Dispose();
        _questions.Dispose();
        _events.Dispose();
        await _services.DisposeAsync();
        await Db.DisposeAsync();
        _data.Dispose();
    }
}

/// <summary>Keeps every entry as text; the state is the text.</summary>
internal sealed class Transcript(string name = "transcript") : IPredictionFold
{
    private readonly StringBuilder _text = new();

    public string Name => name;

    public string Text => _text.ToString();

    public void Apply(EndpointKey endpoint, LogEntry entry) => _text.Append(Line(entry)).Append('\n');

    public byte[]? Save(EndpointKey endpoint) => Encoding.UTF8.GetBytes(_text.ToString());

    public void Load(EndpointKey endpoint, byte[]? state) => _text.Clear().Append(state is null ? "" : Encoding.UTF8.GetString(state));

    public static string Line(LogEntry entry) => entry switch
    {
        PredictionEntry p => $"{p with { Features = [] }} {string.Join(",", p.Features)}",
        LabelEntry l => $"{l with { Prediction = null }} {l.Prediction?.Id} {l.Prediction?.Score}",
        _ => entry.ToString(),
    };
}
