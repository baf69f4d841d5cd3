using System.Globalization;
using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Tracking;
using Holdfast.Ui.Shell;

namespace Holdfast.Ui.Tracking;

/// <summary>What the pages say of a trace.</summary>
internal static class TraceView
{
    private const int MostShown = 20_000;

    // What has a place of its own on the page.
    private static readonly string[] _told =
    [
        "mlflow.spanInputs", "mlflow.spanOutputs", "mlflow.spanType", "mlflow.traceRequestId", "mlflow.chat.tokenUsage", "mlflow.llm.cost", "input.value", "output.value", "gen_ai.input.messages",
        "gen_ai.output.messages", "gen_ai.prompt", "gen_ai.completion",
    ];

    public static string Name(Trace trace) => trace.Tags.FirstOrDefault(t => t.Key == "mlflow.traceName")?.Value is { Length: > 0 } name ? name : trace.TraceId;

    public static string State(Trace trace) => trace.State switch
    {
        TraceState.Ok => "ok",
        TraceState.Error => "error",
        TraceState.InProgress => "in_progress",
        _ => "unknown",
    };

    /// <summary>The tokens that the trace counts by itself; null when it does not.</summary>
    public static long? Tokens(Trace trace)
    {
        if (trace.Metadata.FirstOrDefault(m => m.Key == "mlflow.trace.tokenUsage")?.Value is not { } told)
        {
            return null;
        }

        try
        {
            using var usage = JsonDocument.Parse(told);
            return usage.RootElement.ValueKind == JsonValueKind.Object && usage.RootElement.TryGetProperty("total_tokens", out var total) && total.TryGetInt64(out var tokens) ? tokens : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // A client wrote it.
            return null;
        }
    }

    /// <summary>A preview on one line, without the quotes that clients put around a text.</summary>
    public static string Line(string? preview)
    {
        if (string.IsNullOrEmpty(preview))
        {
            return "–";
        }

        var plain = preview is ['"', .. var inner, '"'] ? inner.Replace("\\n", " ", StringComparison.Ordinal).Replace("\\\"", "\"", StringComparison.Ordinal) : preview;
        return plain.ReplaceLineEndings(" ");
    }

    public static string Tone(TraceSpan span) => span.Status == "ERROR" ? "bad" : span.EndNs is null ? "watch" : "plain";

    public static TimeSpan? Duration(TraceSpan span) => span.EndNs is { } end ? TimeSpan.FromTicks((end - span.StartNs) / 100) : null;

    /// <summary>Where the bar of a span stands in the whole, in hundredths: <c>left: 12%; width: 30%</c>.</summary>
    public static string Bar(TraceSpan span, long first, long last)
    {
        var whole = Math.Max(1.0, last - first);
        var left = Math.Clamp((span.StartNs - first) / whole * 100, 0, 99.5);
        var width = Math.Clamp(((span.EndNs ?? last) - span.StartNs) / whole * 100, 0.5, 100 - left);
        return string.Create(CultureInfo.InvariantCulture, $"left: {left:0.##}%; width: {width:0.##}%");
    }

    /// <summary>A value for people: texts as they are, structures indented; only the beginning of a long one.</summary>
    public static string Pretty(JsonElement value)
    {
        var text = value.ValueKind == JsonValueKind.String ? value.GetString()! : JsonSerializer.Serialize(value, HoldfastJson.Indented);
        return text.Length <= MostShown ? text : text[..MostShown] + "…";
    }

    /// <summary>What an event says, a line for each attribute; a text of several lines, such as a stack trace, as it is.</summary>
    public static string Told(SpanEvent told) => string.Join('\n', told.Attributes.EnumerateObject().Select(a => $"{a.Name}: {Pretty(a.Value)}"));

    /// <summary>The attributes that are not told elsewhere.</summary>
    public static IEnumerable<(string, string?, string?)> Attributes(JsonElement attributes) =>
        attributes.EnumerateObject().Where(a => !_told.Contains(a.Name)).Select(a => (a.Name, (string?)Short(SpanReading.Text(a.Value)), (string?)null));

    public static IEnumerable<(string, string?, string?)> About(Trace trace)
    {
        yield return ("Trace", trace.TraceId, null);
        yield return ("Started", trace.RequestTime.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.fff 'UTC'", CultureInfo.InvariantCulture), null);
        if (trace.ClientRequestId is { } request)
        {
            yield return ("Client's request", request, null);
        }

        foreach (var pair in trace.Metadata.Concat(trace.Tags).Where(t => t.Key is not ("mlflow.traceName" or "mlflow.traceInputs" or "mlflow.traceOutputs")))
        {
            yield return (pair.Key, Short(pair.Value), pair.Key == "mlflow.sourceRun" ? Routes.Run(pair.Value) : null);
        }
    }

    /// <summary>What an assessment says, on one line.</summary>
    public static string Said(TraceAssessment assessment)
    {
        try
        {
            using var value = JsonDocument.Parse(assessment.Feedback ?? assessment.Expectation ?? "null");
            return value.RootElement.ValueKind == JsonValueKind.Object && value.RootElement.TryGetProperty("value", out var plain) ? SpanReading.Text(plain) : value.RootElement.GetRawText();
        }
        catch (JsonException)
        {
            return "–";
        }
    }

    private static string Short(string text) => text.Length <= 400 ? text : text[..400] + "…";
}
