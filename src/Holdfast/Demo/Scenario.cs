using System.Diagnostics;
using Holdfast.Contracts;
using Holdfast.Demo.Worlds;
using Holdfast.Kernel;
using Holdfast.Storage.Tables;

namespace Holdfast.Demo;

/// <summary>What both scenarios of one demo run share.</summary>
/// <param name="Suffix">Appended to names from the second run in the same folder on, so that each run tells its own story.</param>
internal sealed record DemoContext(PlatformApi Api, HttpClient Http, DemoScreen Screen, DemoOptions Options, string Folder, string Suffix);

/// <summary>
/// A scenario: a project, a world that makes traffic, and the order in which the world changes. It holds no decision of the
/// platform: it sends requests and labels, advances the clock, and watches the Journal.
/// </summary>
internal abstract class Scenario(DemoContext context)
{
    private static readonly DateTimeOffset FirstHour = new(2026, 3, 2, 0, 0, 0, TimeSpan.Zero);
    private const int TrainingRows = 12_000;
    private const int HoldoutRows = 4_000;
    private readonly List<JournalEvent> _events = [];
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private long _position;

    protected DemoContext Context => context;

    protected Traffic Traffic { get; private set; } = null!;

    protected IReadOnlyList<JournalEvent> Events => _events;

    public abstract string Name { get; }

    public abstract string Title { get; }

    protected abstract string Endpoint { get; }

    protected abstract string Model { get; }

    protected abstract string Pipeline { get; }

    protected abstract int PerHour { get; }

    protected abstract TimeSpan LabelDelay { get; }

    /// <summary>The kinds (with their decisive word) that must follow each other for the scenario to have ended as it should.</summary>
    protected abstract IReadOnlyList<Expectation> Expected { get; }

    /// <summary>What must not happen: a false alarm, a retraining on broken data, a refusal to learn a changed world.</summary>
    protected abstract IReadOnlyList<Expectation> Forbidden { get; }

    /// <summary>Name of the dataset that the first model learns from; its file is <c>data/{Dataset}.csv</c> of the project.</summary>
    protected abstract string Dataset { get; }

    /// <summary>Labelled rows of the world before anything changes.</summary>
    protected abstract Table History(int rows, int seed);

    protected abstract IReadOnlyList<string> Features { get; }

    /// <summary>One case of the world as it is at a time.</summary>
    protected abstract Case Next(DateTimeOffset at);

    /// <summary>What happens after the first model serves everything.</summary>
    protected abstract Task Unfold(CancellationToken ct);

    protected abstract (double? Before, double? After) Accuracy();

    public async Task<ScenarioSummary> Play(CancellationToken ct)
    {
        context.Screen.Title(Title);
        _position = await LastEvent(ct);
        var gateway = new Gateway(context.Http, Endpoint + context.Suffix, Features);
        Traffic = new Traffic(context.Api, gateway, Endpoint + context.Suffix, FirstHour, PerHour, LabelDelay);
        await Train(ct);
        var version = _events.Last(e => e.Kind == "model_version.created").DetailAs<ModelVersionCreated>().ModelVersion;
        await context.Api.Post("rollouts", new { endpoint = Endpoint + context.Suffix, model = Model + context.Suffix, version }, ct);
        // The first step is entered before the first request: the same seed tells the same story, to the count.
        await context.Api.Post($"endpoints/{Endpoint + context.Suffix}/clock", new { to = FirstHour, settle = true }, ct);
        await Watch(ct);
        await Hours("the first model is rolled out", 200, until: () => Count("rollout.completed") == 1, ct);
        await Hours("quiet days", 12, until: null, ct);
        await Unfold(ct);
        return await Summarise(gateway, ct);
    }

    /// <summary>Lets hours pass until something has happened, at most <paramref name="limit"/> of them.</summary>
    protected async Task Hours(string what, int limit, Func<bool>? until, CancellationToken ct)
    {
        using var progress = context.Screen.Phase($"{Name}: {what}", until is null ? limit : null);
        for (var hour = 0; hour < limit && until?.Invoke() != true; hour++)
        {
            var first = Traffic.Now;
            await Traffic.Hour(Next, ct);
            await Watch(ct);
            progress.Advance(first, hour + 1);
        }
    }

    protected int Count(string kind) => _events.Count(e => e.Kind == kind);

