using System.Text.Json;

namespace Holdfast.Tracking;

/// <summary>What a step used: tokens of a language model, and money where the application says so.</summary>
public sealed record SpanUsage(long Input, long Output, long Total, double? Cost)
{
    /// <summary>Both together.</summary>
    public static SpanUsage operator +(SpanUsage a, SpanUsage b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        return new SpanUsage(a.Input + b.Input, a.Output + b.Output, a.Total + b.Total, a.Cost is null && b.Cost is null ? null : (a.Cost ?? 0) + (b.Cost ?? 0));
    }
}

/// <summary>What the attributes of a step say, in MLflow's words or in those of OpenTelemetry and OpenInference.</summary>
public static class SpanReading
{
    private static readonly string[] _types = ["mlflow.spanType", "openinference.span.kind", "gen_ai.operation.name"];
    private static readonly string[] _inputs = ["mlflow.spanInputs", "input.value", "gen_ai.input.messages", "gen_ai.prompt"];
    private static readonly string[] _outputs = ["mlflow.spanOutputs", "output.value", "gen_ai.output.messages", "gen_ai.completion"];
    private static readonly string[] _inputTokens = ["gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt"];
    private static readonly string[] _outputTokens = ["gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion"];
    private static readonly string[] _costs = ["gen_ai.usage.cost", "llm.cost.total"];

    /// <summary>What went in; null when it was not said.</summary>
    public static JsonElement? Inputs(TraceSpan span) => First(span, _inputs);

    /// <summary>What came out; null when it was not said.</summary>
    public static JsonElement? Outputs(TraceSpan span) => First(span, _outputs);

    /// <summary>Tokens and cost of this step alone; null when it says nothing of them.</summary>
    public static SpanUsage? Usage(TraceSpan span)
    {
        var tokens = First(span, ["mlflow.chat.tokenUsage"]) is { ValueKind: JsonValueKind.Object } told ? told : default;
        var input = Number(tokens, "input_tokens") ?? Number(span, _inputTokens);
        var output = Number(tokens, "output_tokens") ?? Number(span, _outputTokens);
        var total = Number(tokens, "total_tokens");
        var cost = First(span, ["mlflow.llm.cost"]) is { ValueKind: JsonValueKind.Object } money ? Number(money, "total_cost") : Number(span, _costs);
        return input is null && output is null && total is null && cost is null ? null : new SpanUsage((long)(input ?? 0), (long)(output ?? 0), (long)(total ?? (input ?? 0) + (output ?? 0)), cost);
    }

    /// <summary>What all steps used. A step that tells its own usage speaks for its parts, too.</summary>
    public static SpanUsage? Usage(IReadOnlyList<TraceSpan> spans)
    {
        ArgumentNullException.ThrowIfNull(spans);
        var known = spans.Select(s => s.SpanId).ToHashSet();
        var parts = spans.ToLookup(s => s.ParentId is { } parent && known.Contains(parent) ? parent : "");
        SpanUsage? sum = null;
        var open = new Stack<TraceSpan>(parts[""]);
        while (open.TryPop(out var span))
        {
            if (Usage(span) is { } own)
            {
                sum = sum is null ? own : sum + own;
                continue;
            }

            foreach (var part in parts[span.SpanId])
                open.Push(part);
        }

        return sum;
    }

    /// <summary>A value as people read it: texts as they are, all else as JSON.</summary>
    public static string Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();

    /// <summary>The type of a step.</summary>
    internal static string Type(JsonElement attributes)
    {
        var told = Array.Find(_types, name => attributes.TryGetProperty(name, out var value) && Plain(value).ValueKind == JsonValueKind.String);
        return told is null ? "UNKNOWN" : Cut(Plain(attributes.GetProperty(told)).GetString()!.ToUpperInvariant(), 250);
    }

    /// <summary>The beginning of what a step took or gave.</summary>
    internal static string? Preview(JsonElement? value) => value is { } known ? Cut(Text(known), 1000) : null;

    private static JsonElement? First(TraceSpan span, string[] names)
    {
        ArgumentNullException.ThrowIfNull(span);
        foreach (var name in names)
        {
            if (span.Attributes.TryGetProperty(name, out var value))
                return Plain(value);
        }

        return null;
    }

    // Exporters that know texts alone write structures as the text of their JSON.
    private static JsonElement Plain(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String || value.GetString() is not { Length: > 1 } text || text[0] is not ('{' or '[' or '"'))
            return value;
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return value;
        }
    }

    private static double? Number(TraceSpan span, string[] names) => First(span, names) is { ValueKind: JsonValueKind.Number } value ? value.GetDouble() : null;

    private static double? Number(JsonElement fields, string name) =>
        fields.ValueKind == JsonValueKind.Object && fields.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

    private static string Cut(string text, int length) => text.Length <= length ? text : text[..(length - 1)] + "…";
}
