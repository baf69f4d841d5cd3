using Holdfast.Registry;
using Holdfast.Ui.Tracking;

namespace Holdfast.Ui.Registry;

/// <summary>What differs between two versions of a model.</summary>
internal static class VersionComparison
{
    /// <summary>Where they come from, and what they are called.</summary>
    public static IReadOnlyList<ComparedRow> About(ModelVersion a, ModelVersion b) =>
    [
        Row("Trained on", a.DatasetVersion, b.DatasetVersion),
        Row("Run", a.RunId, b.RunId),
        Row("Pipeline run", a.PipelineRun, b.PipelineRun),
        Row("Aliases", Joined(a.Aliases), Joined(b.Aliases)),
        Row("Stage", a.Stage, b.Stage),
        Row("Registered by", a.User, b.User),
        Row("Source", a.Source, b.Source),
        .. a.Tags.Keys.Union(b.Tags.Keys).Order(StringComparer.Ordinal).Select(key => Row(key, a.Tags.GetValueOrDefault(key), b.Tags.GetValueOrDefault(key))),
    ];

    /// <summary>Fields of the signatures, by side and name; a caller of the one must send or read other things with the other.</summary>
    public static IReadOnlyList<ComparedRow> Signatures(Signature? a, Signature? b) =>
        [.. Side("input", a?.Inputs, b?.Inputs), .. Side("output", a?.Outputs, b?.Outputs)];

    private static IEnumerable<ComparedRow> Side(string side, IReadOnlyList<SignatureField>? a, IReadOnlyList<SignatureField>? b) =>
        (a ?? []).Concat(b ?? []).Select(f => f.Name).Distinct(StringComparer.Ordinal)
            .Select(name => Row($"{side} {name}", Words(a?.FirstOrDefault(f => f.Name == name)), Words(b?.FirstOrDefault(f => f.Name == name))));

    private static string? Words(SignatureField? field) => field is null
        ? null
        : field.Datatype + (field.Categories is { Count: > 0 } words ? " of " + string.Join(", ", words) : "") + (field.Default is { } value ? " = " + Shell.Figure.Number(value) : "");

    private static string? Joined(IReadOnlyList<string> names) => names.Count == 0 ? null : string.Join(", ", names.Order(StringComparer.Ordinal));

    private static ComparedRow Row(string key, string? a, string? b)
    {
        var (first, second) = (string.IsNullOrEmpty(a) ? null : a, string.IsNullOrEmpty(b) ? null : b);
        return new ComparedRow(key, [first, second], first != second, []);
    }
}