    protected DateTimeOffset? Last(string kind) => _events.LastOrDefault(e => e.Kind == kind)?.At;

    private async Task Train(CancellationToken ct)
    {
        var folder = Path.Combine(context.Folder, Name + context.Suffix);
        DemoProject.Extract(Name, folder, context.Suffix);
        Directory.CreateDirectory(Path.Combine(folder, "data"));
        var file = Path.Combine(folder, "data", Dataset + ".csv");
        TableWriter.WriteCsv(file, History(TrainingRows, unchecked((context.Options.Seed * 1_000) + 1)));
        TableWriter.WriteCsv(Path.Combine(folder, "data", "holdout.csv"), History(HoldoutRows, unchecked((context.Options.Seed * 1_000) + 2)));
        await context.Api.Upload($"datasets/{Dataset + context.Suffix}/versions?file_name={Dataset}.csv", file, ct);
        await context.Api.Post("projects", new { path = folder }, ct);
        await Watch(ct);
        using var progress = context.Screen.Phase($"{Name}: pipeline", null);
        var run = await context.Api.Post($"pipelines/{Pipeline + context.Suffix}/runs", new { cause = "demo", register = true }, ct);
        var id = run.GetProperty("id").GetString();
        while (run.GetProperty("status").GetString() is "queued" or "running")
        {
            await Task.Delay(100, ct);
            await Watch(ct);
            run = await context.Api.Get($"pipeline-runs/{id}", ct);
        }

        await Watch(ct);
        if (run.GetProperty("status").GetString() != "succeeded")
            throw new HoldfastException(ErrorCode.FailedPrecondition, $"The pipeline of the {Name} scenario {run.GetProperty("status").GetString()}: {run}");
    }

    private async Task Watch(CancellationToken ct)
    {
        while (true)
        {
            var events = await context.Api.Journal(_position, ct);
            if (events.Count == 0)
                return;
            _position = events[^1].Seq;
            foreach (var e in events)
            {
                _events.Add(e);
                context.Screen.Event(e);
            }
        }
    }

    private async Task<long> LastEvent(CancellationToken ct)
    {
        long position = 0;
        while (await context.Api.Journal(position, ct) is { Count: > 0 } events)
            position = events[^1].Seq;
        return position;
    }

    private async Task<ScenarioSummary> Summarise(Gateway gateway, CancellationToken ct)
    {
        var log = await context.Api.Get($"endpoints/{Endpoint + context.Suffix}/log", ct);
        var logged = log.GetProperty("logged").GetInt64();
        var dropped = log.GetProperty("dropped").GetInt64();
        // An answer whose record is neither in the log nor counted as dropped would be lost without a trace.
        var lost = gateway.Sent - Math.Min(gateway.Answered, logged + dropped);
        var drift = _events.FirstOrDefault(e => e.Kind == "drift.diagnosed")?.DetailAs<DriftDiagnosed>();
        var (before, after) = Accuracy();
        var missing = Missing() ?? Unwanted();
        var figures = new ScenarioFigures(gateway.Sent, lost, dropped, drift?.Psi, drift?.ScaleFactor, before, after, Math.Round(_watch.Elapsed.TotalSeconds, 1));
        return new ScenarioSummary(Name, [.. _events.Where(DecisiveEvents.Contains).Select(DecisiveEvents.Summarise)], figures, missing is null, missing);
    }

    private string? Unwanted() => Forbidden.FirstOrDefault(f => _events.Exists(f.Matches)) is { } happened ? $"the opposite of {happened}" : null;

    private string? Missing()
    {
        var index = 0;
        foreach (var expected in Expected)
        {
            while (index < _events.Count && !expected.Matches(_events[index]))
                index++;
            if (index++ >= _events.Count)
                return expected.ToString();
        }

        return null;
    }
}

/// <summary>An event that must have happened.</summary>
/// <param name="Field">A field of the payload that must have the value.</param>
internal sealed record Expectation(string Kind, string? Field = null, string? Value = null)
{
    public bool Matches(JournalEvent e) =>
        e.Kind == Kind && (Field is null || (e.Detail.TryGetProperty(Field, out var value) && value.ToString() == Value));

    public override string ToString() => Field is null ? Kind : $"{Kind} with {Field} = {Value}";
}
