using Holdfast.Contracts;
using Holdfast.Registry;
using Holdfast.Tracking;
using Holdfast.Ui.Shell;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Registry;

/// <summary>One model version: where it came from, what it takes, how good it was.</summary>
public sealed partial class ModelVersionPage
{
    [Parameter] public string Name { get; set; } = "";

    [Parameter] public int Version { get; set; }

    [Inject] private RegistryService Registry { get; set; } = null!;

    [Inject] private TrackingService Tracking { get; set; } = null!;

    /// <inheritdoc />
    protected override async Task<Shown> Load(CancellationToken ct)
    {
        var version = await Registry.GetVersion(Principal, Name, Version, ct);
        Run? run = null;
        try
        {
            run = version.RunId is { Length: > 0 } id ? await Tracking.GetRun(Principal, id, ct) : null;
        }
        catch (HoldfastException missing) when (missing.Code is ErrorCode.NotFound or ErrorCode.InvalidArgument)
        {
            // The run was logged elsewhere, or is deleted; the version stands without it.
        }

        var others = (await Registry.ListVersions(Principal, Name, ct)).Select(v => v.Version).Where(v => v != Version).OrderDescending().Take(200).ToList();
        return new Shown(version, run, others, await Registry.Card(Principal, Name, Version, ct), await Registry.Comments(Principal, Name, Version, ct));
    }

    private static IEnumerable<(string, string?, string?)> Measured(Run run) =>
        run.Metrics.Where(m => !m.Key.StartsWith("system/", StringComparison.Ordinal)).Select(m => (m.Key, (string?)Figure.Number(m.Last.Value), (string?)null));

    private string Api => $"/api/v1/models/{Uri.EscapeDataString(Name)}/versions/{Version}";

    private static IEnumerable<(string, string?, string?)> About(ModelVersion version)
    {
        yield return ("Created", version.CreatedAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", System.Globalization.CultureInfo.InvariantCulture), null);
        yield return ("By", version.User, null);
        yield return ("Source", version.Source, null);
        foreach (var (key, value) in version.Tags.OrderBy(t => t.Key, StringComparer.Ordinal))
        {
            yield return (key, value, null);
        }
    }

    public sealed record Shown(ModelVersion Version, Run? Run, IReadOnlyList<int> Others, ModelCard Card, IReadOnlyList<ModelComment> Comments);
}
