using System.Text.Json;
using Holdfast.Contracts;

namespace Holdfast.Tracking;

/// <summary>What may be logged at a step beside numbers.</summary>
internal static class MediaRules
{
    public const int MaxEntries = 1_000;
    public const int MaxText = 64_000;
    public const int MaxBins = 10_000;
    public const int MaxCaption = 500;
    private const int MaxJson = 32 << 20;

    private static readonly Dictionary<MediaKind, (string Type, string Extension)[]> _types = new()
    {
        [MediaKind.Image] = [("image/png", ".png"), ("image/jpeg", ".jpg"), ("image/gif", ".gif"), ("image/webp", ".webp"), ("image/svg+xml", ".svg")],
        [MediaKind.Audio] = [("audio/wav", ".wav"), ("audio/x-wav", ".wav"), ("audio/mpeg", ".mp3"), ("audio/ogg", ".ogg"), ("audio/flac", ".flac")],
        [MediaKind.Video] = [("video/mp4", ".mp4"), ("video/webm", ".webm")],
        [MediaKind.Table] = [("application/json", ".json"), ("text/csv", ".csv")],
        [MediaKind.Plot] = [("application/json", ".json")],
    };

    /// <summary>All faults of a batch.</summary>
    public static void Check(IReadOnlyList<NewMedia>? entries)
    {
        var faults = new List<Fault>();
        if (entries is not { Count: > 0 and <= MaxEntries })
            throw new HoldfastException("The batch cannot be stored.", [new Fault("entries", $"There are {entries?.Count ?? 0} entries.", $"Send 1 to {MaxEntries}.")]);
        for (var i = 0; i < entries.Count; i++)
        {
            var entry = entries[i];
            if (entry is null)
                faults.Add(new Fault($"entries[{i}]", "It is null.", "Give it a key and a histogram or a text."));
            else
                faults.AddRange(Faults(entry, $"entries[{i}]."));
        }

        if (faults.Count > 0)
            throw new HoldfastException("The batch cannot be stored; nothing of it was.", faults);
    }

    /// <summary>The extension of a file of this kind and type.</summary>
    public static string Extension(MediaKind kind, string? mediaType)
    {
        if (!_types.TryGetValue(kind, out var types))
            throw KeyRules.Invalid($"A {Word(kind)} is no file.", "Send histograms and texts as JSON: POST /api/v1/runs/{run}/media");
        var bare = mediaType?.Split(';')[0].Trim().ToLowerInvariant();
        return Array.Find(types, t => t.Type == bare).Extension
            ?? throw KeyRules.Invalid($"A {Word(kind)} of the type '{bare}' is not known.", $"Send the header Content-Type with one of {string.Join(", ", types.Select(t => t.Type))}.");
    }

    /// <summary>Refuses a table or plot that is not the JSON it should be.</summary>
    public static void CheckJson(MediaKind kind, Stream content)
    {
        if (content.Length > MaxJson)
            throw new HoldfastException(ErrorCode.TooLarge, $"The {Word(kind)} has {content.Length} bytes; at most {MaxJson} are stored.", "Log it as an artifact.");
        try
        {
            using var document = JsonDocument.Parse(content);
            if (kind == MediaKind.Table && !IsTable(document.RootElement))
                throw KeyRules.Invalid("The table is not of the form {\"columns\": [\"a\", …], \"data\": [[1, …], …]} with as many values a row as columns.", "Write it so, or send CSV as text/csv.");
        }
        catch (JsonException e)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"The {Word(kind)} is not JSON: {e.Message}", "Write NaN as null or as text.", e);
        }
    }

    public static string? Caption(string? caption) =>
        caption?.Length > MaxCaption ? throw KeyRules.Invalid($"The caption has {caption.Length} characters; at most {MaxCaption} are kept.", "Shorten it, or log it as a text.") : caption;

    private static IEnumerable<Fault> Faults(NewMedia entry, string at)
    {
        if (KeyFault(entry.Key) is { } key)
            yield return new Fault(at + "key", key, "Name it as a metric: letters, digits, _ - . / : and blanks.");
        if (entry.Step < long.MinValue || entry.Step > long.MaxValue)
            yield return new Fault(at + "step", $"The step {entry.Step} is out of range.", "A step has 64 bits before the point.");
        if (entry.Timestamp < DateTimeOffset.UnixEpoch)
            yield return new Fault(at + "timestamp", $"The time {entry.Timestamp:O} is before 1970.", "Leave it out: the time of the request is taken then.");
        if (entry.Histogram is null == entry.Text is null)
            yield return new Fault(at + "histogram", "There must be either a histogram or a text.", "Files (images and others) go to PUT /api/v1/runs/{run}/media/{key}.");
        if (entry.Text?.Length > MaxText)
            yield return new Fault(at + "text", $"The text has {entry.Text.Length} characters.", $"At most {MaxText} are kept; log longer ones as artifacts.");
        if (entry.Caption?.Length > MaxCaption)
            yield return new Fault(at + "caption", $"The caption has {entry.Caption.Length} characters.", $"At most {MaxCaption} are kept.");
        if (entry.Histogram is { } histogram && HistogramFault(histogram) is { } fault)
            yield return new Fault(at + "histogram", fault, "Write {\"edges\": [0, 1, 2], \"counts\": [5, 3]}: edges ascending and one more than counts.");
    }

    private static string? HistogramFault(Histogram h)
    {
        if (h.Edges is null || h.Counts is null || h.Counts.Count == 0 || h.Edges.Count != h.Counts.Count + 1)
            return $"There are {h.Edges?.Count ?? 0} edges and {h.Counts?.Count ?? 0} counts.";
        if (h.Counts.Count > MaxBins)
            return $"There are {h.Counts.Count} bins; at most {MaxBins} are kept.";
        if (h.Edges.Concat(h.Counts).Any(x => !double.IsFinite(x)))
            return "An edge or count is not finite.";
        for (var i = 1; i < h.Edges.Count; i++)
        {
            if (h.Edges[i] < h.Edges[i - 1])
                return $"The edge {h.Edges[i]} follows {h.Edges[i - 1]}.";
        }

        return null;
    }

    private static string? KeyFault(string? key)
    {
        try
        {
            KeyRules.Key(key, "key");
            KeyRules.Length("Media key", KeyRules.MaxKey, key!);
            return key!.Length == 0 ? "It is empty." : null;
        }
        catch (HoldfastException e)
        {
            return e.Message;
        }
    }

    private static bool IsTable(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("columns", out var columns) || !root.TryGetProperty("data", out var data) || columns.ValueKind != JsonValueKind.Array || data.ValueKind != JsonValueKind.Array)
            return false;
        var width = columns.GetArrayLength();
        return data.EnumerateArray().All(row => row.ValueKind == JsonValueKind.Array && row.GetArrayLength() == width);
    }

    private static string Word(MediaKind kind) => JsonNamingPolicy.SnakeCaseLower.ConvertName(kind.ToString());
}
