using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Contracts;

namespace Holdfast.Tracking;

/// <summary>Reads the file in which MLflow's clients write the spans of a trace, in its two forms. It is a client's to write, so whatever cannot be read is left out.</summary>
internal static class SpanFile
{
    // Larger ones are not read into memory for a page.
    private const int MostBytes = 64 << 20;

    public static async Task<List<TraceSpan>> Read(Stream stream, CancellationToken ct)
    {
        using var buffer = new MemoryStream();
        var piece = new byte[64 << 10];
        int length;
        while ((length = await stream.ReadAsync(piece, ct)) > 0)
        {
            if (buffer.Length + length > MostBytes)
                throw new HoldfastException(ErrorCode.TooLarge, $"The file of the spans is larger than {MostBytes >> 20} MB.", "Download it as an artifact.");
            buffer.Write(piece, 0, length);
        }

        try
        {
            using var document = JsonDocument.Parse(buffer.GetBuffer().AsMemory(0, (int)buffer.Length), new JsonDocumentOptions { MaxDepth = 64 });
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("spans", out var spans) && spans.ValueKind == JsonValueKind.Array
                ? [.. spans.EnumerateArray().Where(s => s.ValueKind == JsonValueKind.Object).Select(Span).OfType<TraceSpan>()]
                : [];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    private static TraceSpan? Span(JsonElement s)
    {
        var first = !s.TryGetProperty("span_id", out _);
        var id = first ? Id(s.TryGetProperty("context", out var context) && context.ValueKind == JsonValueKind.Object ? Text(context, "span_id") : null) : Id(Text(s, "span_id"));
        var start = Whole(s, first ? "start_time" : "start_time_unix_nano");
        if (id is null || start is null)
            return null;
        var attributes = Attributes(s);
        return new TraceSpan(
            id, Id(Text(s, first ? "parent_id" : "parent_span_id")), Text(s, "name") ?? "", SpanReading.Type(attributes), Status(s, first), Message(s, first), start.Value,
            Whole(s, first ? "end_time" : "end_time_unix_nano") is { } end and > 0 ? end : null, attributes, Events(s, first));
    }

    private static List<SpanEvent> Events(JsonElement s, bool first) =>
        !s.TryGetProperty("events", out var events) || events.ValueKind != JsonValueKind.Array ? []
        : [.. events.EnumerateArray().Where(e => e.ValueKind == JsonValueKind.Object).Select(e => new SpanEvent(Text(e, "name") ?? "", Whole(e, first ? "timestamp" : "time_unix_nano") ?? 0, Attributes(e)))];

    private static string Status(JsonElement s, bool first)
    {
        var word = first ? Text(s, "status_code") : s.TryGetProperty("status", out var status) && status.ValueKind == JsonValueKind.Object ? Text(status, "code") : null;
        return word?[(word.LastIndexOf('_') + 1)..].ToUpperInvariant() switch
        {
            "OK" => "OK",
            "ERROR" => "ERROR",
            _ => "UNSET",
        };
    }

    private static string? Message(JsonElement s, bool first) =>
        (first ? Text(s, "status_message") : s.TryGetProperty("status", out var status) && status.ValueKind == JsonValueKind.Object ? Text(status, "message") : null) is { Length: > 0 } text ? text : null;

    // Values are the text of their JSON.
    private static JsonElement Attributes(JsonElement s)
    {
        var result = new JsonObject();
        if (s.TryGetProperty("attributes", out var attributes) && attributes.ValueKind == JsonValueKind.Object)
        {
            foreach (var attribute in attributes.EnumerateObject())
                result[attribute.Name] = Value(attribute.Value);
        }

        return JsonSerializer.SerializeToElement(result, HoldfastJson.Options);
    }

    private static JsonNode? Value(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String)
            return JsonNode.Parse(value.GetRawText());
        try
        {
            return JsonNode.Parse(value.GetString()!, documentOptions: new JsonDocumentOptions { MaxDepth = 60 });
        }
        catch (JsonException)
        {
            return JsonValue.Create(value.GetString());
        }
    }

    // 8 bytes as base64, as hexadecimal digits, or with 0x before them.
    private static string? Id(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return null;
        if (text.StartsWith("0x", StringComparison.Ordinal))
            text = text[2..];
        if (text.Length == 16 && text.All(char.IsAsciiHexDigit))
            return text.ToLowerInvariant();
        Span<byte> bytes = stackalloc byte[9];
        return text.Length <= 12 && Convert.TryFromBase64String(text, bytes, out var length) && length == 8 ? Convert.ToHexStringLower(bytes[..8]) : null;
    }

    private static string? Text(JsonElement s, string name) => s.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static long? Whole(JsonElement s, string name) => !s.TryGetProperty(name, out var value) ? null : value.ValueKind switch
    {
        JsonValueKind.Number when value.TryGetInt64(out var number) => number,
        JsonValueKind.String when long.TryParse(value.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) => number,
        _ => null,
    };
}
