using Holdfast.Registry;

namespace Holdfast.Serving;

/// <summary>What an endpoint serves at this moment, as protocols describe models.</summary>
/// <param name="Ready">Whether something can answer.</param>
/// <param name="Versions">Versions that can be asked for.</param>
/// <param name="Platform">Kind of the primary's backend.</param>
/// <param name="Inputs">The primary's inputs; those of the rules without one.</param>
public sealed record ServedModel(string Name, bool Ready, IReadOnlyList<int> Versions, string Platform, IReadOnlyList<SignatureField> Inputs)
{
    internal static ServedModel Of(Route route)
    {
        var info = (route.Primary ?? route.Rules ?? route.Candidate)?.Info;
        return new ServedModel(route.Key.Name, route.Ready, [.. route.Versions.Select(v => v.Version).Distinct()], info?.Kind ?? "", info?.Signature.Inputs ?? []);
    }
}
