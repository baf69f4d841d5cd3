using System.Globalization;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Tracking;
using Holdfast.Ui.Shell;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Tracking;

/// <summary>Traces as a table: searched, sorted and paged by the server, all of it in the address.</summary>
public sealed partial class TracesPage
{
    private const int Length = 50;

    [SupplyParameterFromQuery] private string? Experiment { get; set; }

    [SupplyParameterFromQuery] private string? Filter { get; set; }

    [SupplyParameterFromQuery] private string? Words { get; set; }

    [SupplyParameterFromQuery] private string? Sort { get; set; }

    [SupplyParameterFromQuery] private string? Cursor { get; set; }

    [Inject] private TrackingService Tracking { get; set; } = null!;

    private bool Asked => Experiment is { Length: > 0 } || Filter is { Length: > 0 } || Words is { Length: > 0 };

    // Traces do not go through the Journal.
    /// <inheritdoc />
    protected override TimeSpan? Renewed => TimeSpan.FromSeconds(5);

    /// <inheritdoc />
    protected override async Task<Shown> Load(CancellationToken ct)
    {
        var experiments = (await Tracking.SearchExperiments(Principal, max: 1000, ct: ct)).Items;
        try
        {
            var ids = string.IsNullOrEmpty(Experiment) ? await Tracking.ExperimentIds(Principal, ct) : [Experiment];
            var page = await Tracking.SearchTraces(Principal, new TraceQuery(ids, Both(), string.IsNullOrEmpty(Sort) ? null : [Sort], Length, Cursor), ct: ct);
            return new Shown(experiments, page);
        }
        catch (HoldfastException fault) when (fault.Code == ErrorCode.InvalidArgument)
        {
            return new Shown(experiments, new Page<Trace>([]), fault);
        }
    }

    private string? Both()
    {
        if (string.IsNullOrWhiteSpace(Words))
        {
            return Filter;
        }

        var mark = Words.Contains('\'', StringComparison.Ordinal) ? '"' : '\'';
        var said = $"text ilike {mark}%{Words.Trim().Replace(mark, '_')}%{mark}";
        return string.IsNullOrWhiteSpace(Filter) ? said : $"({Filter}) and {said}";
    }

    /// <summary>A heading that sorts: first the larger or newer values, then the other way round.</summary>
    private RenderFragment Head(string name, string by, bool number = false) => builder =>
    {
        var now = Sort is null ? "" : Sort == by + " desc" ? "desc" : Sort == by + " asc" ? "asc" : "";
        builder.OpenElement(0, "th");
        builder.AddAttribute(1, "class", number ? "n" : null);
        builder.AddAttribute(2, "aria-sort", now switch { "desc" => "descending", "asc" => "ascending", _ => null });
        builder.OpenElement(3, "a");
        builder.AddAttribute(4, "href", Routes.Traces(Experiment, Filter, Words, by + (now == "desc" ? " asc" : " desc")));
        builder.AddAttribute(5, "title", "Sort by it");
        builder.AddContent(6, name + (now switch { "desc" => " ↓", "asc" => " ↑", _ => "" }));
        builder.CloseElement();
        builder.CloseElement();
    };

    public sealed record Shown(IReadOnlyList<Experiment> Experiments, Page<Trace> Traces, HoldfastException? Fault = null)
    {
        public string NameOf(string experiment) =>
            Experiments.FirstOrDefault(e => e.Id.ToString(CultureInfo.InvariantCulture) == experiment)?.Name ?? experiment;
    }
}
