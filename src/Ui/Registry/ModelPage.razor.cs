using Holdfast.Contracts;
using Holdfast.Registry;
using Holdfast.Tracking;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Registry;

/// <summary>The versions of a model side by side with the metrics of the runs that made them.</summary>
public sealed partial class ModelPage
{
    private const int Length = 50;
    private const int MostMetrics = 6;

    [Parameter] public string Name { get; set; } = "";

    [Inject] private RegistryService Registry { get; set; } = null!;

    [Inject] private TrackingService Tracking { get; set; } = null!;

    /// <inheritdoc />
    protected override async Task<Shown> Load(CancellationToken ct)
    {
        var model = await Registry.GetModel(Principal, Name, ct);
        IReadOnlyList<ModelVersion> versions = [.. (await Registry.ListVersions(Principal, Name, ct)).OrderByDescending(v => v.Version).Take(Length)];
        var runs = new Dictionary<string, Run>(StringComparer.Ordinal);
        foreach (var id in versions.Select(v => v.RunId).OfType<string>().Where(id => id.Length > 0).Distinct())
        {
            try
            {
                runs[id] = await Tracking.GetRun(Principal, id, ct);
            }
            catch (HoldfastException missing) when (missing.Code is ErrorCode.NotFound or ErrorCode.InvalidArgument)
            {
                // The run was logged elsewhere, or is deleted; the version stands without it.
            }
        }

        IReadOnlyList<string> metrics =
        [
            .. runs.Values.SelectMany(r => r.Metrics.Select(m => m.Key)).Where(k => !k.StartsWith("system/", StringComparison.Ordinal))
                .GroupBy(k => k, StringComparer.Ordinal).OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal).Take(MostMetrics).Select(g => g.Key),
        ];
        return new Shown(model, versions, runs, metrics);
    }

    public sealed record Shown(RegisteredModel Model, IReadOnlyList<ModelVersion> Versions, IReadOnlyDictionary<string, Run> Runs, IReadOnlyList<string> Metrics);
}
