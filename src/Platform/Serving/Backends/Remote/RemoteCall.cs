using System.Buffers;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Holdfast.Contracts;

namespace Holdfast.Serving.Backends.Remote;

/// <summary>One attempt at another server.</summary>
internal sealed class RemoteCall(HttpClient client, RemoteCodec codec)
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    /// <summary>The body for some rows, made once for all attempts.</summary>
    public ReadOnlyMemory<byte> Body(FeatureRows rows)
    {
        var buffer = new ArrayBufferWriter<byte>(64 * (rows.Count + 1) * Math.Max(1, rows.Names.Count));
        codec.Write(buffer, rows);
        return buffer.WrittenMemory;
    }

    public async Task<HttpResponseMessage> Send(Uri root, ReadOnlyMemory<byte> body, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, codec.Path.Length == 0 ? root : new Uri(root, codec.Path)) { Content = new ReadOnlyMemoryContent(body) };
        request.Content.Headers.ContentType = Json;
        return await client.SendAsync(request, HttpCompletionOption.ResponseContentRead, ct);
    }

    /// <exception cref="HoldfastException">The server refused, or answered what cannot be read.</exception>
    public async Task Read(HttpResponseMessage response, Memory<Outcome> outcomes, CancellationToken ct)
    {
        var bytes = await response.Content.ReadAsByteArrayAsync(ct);
        if (response.IsSuccessStatusCode)
            codec.Read(bytes, outcomes.Span);
        else
            throw new HoldfastException((int)response.StatusCode is 429 or 503 ? ErrorCode.Unavailable : ErrorCode.Internal, $"The model server answered {(int)response.StatusCode}: {Said(bytes)}", null);
    }

    // Both protocols word an error in one text.
    private static string Said(byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            foreach (var name in new[] { "error", "message", "detail" })
            {
                if (document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(name, out var said) && said.ValueKind == JsonValueKind.String)
                    return Short(said.GetString()!);
            }
        }
        catch (JsonException)
        {
        }

        return Short(Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, 600))));
    }

    private static string Short(string text) => text.Length > 200 ? text[..200] + "…" : text;
}
