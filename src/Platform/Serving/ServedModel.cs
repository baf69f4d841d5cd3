using Holdfast.Registry;

namespace Holdfast.Serving;

/// <summary>What an endpoint serves at this moment, as protocols describe models.</summary>
/// <param name="Ready">Whether something can answer.</param>
/// <param name="Versions">Versions that can be asked for.</param>
/// <param name="Platform">Kind of the primary's backend.</param>
/// <param name="Inputs">The primary's inputs; those of the rules without one.</param>
/// <param name="Task"><c>binary</c>, <c>regression</c> or <c>multiclass</c>; empty when nothing is served.</param>
/// <param name="Fault">Why it is not ready, or not in full; null when all is well.</param>
public sealed record ServedModel(string Name, bool Ready, IReadOnlyList<int> Versions, string Platform, IReadOnlyList<SignatureField> Inputs, string Task, string? Fault)
{
    internal static ServedModel Of(Route route)
    {
        var info = (route.Primary ?? route.Rules ?? route.Candidate)?.Info;
        return new ServedModel(route.Key.Name, route.Ready, [.. route.Versions.Select(v => v.Version).Distinct()], info?.Kind ?? "", route.Inputs, info?.Task ?? "",
            route.Unloaded ? "unloaded" : route.Faults.Count > 0 ? string.Join(" ", route.Faults.Select(f => $"{f.Key}: {f.Value}")) : route.Ready ? null : "it has no model yet and no fallback");
    }
}
