using Holdfast.Contracts;
using Holdfast.Registry;
using Holdfast.Tracking;
using Holdfast.Ui.Tracking;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Registry;

/// <summary>Two versions of a model side by side: origin, signature, and the runs that made them.</summary>
public sealed partial class CompareVersionsPage
{
    [Parameter] public string Name { get; set; } = "";

    [SupplyParameterFromQuery] private int A { get; set; }

    [SupplyParameterFromQuery] private int B { get; set; }

    [Inject] private RegistryService Registry { get; set; } = null!;

    [Inject] private TrackingService Tracking { get; set; } = null!;

    /// <inheritdoc />
    protected override async Task<Shown> Load(CancellationToken ct)
    {
        var (a, b) = (await Registry.GetVersion(Principal, Name, A, ct), await Registry.GetVersion(Principal, Name, B, ct));
        return new Shown(a, b, await RunOf(a, ct), await RunOf(b, ct));
    }

    private async Task<Run?> RunOf(ModelVersion version, CancellationToken ct)
    {
        try
        {
            return version.RunId is { Length: > 0 } id ? await Tracking.GetRun(Principal, id, ct) : null;
        }
        catch (HoldfastException missing) when (missing.Code is ErrorCode.NotFound or ErrorCode.InvalidArgument)
        {
            // The run was logged elsewhere, or is deleted; the version stands without it.
            return null;
        }
    }

    public sealed record Shown(ModelVersion A, ModelVersion B, Run? First, Run? Second)
    {
        internal IEnumerable<(string Title, IReadOnlyList<ComparedRow> Rows, string None)> Tables()
        {
            const string noRun = "Not both of them come from a run that is known here.";
            IReadOnlyList<Run>? runs = First is null || Second is null ? null : [First, Second];
            yield return ("Metrics", runs is null ? [] : RunComparison.Metrics(runs, "last"), noRun);
            yield return ("Signature", VersionComparison.Signatures(A.Signature, B.Signature), "Neither has a signature.");
            yield return ("Params", runs is null ? [] : RunComparison.Params(runs), noRun);
            yield return ("Origin", VersionComparison.About(A, B), "");
        }
    }
}
