using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Contracts;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Wire.Mlflow;

/// <summary>Reads a request's fields from where MLflow's clients put them: the query of a GET, else a JSON body (of a DELETE, too).</summary>
internal static class MlflowBody
{
    private static readonly JsonDocumentOptions _json = new() { MaxDepth = 64 };

    public static async Task<MlflowArguments> Read(HttpRequest request, CancellationToken ct)
    {
        if (HttpMethods.IsGet(request.Method) && request.Query.Count > 0)
            return new MlflowArguments(Query(request.Query), fromQuery: true);
        using var buffer = new MemoryStream();
        await request.Body.CopyToAsync(buffer, ct);
        var bytes = buffer.GetBuffer().AsMemory(0, (int)buffer.Length);
        if (!HttpMethods.IsGet(request.Method) && (bytes.Length > 0 || request.ContentType is not null) && !IsJson(request.ContentType))
            throw new HoldfastException(ErrorCode.InvalidArgument, "Bad Request. Content-Type must be one of ['application/json'].");
        return new MlflowArguments(Parse(bytes), fromQuery: false);
    }

    private static bool IsJson(string? type) =>
        type is not null && type.Split(';', 2)[0].Trim().Equals("application/json", StringComparison.OrdinalIgnoreCase);

    private static JsonElement Query(IQueryCollection query)
    {
        var fields = new JsonObject();
        foreach (var (name, values) in query)
            fields[name] = values.Count == 1 ? JsonValue.Create(values[0]) : new JsonArray([.. values.Select(v => (JsonNode?)JsonValue.Create(v))]);
        return JsonSerializer.SerializeToElement(fields, HoldfastJson.Options);
    }

    private static JsonElement Parse(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Span.Trim(" \t\r\n"u8).Length == 0)
            return JsonSerializer.SerializeToElement(new JsonObject(), HoldfastJson.Options);
        JsonElement root;
        try
        {
            root = Document(bytes);
        }
        catch (JsonException)
        {
            try
            {
                root = Document(QuoteBareNumbers(bytes.Span));
            }
            catch (JsonException e)
            {
                throw new HoldfastException(ErrorCode.InvalidArgument, $"The request body is not valid JSON: {e.Message}", inner: e);
            }
        }

        // Old clients encode twice.
        if (root.ValueKind == JsonValueKind.String)
            return Parse(Encoding.UTF8.GetBytes(root.GetString()!));
        return root.ValueKind == JsonValueKind.Object ? root : JsonSerializer.SerializeToElement(new JsonObject(), HoldfastJson.Options);
    }

    private static JsonElement Document(ReadOnlyMemory<byte> bytes)
    {
        using var document = JsonDocument.Parse(bytes, _json);
        return document.RootElement.Clone();
    }

    // Python's json.dumps writes NaN, Infinity and -Infinity as bare words; JSON has no such words, our reader takes them as text.
    private static byte[] QuoteBareNumbers(ReadOnlySpan<byte> json)
    {
        var result = new List<byte>(json.Length + 16);
        var inText = false;
        for (var i = 0; i < json.Length; i++)
        {
            var c = json[i];
            if (inText)
            {
                result.Add(c);
                if (c == '\\' && i + 1 < json.Length)
                    result.Add(json[++i]);
                else if (c == '"')
                    inText = false;
                continue;
            }

            var word = json[i..].StartsWith("NaN"u8) ? 3 : json[i..].StartsWith("Infinity"u8) ? 8 : json[i..].StartsWith("-Infinity"u8) ? 9 : 0;
            if (word > 0)
            {
                result.Add((byte)'"');
                result.AddRange(json.Slice(i, word));
                result.Add((byte)'"');
                i += word - 1;
                continue;
            }

            inText = c == '"';
            result.Add(c);
        }

        return [.. result];
    }
}
