using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Holdfast.Contracts;
using Holdfast.Tracking;
using Holdfast.Wire.Otlp.Proto;

namespace Holdfast.Wire.Otlp;

/// <summary>Spans of the OpenTelemetry protocol as ours.</summary>
internal static class OtlpSpans
{
    private const int TraceIdLength = 16;
    private const int SpanIdLength = 8;

    // As deep as our JSON goes, less the levels around it.
    private const int MaxDepth = 32;
    private static readonly string[] _statuses = ["UNSET", "OK", "ERROR"];

    /// <summary>The spans that can be stored, and why each of the others cannot.</summary>
    public static (List<NewSpan> Spans, List<string> Faults) Read(ExportTraceServiceRequest request)
    {
        var spans = new List<NewSpan>();
        var faults = new List<string>();
        foreach (var span in request.ResourceSpans.SelectMany(r => r.ScopeSpans).SelectMany(s => s.Spans))
        {
            var traceId = Id(span.TraceId, TraceIdLength);
            var spanId = Id(span.SpanId, SpanIdLength);
            var parentId = span.ParentSpanId.IsEmpty ? null : Id(span.ParentSpanId, SpanIdLength);
            if (Fault(span, traceId, spanId, parentId) is { } fault)
                faults.Add(fault);
            else
                spans.Add(new NewSpan(traceId!, Read(span, spanId!, parentId)));
        }

        return (spans, faults);
    }

    private static string? Fault(Span span, string? traceId, string? spanId, string? parentId) =>
        traceId is null ? $"trace_id of the span '{span.Name}' is not {TraceIdLength} bytes that are not all zero."
        : spanId is null ? $"span_id of the span '{span.Name}' is not {SpanIdLength} bytes that are not all zero."
        : parentId is null && !span.ParentSpanId.IsEmpty ? $"parent_span_id of the span '{span.Name}' is not {SpanIdLength} bytes that are not all zero."
        : span.StartTimeUnixNano is 0 or > long.MaxValue ? $"start_time_unix_nano of the span '{span.Name}' is {span.StartTimeUnixNano}."
        : span.EndTimeUnixNano > long.MaxValue ? $"end_time_unix_nano of the span '{span.Name}' is {span.EndTimeUnixNano}."
        : null;

    private static TraceSpan Read(Span span, string spanId, string? parentId) => new(
        spanId, parentId, Clean(span.Name), "", _statuses[span.Status?.Code is >= 0 and <= 2 and var code ? code : 0], span.Status?.Message is { Length: > 0 } message ? Clean(message) : null,
        (long)span.StartTimeUnixNano, span.EndTimeUnixNano == 0 ? null : (long)span.EndTimeUnixNano, Attributes(span.Attributes),
        [.. span.Events.Select(e => new SpanEvent(Clean(e.Name), (long)Math.Min(e.TimeUnixNano, long.MaxValue), Attributes(e.Attributes)))]);

    // As JSON they come in hexadecimal, which the reader takes for base64: every three bytes that it made of four characters give them back.
    private static string? Id(ByteString bytes, int length)
    {
        if (bytes.Length == length)
            return bytes.Span.ContainsAnyExcept((byte)0) ? Convert.ToHexStringLower(bytes.Span) : null;
        if (bytes.Length * 4 != length * 2 * 3)
            return null;
        var text = bytes.ToBase64();
        return text.All(char.IsAsciiHexDigit) && text.Any(c => c != '0') ? text.ToLowerInvariant() : null;
    }

    private static JsonElement Attributes(RepeatedField<KeyValue> pairs) => JsonSerializer.SerializeToElement(Object(pairs, 0), HoldfastJson.Options);

    private static JsonObject Object(RepeatedField<KeyValue> pairs, int depth)
    {
        var result = new JsonObject();
        foreach (var pair in pairs)
            result[Clean(pair.Key)] = Value(pair.Value, depth + 1);
        return result;
    }

    private static JsonNode? Value(AnyValue? value, int depth) => depth > MaxDepth ? null : value?.ValueCase switch
    {
        AnyValue.ValueOneofCase.StringValue => JsonValue.Create(Clean(value.StringValue)),
        AnyValue.ValueOneofCase.BoolValue => JsonValue.Create(value.BoolValue),
        AnyValue.ValueOneofCase.IntValue => JsonValue.Create(value.IntValue),
        AnyValue.ValueOneofCase.DoubleValue => Number(value.DoubleValue),
        AnyValue.ValueOneofCase.ArrayValue => new JsonArray([.. value.ArrayValue.Values.Select(v => Value(v, depth + 1))]),
        AnyValue.ValueOneofCase.KvlistValue => Object(value.KvlistValue.Values, depth),
        AnyValue.ValueOneofCase.BytesValue => JsonValue.Create(value.BytesValue.ToBase64()),
        _ => null,
    };

    // A whole number that is a double keeps its point, so that it is one again when it is read.
    private static JsonNode? Number(double value) =>
        !double.IsFinite(value) ? JsonValue.Create(value.ToString(CultureInfo.InvariantCulture))
        : value == Math.Floor(value) && Math.Abs(value) < 1e15 ? JsonNode.Parse(value.ToString("0.0", CultureInfo.InvariantCulture))
        : JsonValue.Create(value);

    // Neither database keeps this character in what it compares.
    private static string Clean(string text) => text.Replace('\0', '\uFFFD');
}
