using System.Globalization;
using System.Text;
using System.Text.Json;
using Holdfast.Contracts;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Predictions;

/// <summary>CloudEvents of KServe's and Seldon's payload loggers over HTTP: binary mode (headers beside the body) and structured mode (one JSON document).</summary>
internal static class EventHeaders
{
    private const string KServe = "org.kubeflow.serving.inference.";
    private const string Seldon = "io.seldon.serving.inference.";
    private const int MostBytes = 8 << 20;

    public static async Task<ServingEvent> Read(HttpRequest request, CancellationToken ct)
    {
        using var buffer = new MemoryStream();
        var chunk = new byte[1 << 16];
        for (int read; (read = await request.Body.ReadAsync(chunk, ct)) > 0;)
        {
            buffer.Write(chunk, 0, read);
            if (buffer.Length > MostBytes)
                throw new HoldfastException(ErrorCode.TooLarge, $"The event is larger than {MostBytes >> 20} MiB.", "Send smaller batches.");
        }

        if (request.ContentType?.StartsWith("application/cloudevents", StringComparison.OrdinalIgnoreCase) != true)
            return Event(name => request.Headers["ce-" + name].FirstOrDefault(), buffer.ToArray());
        try
        {
            using var document = JsonDocument.Parse(buffer.ToArray());
            var root = document.RootElement;
            return Event(
                name => root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null,
                root.TryGetProperty("data", out var data) ? Encoding.UTF8.GetBytes(data.ValueKind == JsonValueKind.String ? data.GetString()! : data.GetRawText())
                : root.TryGetProperty("data_base64", out var packed) ? packed.GetBytesFromBase64() : []);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"The body is no CloudEvent: {e.Message}", "Send one event as application/cloudevents+json, or in binary mode with ce- headers.", e);
        }
    }

    private static ServingEvent Event(Func<string, string?> attribute, byte[] body)
    {
        var faults = new List<Fault>();
        var type = attribute("type");
        var half = type?.StartsWith(KServe, StringComparison.Ordinal) == true ? type[KServe.Length..] : type?.StartsWith(Seldon, StringComparison.Ordinal) == true ? type[Seldon.Length..] : null;
        if (half is not ("request" or "response"))
            faults.Add(new Fault("ce-type", $"is '{type}'.", $"Send {KServe}request, {KServe}response, {Seldon}request or {Seldon}response."));
        var id = attribute("requestid") ?? attribute("id") ?? "";
        if (id.Length is 0 or > 300)
            faults.Add(new Fault("ce-id", "is missing or longer than 300 characters.", "Both halves carry the same ce-id (KServe) or ce-requestid (Seldon)."));
        DateTimeOffset? time = null;
        if (attribute("time") is { } text)
        {
            if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at))
                time = at;
            else
                faults.Add(new Fault("ce-time", $"is '{text}'.", "Write RFC 3339, such as 2026-01-31T12:00:00Z."));
        }

        return faults.Count == 0
            ? new ServingEvent(half == "request", id, time, attribute("endpoint") == "canary", attribute("modelid") ?? attribute("inferenceservicename"), body)
            : throw new HoldfastException("The event was refused.", faults);
    }
}
