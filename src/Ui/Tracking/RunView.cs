using System.Globalization;
using Holdfast.Tracking;
using Holdfast.Ui.Shell;

namespace Holdfast.Ui.Tracking;

/// <summary>What several pages say of a run.</summary>
internal static class RunView
{
    /// <summary>The tag of a run's note, as MLflow's clients name it.</summary>
    public const string Notes = "mlflow.note.content";

    /// <summary>The tag of a run's chosen colour, as MLflow's pages name it.</summary>
    public const string ColourTag = "mlflow.runColor";

    public static string Name(Run run) => run.Name is { Length: > 0 } name ? name : run.RunId[..Math.Min(8, run.RunId.Length)];

    /// <summary>The colour of a run on every page: chosen, else from its id; the same as colourOf in holdfast-parts.js.</summary>
    public static string Colour(Run run)
    {
        if (run.Tag(ColourTag) is { Length: 7 } chosen && chosen[0] == '#' && chosen.Skip(1).All(char.IsAsciiHexDigit))
        {
            return chosen;
        }

        _ = uint.TryParse(run.RunId.AsSpan(0, Math.Min(8, run.RunId.Length)), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var n);
        var (hue, level) = (n % 360, (n >> 10) % 3);
        return string.Create(CultureInfo.InvariantCulture, $"light-dark(oklch({0.48 + (0.08 * level):0.##} 0.14 {hue}), oklch({0.68 + (0.07 * level):0.##} 0.13 {hue}))");
    }

    public static TimeSpan? Duration(Run run, TimeProvider time) => run switch
    {
        { StartTime: null } => null,
        { StartTime: { } start, EndTime: { } end } => end - start,
        { StartTime: { } start, Status: RunStatus.Running } => time.GetUtcNow() - start,
        _ => null,
    };

    /// <summary>The page of a dataset version that a reference like <c>name@v3</c> names; null when it is none of ours.</summary>
    public static string? DataUrl(string? reference)
    {
        if (reference is null || reference.LastIndexOf("@v", StringComparison.Ordinal) is not (> 0 and var at))
        {
            return null;
        }

        var name = reference[..at];
        name = name.StartsWith("data/", StringComparison.Ordinal) ? name[5..] : name;
        return int.TryParse(reference.AsSpan(at + 2), NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? Routes.DatasetVersion(name, version) : null;
    }
}
