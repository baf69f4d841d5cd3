using System.Globalization;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Tracking;
using Holdfast.Ui.Shell;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Tracking;

/// <summary>Runs as a table: filtered, sorted and paged by the server, all of it in the address.</summary>
public sealed partial class RunsPage
{
    private const int Length = 50;
    private const int MostMetrics = 8;
    private const int MostParams = 6;

    [SupplyParameterFromQuery] private string? Experiment { get; set; }

    [SupplyParameterFromQuery] private string? Filter { get; set; }

    [SupplyParameterFromQuery] private string? Sort { get; set; }

    [SupplyParameterFromQuery] private string? Cursor { get; set; }

    [Inject] private TrackingService Tracking { get; set; } = null!;

    [Inject] private TimeProvider Time { get; set; } = null!;

    // Metrics do not go through the Journal.
    /// <inheritdoc />
    protected override TimeSpan? Renewed => TimeSpan.FromSeconds(5);

    /// <inheritdoc />
    protected override async Task<Shown> Load(CancellationToken ct)
    {
        var experiments = (await Tracking.SearchExperiments(Principal, max: 1000, ct: ct)).Items;
        try
        {
            var query = new RunQuery(string.IsNullOrEmpty(Experiment) ? null : [Experiment], Filter, string.IsNullOrEmpty(Sort) ? null : [Sort], Length, Cursor);
            return Shown.Of(experiments, await Tracking.SearchRuns(Principal, query, ct: ct));
        }
        catch (HoldfastException fault) when (fault.Code == ErrorCode.InvalidArgument)
        {
            return Shown.Of(experiments, new Page<Run>([])) with { Fault = fault };
        }
    }

    /// <summary>A key in backquotes, as the grammar takes any.</summary>
    private static string Quoted(string key) => "`" + key.Replace("`", "``", StringComparison.Ordinal) + "`";

    /// <summary>A heading that sorts: first the larger or newer values, then the other way round.</summary>
    private RenderFragment Head(string name, string by, bool number = false, bool param = false) => builder =>
    {
        var now = Sort is null ? "" : Sort == by + " desc" ? "desc" : Sort == by + " asc" ? "asc" : "";
        builder.OpenElement(0, "th");
        builder.AddAttribute(1, "class", number ? "n" : null);
        builder.AddAttribute(2, "aria-sort", now switch { "desc" => "descending", "asc" => "ascending", _ => null });
        builder.OpenElement(3, "a");
        builder.AddAttribute(4, "href", Routes.Runs(Experiment, Filter, by + (now == "desc" ? " asc" : " desc")));
        builder.AddAttribute(5, "title", number ? "Metric; sort by it" : param ? "Param; sort by it" : "Sort by it");
        builder.AddContent(6, name + (now switch { "desc" => " ↓", "asc" => " ↑", _ => "" }));
        builder.CloseElement();
        builder.CloseElement();
    };

    public sealed record Shown(
        IReadOnlyList<Experiment> Experiments, Page<Run> Runs, IReadOnlyList<string> Metrics, IReadOnlyList<string> Params, int Hidden, HoldfastException? Fault = null)
    {
        public static Shown Of(IReadOnlyList<Experiment> experiments, Page<Run> runs)
        {
            var metrics = Keys(runs.Items.SelectMany(r => r.Metrics.Select(m => m.Key)));
            var parameters = Keys(runs.Items.SelectMany(r => r.Params.Select(p => p.Key)));
            var hidden = Math.Max(0, metrics.Count - MostMetrics) + Math.Max(0, parameters.Count - MostParams);
            return new Shown(experiments, runs, [.. metrics.Take(MostMetrics)], [.. parameters.Take(MostParams)], hidden);
        }

        public string NameOf(string experiment) =>
            Experiments.FirstOrDefault(e => e.Id.ToString(CultureInfo.InvariantCulture) == experiment)?.Name ?? experiment;

        // The keys that most runs have; system metrics are for the run's own page.
        private static List<string> Keys(IEnumerable<string> keys) =>
            [.. keys.Where(k => !k.StartsWith("system/", StringComparison.Ordinal)).GroupBy(k => k, StringComparer.Ordinal).OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal).Select(g => g.Key)];
    }
}
