using System.Text.Json;
using System.Text.RegularExpressions;
using Holdfast.Contracts;

namespace Holdfast.Tracking;

/// <summary>
/// What may be a key or value, with MLflow's limits and words: its clients match on the messages. Keys can become file names,
/// so a key must be its own normalised path.
/// </summary>
public static partial class KeyRules
{
    public const int MaxKey = 250;
    public const int MaxParamValue = 6_000;
    public const int MaxRunTagValue = 8_000;
    public const int MaxExperimentTagValue = 5_000;
    public const int MaxExperimentName = 500;
    public const int MaxArtifactLocation = 2_048;
    public const int MaxModelTagValue = 100_000;
    public const int MaxMetrics = 1_000;
    public const int MaxParams = 100;
    public const int MaxTags = 100;
    public const int MaxBatch = 1_000;
    public const int MaxPage = 50_000;

    /// <summary>Checks the key of a metric, parameter or tag.</summary>
    /// <param name="path">Where it stands in the request, as the message names it.</param>
    public static void Key(string? key, string path)
    {
        if (key is null)
            throw Invalid($"Missing value for required parameter '{path}'.");
        if (!Allowed().IsMatch(key))
            throw Invalid(InvalidValue(path, key, "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/)."));
        var normal = Normalize(key);
        if (normal != key || normal == "." || normal.StartsWith("..", StringComparison.Ordinal) || normal.StartsWith('/'))
            throw Invalid(InvalidValue(path, key, $"Names may be treated as files in certain cases, and must not resolve to other names when treated as such. This name would resolve to '{normal}'"));
    }

    /// <summary>Refuses what is longer than the limit.</summary>
    public static string Length(string what, int limit, string value) =>
        value.Length <= limit
            ? value
            : throw Invalid($"{what} '{value[..Math.Min(250, value.Length)]}' had length {value.Length}, which exceeded length limit of {limit}");

    /// <summary>Cuts what is longer than the limit, or refuses it where the options say so.</summary>
    public static string Value(string what, int limit, string value, bool truncate) =>
        truncate && value.Length > limit ? value[..limit] : Length(what, limit, value);

    /// <summary>Checks the sizes of a batch.</summary>
    public static void Batch(int metrics, int parameters, int tags)
    {
        Count("metrics", MaxMetrics, metrics);
        Count("params", MaxParams, parameters);
        Count("tags", MaxTags, tags);
        Count("metrics, params, and tags", MaxBatch, metrics + parameters + tags);
    }

    /// <summary>Checks the length of a page.</summary>
    public static void Page(int max, int limit = MaxPage, int least = 1)
    {
        if (max < least)
            throw Invalid(InvalidNumber("max_results", max, $"It must be at least {least}, but got value {max}"));
        if (max > limit)
            throw Invalid(InvalidNumber("max_results", max, $"It must be at most {limit}, but got value {max}"));
    }

    /// <summary>Python's <c>posixpath.normpath</c>.</summary>
    public static string Normalize(string path)
    {
        if (path.Length == 0)
            return ".";
        var rooted = path[0] == '/';
        var lead = rooted ? path.StartsWith("//", StringComparison.Ordinal) && !path.StartsWith("///", StringComparison.Ordinal) ? "//" : "/" : "";
        var parts = new List<string>();
        foreach (var part in path.Split('/'))
        {
            if (part is "" or ".")
                continue;
            if (part != ".." || (!rooted && parts.Count == 0) || (parts.Count > 0 && parts[^1] == ".."))
                parts.Add(part);
            else if (parts.Count > 0)
                parts.RemoveAt(parts.Count - 1);
        }

        var joined = lead + string.Join('/', parts);
        return joined.Length == 0 ? "." : joined;
    }

    /// <summary>MLflow's words for a bad value.</summary>
    public static string InvalidValue(string path, string value, string? message = null) =>
        $"Invalid value {JsonSerializer.Serialize(value, HoldfastJson.Options)} for parameter '{path}' supplied{(message is null ? "." : ": " + message)}";

    internal static HoldfastException Invalid(string message, string? hint = null) => new(ErrorCode.InvalidArgument, message, hint);

    private static string InvalidNumber(string path, int value, string message) => $"Invalid value {value} for parameter '{path}' supplied: {message}";

    private static void Count(string what, int limit, int count)
    {
        if (count > limit)
            throw Invalid($"A batch logging request can contain at most {limit} {what}. Got {count} {what}. Please split up {what} across multiple requests and try again.");
    }

    [GeneratedRegex(@"^[/\w.\- :]*\z")]
    private static partial Regex Allowed();
}
