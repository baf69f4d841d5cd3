using Holdfast.Registry;
using Holdfast.Tracking;
using Holdfast.Ui.Shell;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Tracking;

/// <summary>One run: what it is, how its metrics went, what it left.</summary>
public sealed partial class RunPage
{
    private static readonly (string, string)[] _tabs = [("overview", "Overview"), ("charts", "Charts"), ("artifacts", "Artifacts")];

    [Parameter] public string Id { get; set; } = "";

    [SupplyParameterFromQuery] private string? Tab { get; set; }

    [SupplyParameterFromQuery] private string? Path { get; set; }

    [Inject] private TrackingService Tracking { get; set; } = null!;

    [Inject] private RegistryService Registry { get; set; } = null!;

    [Inject] private TimeProvider Time { get; set; } = null!;

    private string Chosen => Tab is "charts" or "artifacts" ? Tab : "overview";

    /// <inheritdoc />
    protected override TimeSpan? Renewed => Model?.Run.Status is RunStatus.Running or null ? TimeSpan.FromSeconds(5) : TimeSpan.FromMinutes(5);

    /// <inheritdoc />
    protected override async Task<Shown> Load(CancellationToken ct)
    {
        var run = await Tracking.GetRun(Principal, Id, ct);
        var experiment = await Tracking.GetExperiment(Principal, run.ExperimentId, ct);
        var versions = Chosen == "overview" ? (await Registry.SearchVersions(Principal, $"run_id = '{run.RunId}'", max: 50, ct: ct)).Items : [];
        var artifacts = Chosen == "artifacts" ? await Tracking.ListArtifacts(Principal, run.RunId, string.IsNullOrEmpty(Path) ? null : Path, ct) : [];
        return new Shown(run, experiment, versions, artifacts);
    }

    private static IEnumerable<MetricSummary> Featured(Run run) => run.Metrics.Where(m => !m.Key.StartsWith("system/", StringComparison.Ordinal)).Take(4);

    private static string Prefix(string key) => key.IndexOf('/', StringComparison.Ordinal) is > 0 and var at ? key[..at] : "";

    private static IEnumerable<(string, string?, string?)> About(Run run)
    {
        yield return ("Run", run.RunId, null);
        yield return ("User", run.User, null);
        yield return ("Started", run.StartTime?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", System.Globalization.CultureInfo.InvariantCulture), null);
        yield return ("Ended", run.EndTime?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", System.Globalization.CultureInfo.InvariantCulture), null);
        yield return ("Traces", "of this run", Routes.Traces(filter: $"run_id = '{run.RunId}'"));
        foreach (var tag in run.Tags.Where(t => t.Key is not ("mlflow.runName" or "mlflow.user")))
        {
            yield return (tag.Key, tag.Value.Length > 400 ? tag.Value[..400] + "…" : tag.Value, null);
        }
    }

    /// <summary>The folders down to the one that is shown.</summary>
    private IEnumerable<(string Name, string Path)> Steps()
    {
        var whole = "";
        foreach (var part in (Path ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            whole = whole.Length == 0 ? part : whole + "/" + part;
            yield return (part, whole);
        }
    }

    public sealed record Shown(Run Run, Experiment Experiment, IReadOnlyList<ModelVersion> Versions, IReadOnlyList<ArtifactFile> Artifacts);
}
