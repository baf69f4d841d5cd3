using Holdfast.Contracts;
using Holdfast.Tracking;
using Holdfast.Ui.Shell;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Tracking;

/// <summary>One run: what it is, how its metrics went, what it left.</summary>
public sealed partial class RunPage
{
    private static readonly (string, string)[] _tabs =
    [
        ("overview", "Overview"), ("charts", "Charts"), ("media", "Media"), ("system", "System"), ("console", "Console"), ("artifacts", "Files"), ("code", "Code"), ("environment", "Environment"),
    ];

    // What people look for first, under plain names; the tags are those of this program and of MLflow's clients.
    private static readonly (string Name, string[] Tags)[] _facts =
    [
        ("Command", ["holdfast.command", "mlflow.source.name"]), ("Folder", ["holdfast.folder"]), ("Host", ["holdfast.host", "mlflow.host"]), ("Exit code", ["holdfast.exit_code"]), ("Seed", ["holdfast.seed"]),
        ("Commit", ["mlflow.source.git.commit", "git.commit"]), ("Branch", ["mlflow.source.git.branch"]), ("Repository", ["mlflow.source.git.repoURL"]), ("Uncommitted changes", ["holdfast.git.dirty"]),
    ];
    private static readonly string[] _environmentFiles = ["holdfast/capture.json", "holdfast/requirements.txt", "environment.json", "requirements.txt", "python_env.yaml", "conda.yaml", "model/requirements.txt", "model/conda.yaml"];

    [Parameter] public string Id { get; set; } = "";

    [SupplyParameterFromQuery] private string? Tab { get; set; }

    [SupplyParameterFromQuery] private string? Path { get; set; }

    [SupplyParameterFromQuery] private string? File { get; set; }

    [Inject] private TrackingService Tracking { get; set; } = null!;

    [Inject] private TimeProvider Time { get; set; } = null!;

    private string Chosen => _tabs.Any(t => t.Item1 == Tab) ? Tab! : "overview";

    /// <inheritdoc />
    protected override Task Changed(CancellationToken ct) => Task.WhenAny(base.Changed(ct), Tracking.Feed.Next(Principal, Id, ct));

    /// <inheritdoc />
    protected override TimeSpan? Renewed => Model?.Run.Status is RunStatus.Running or null ? TimeSpan.FromSeconds(5) : TimeSpan.FromMinutes(5);

    /// <inheritdoc />
    protected override async Task<Shown> Load(CancellationToken ct)
    {
        var run = await Tracking.GetRun(Principal, Id, ct);
        var experiment = await Tracking.GetExperiment(Principal, run.ExperimentId, ct);
        var artifacts = Chosen == "artifacts" ? await Tracking.ListArtifacts(Principal, run.RunId, string.IsNullOrEmpty(Path) ? null : Path, ct) : [];
        var preview = Chosen == "artifacts" && File is { Length: > 0 } ? await FilePreview.Of(Tracking, Principal, run.RunId, File, ct) : null;
        var code = Chosen == "code" ? await RunCode.Of(Tracking, Principal, run, ct) : null;
        return new Shown(run, experiment, artifacts, preview, code, Chosen == "environment" ? await Texts(run.RunId, ct) : []);
    }

    private static IEnumerable<MetricSummary> Featured(Run run) => run.Metrics.Where(m => !m.Key.StartsWith("system/", StringComparison.Ordinal)).Take(4);

    private static string? Step(decimal? step) => step is { } at ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"at step {at}") : null;

    private static IEnumerable<(string, string?, string?)> About(Run run)
    {
        yield return ("Run", run.RunId, null);
        yield return ("User", run.User, null);
        yield return ("Started", run.StartTime?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", System.Globalization.CultureInfo.InvariantCulture), null);
        yield return ("Ended", run.EndTime?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", System.Globalization.CultureInfo.InvariantCulture), null);
        foreach (var (name, tags) in _facts)
        {
            if (tags.Select(run.Tag).FirstOrDefault(v => !string.IsNullOrEmpty(v)) is { } value)
            {
                yield return (name, Cut(value), null);
            }
        }

        yield return ("Traces", "of this run", Routes.Traces(filter: $"run_id = '{run.RunId}'"));
        foreach (var tag in run.Tags.Where(t => t.Key is not ("mlflow.runName" or "mlflow.user" or RunView.Notes or RunView.ColourTag) && !_facts.Any(f => f.Tags.Contains(t.Key))))
        {
            yield return (tag.Key, Cut(tag.Value), null);
        }
    }

    private static string Cut(string value) => value.Length > 400 ? value[..400] + "…" : value;

    /// <summary>The files that name packages, where a run has them.</summary>
    private async Task<IReadOnlyList<FilePreview>> Texts(string run, CancellationToken ct)
    {
        var found = new List<FilePreview>();
        foreach (var path in _environmentFiles)
        {
            try
            {
                found.Add(await FilePreview.Of(Tracking, Principal, run, path, ct));
            }
            catch (HoldfastException none) when (none.Code is ErrorCode.NotFound or ErrorCode.InvalidArgument or ErrorCode.FailedPrecondition)
            {
                // This run has none of that name, or its files lie where this server does not read.
            }
        }

        return found;
    }

    public sealed record Shown(Run Run, Experiment Experiment, IReadOnlyList<ArtifactFile> Artifacts, FilePreview? Preview, RunCode? Code, IReadOnlyList<FilePreview> Texts);
}
