using System.Buffers;
using System.Net.Http.Headers;
using System.Text.Json;
using Holdfast.Contracts;

namespace Holdfast.Examples.Electricity;

/// <summary>The calls that a replay makes, over HTTP like any other client.</summary>
internal sealed class LoopApi(HttpClient http)
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");
    private readonly ArrayBufferWriter<byte> _body = new(1024);

    public Task<JsonElement> Get(string path, CancellationToken ct) => Send(new HttpRequestMessage(HttpMethod.Get, "/api/v1/" + path), ct);

    public Task<JsonElement> Post(string path, object body, CancellationToken ct) =>
        Send(new HttpRequestMessage(HttpMethod.Post, "/api/v1/" + path) { Content = JsonContent.Create(body, null, HoldfastJson.Options) }, ct);

    /// <summary>Sends a file.</summary>
    public async Task Upload(string path, string file, CancellationToken ct)
    {
        await using var stream = File.OpenRead(file);
        using var content = new StreamContent(stream);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        await Send(new HttpRequestMessage(HttpMethod.Post, "/api/v1/" + path) { Content = content }, ct);
    }

    /// <summary>Asks an endpoint about one row; gives the prediction's id and the label.</summary>
    public async Task<(string Id, string Prediction)> Infer(string endpoint, IReadOnlyList<string> features, Func<int, double> value, DateTimeOffset at, CancellationToken ct)
    {
        _body.ResetWrittenCount();
        using (var json = new Utf8JsonWriter(_body))
        {
            json.WriteStartObject();
            json.WriteStartObject("parameters");
            json.WriteNumber("event_time", at.ToUnixTimeMilliseconds());
            json.WriteEndObject();
            json.WriteStartArray("inputs");
            for (var i = 0; i < features.Count; i++)
            {
                json.WriteStartObject();
                json.WriteString("name", features[i]);
                json.WriteString("datatype", "FP64");
                json.WriteStartArray("shape");
                json.WriteNumberValue(1);
                json.WriteEndArray();
                json.WriteStartArray("data");
                json.WriteNumberValue(value(i));
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        var request = new HttpRequestMessage(HttpMethod.Post, $"/v2/models/{endpoint}/infer") { Content = new ReadOnlyMemoryContent(_body.WrittenMemory) };
        request.Content.Headers.ContentType = Json;
        var answer = await Send(request, ct);
        var prediction = answer.GetProperty("outputs").EnumerateArray().First(o => o.GetProperty("name").ValueEquals("prediction"));
        return (answer.GetProperty("parameters").GetProperty("prediction_id").GetString()!, prediction.GetProperty("data")[0].GetString()!);
    }

    private async Task<JsonElement> Send(HttpRequestMessage request, CancellationToken ct)
    {
        using (request)
        {
            using var response = await http.SendAsync(request, ct);
            var text = await response.Content.ReadAsStringAsync(ct);
            if (!response.IsSuccessStatusCode)
                throw new HoldfastException(ErrorCode.Internal, $"{request.Method} {request.RequestUri!.PathAndQuery} answered {(int)response.StatusCode}: {text}");
            return text.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(text, HoldfastJson.Options);
        }
    }
}
