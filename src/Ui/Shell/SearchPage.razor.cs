using Holdfast.Data;
using Holdfast.Pipelines;
using Holdfast.Registry;
using Holdfast.Serving;
using Holdfast.Tracking;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Shell;

/// <summary>Finds things by a part of their name.</summary>
public sealed partial class SearchPage
{
    private const int MostRuns = 50;

    [SupplyParameterFromQuery] private string? Q { get; set; }

    [Inject] private TrackingService Tracking { get; set; } = null!;

    [Inject] private RegistryService Registry { get; set; } = null!;

    [Inject] private ServingService Serving { get; set; } = null!;

    [Inject] private DataService Data { get; set; } = null!;

    [Inject] private PipelineService Pipelines { get; set; } = null!;

    /// <inheritdoc />
    protected override TimeSpan? Renewed => null;

    /// <inheritdoc />
    protected override async Task<Shown> Load(CancellationToken ct)
    {
        var q = Q?.Trim() ?? "";
        if (q.Length == 0)
        {
            return new Shown([]);
        }

        var found = new List<Hit>();
        found.AddRange((await Serving.List(Principal, ct)).Where(e => Has(e.Spec.Name)).Select(e => new Hit(e.Spec.Name, "endpoint", e.Spec.Model, Routes.Endpoint(e.Spec.Name))));
        found.AddRange((await Registry.ListModels(Principal, ct)).Where(m => Has(m.Name)).Select(m => new Hit(m.Name, "model", m.Description, Routes.Model(m.Name))));
        found.AddRange((await Data.List(Principal, null, 1000, ct)).Items.Where(d => Has(d.Name)).Select(d => new Hit(d.Name, "dataset", null, Routes.Dataset(d.Name))));
        found.AddRange((await Pipelines.ListPipelines(Principal, ct)).Where(p => Has(p.Name)).Select(p => new Hit(p.Name, "pipeline", p.Project, Routes.Pipelines(p.Name))));
        found.AddRange((await Runs(q, ct)).Select(r => new Hit(r.Name, "run", r.RunId, Routes.Run(r.RunId))));
        return new Shown(found);

        bool Has(string name) => name.Contains(q, StringComparison.OrdinalIgnoreCase);
    }

    private async Task<IReadOnlyList<Run>> Runs(string q, CancellationToken ct)
    {
        // In a pattern "%" and "_" stand for others; as typed here they are themselves, which a "_" that matches any one letter still finds.
        var words = q.Replace("'", "''", StringComparison.Ordinal).Replace("%", "", StringComparison.Ordinal);
        var filter = q.Length == 32 && q.All(char.IsAsciiHexDigit) ? $"attributes.run_id = '{q.ToLowerInvariant()}'" : $"attributes.run_name ilike '%{words}%'";
        return (await Tracking.SearchRuns(Principal, new RunQuery(Filter: filter, Max: MostRuns), ct: ct)).Items;
    }

    public sealed record Hit(string Name, string What, string? Note, string Url);

    public sealed record Shown(IReadOnlyList<Hit> Found);
}
