using System.Buffers;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Holdfast.Demo.Worlds;

namespace Holdfast.Demo;

/// <summary>An answer of the gateway.</summary>
internal readonly record struct Answer(string PredictionId, string Prediction, string Variant);

/// <summary>
/// A caller of <c>/v2/models/{endpoint}/infer</c> who keeps books: every request that was sent, every one that was answered.
/// One connection, one request at a time: the order of the log, and with it every figure, is then the same on each run.
/// </summary>
internal sealed class Gateway(HttpClient http, string endpoint, IReadOnlyList<string> features)
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");
    private readonly ArrayBufferWriter<byte> _body = new(1024);
    private readonly string _path = $"/v2/models/{Uri.EscapeDataString(endpoint)}/infer";

    public long Sent { get; private set; }

    public long Answered { get; private set; }

    public async Task<Answer?> Ask(Case sample, DateTimeOffset at, CancellationToken ct)
    {
        Write(sample, at);
        using var request = new HttpRequestMessage(HttpMethod.Post, _path) { Content = new ReadOnlyMemoryContent(_body.WrittenMemory) };
        request.Content.Headers.ContentType = Json;
        Sent++;
        using var response = await http.SendAsync(request, ct);
        var bytes = await response.Content.ReadAsByteArrayAsync(ct);
        if (!response.IsSuccessStatusCode)
            return null;
        var answer = Read(bytes);
        if (answer is not null)
            Answered++;
        return answer;
    }

    private void Write(Case sample, DateTimeOffset at)
    {
        _body.ResetWrittenCount();
        using var json = new Utf8JsonWriter(_body);
        json.WriteStartObject();
        json.WriteString("id", Sent.ToString(CultureInfo.InvariantCulture));
        json.WriteStartObject("parameters");
        json.WriteString("key", sample.Key);
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
            json.WriteNumberValue(sample.Values[i]);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static Answer? Read(byte[] bytes)
    {
        using var document = JsonDocument.Parse(bytes);
        var root = document.RootElement;
        var parameters = root.GetProperty("parameters");
        foreach (var output in root.GetProperty("outputs").EnumerateArray())
        {
            if (output.GetProperty("name").ValueEquals("prediction"))
                return new Answer(parameters.GetProperty("prediction_id").GetString()!, output.GetProperty("data")[0].GetString()!, parameters.GetProperty("variant").GetString()!);
        }

        return null;
    }
}
