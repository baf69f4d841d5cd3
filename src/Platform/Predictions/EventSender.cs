using System.Buffers;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Threading.Channels;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Microsoft.Extensions.Hosting;

namespace Holdfast.Predictions;

/// <summary>Counts CloudEvents of one endpoint. Any thread.</summary>
internal sealed class EventCounts
{
    private long _sent;
    private long _failed;
    private long _dropped;
    private volatile string? _lastError;

    public EventFigures Figures => new(Interlocked.Read(ref _sent), Interlocked.Read(ref _failed), Interlocked.Read(ref _dropped), _lastError);

    public void Sent() => Interlocked.Increment(ref _sent);

    public void Failed(string why)
    {
        Interlocked.Increment(ref _failed);
        _lastError = why;
    }

    /// <summary>A prediction is two events.</summary>
    public void Dropped() => Interlocked.Add(ref _dropped, 2);
}

/// <summary>
/// Sends each prediction as two CloudEvents (HTTP, binary mode), its request and its response, in the words of KServe's or Seldon's
/// payload loggers. A bounded queue stands before a few senders: a slow receiver costs events, which are counted, and nothing else.
/// No second try: what must not be lost is in the log.
/// </summary>
internal sealed class EventSender : BackgroundService
{
    public const int Capacity = 10_000;
    private const int Senders = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private readonly Channel<(EndpointLog Log, EventTarget Target, PredictionEntry Entry)> _queue =
        Channel.CreateBounded<(EndpointLog, EventTarget, PredictionEntry)>(new BoundedChannelOptions(Capacity) { FullMode = BoundedChannelFullMode.Wait });

    private readonly HttpClient _anywhere = OutboundAddress.Client(mayBePrivate: true, Patience);
    private readonly HttpClient _public = OutboundAddress.Client(mayBePrivate: false, Patience);

    /// <summary>Never waits.</summary>
    public void Offer(EndpointLog log, EventTarget target, PredictionEntry entry)
    {
        if (!_queue.Writer.TryWrite((log, target, entry)))
            log.Events.Dropped();
    }

    public override void Dispose()
    {
        base.Dispose();
        _anywhere.Dispose();
        _public.Dispose();
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(Enumerable.Range(0, Senders).Select(_ => Task.Run(() => Send(stoppingToken), stoppingToken)));

    /// <summary>The two events of a prediction; one that nothing answered has only a request, as with the originals.</summary>
    internal static IEnumerable<HttpRequestMessage> Events(EventTarget target, PredictionEntry entry)
    {
        yield return Event(target, entry, "request", Request(entry));
        if (entry.Prediction.Length > 0 || double.IsFinite(entry.Score))
            yield return Event(target, entry, "response", Response(entry));
    }

    private async Task Send(CancellationToken ct)
    {
        await foreach (var (log, target, entry) in _queue.Reader.ReadAllAsync(ct))
        {
            foreach (var message in Events(target, entry))
            {
                using (message)
                    await Send(log, target, message, ct);
            }
        }
    }

    private async Task Send(EndpointLog log, EventTarget target, HttpRequestMessage message, CancellationToken ct)
    {
        try
        {
            using var answer = await (target.MayBePrivate ? _anywhere : _public).SendAsync(message, HttpCompletionOption.ResponseHeadersRead, ct);
            if (answer.IsSuccessStatusCode)
                log.Events.Sent();
            else
                log.Events.Failed($"the receiver answered {(int)answer.StatusCode}");
        }
        catch (HttpRequestException e)
        {
            log.Events.Failed(e.InnerException is HoldfastException refused ? refused.Message : "the receiver cannot be reached: " + e.HttpRequestError);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            log.Events.Failed($"the receiver did not answer within {Patience.TotalSeconds:0} s");
        }
    }

    private static HttpRequestMessage Event(EventTarget target, PredictionEntry entry, string half, byte[] body)
    {
        var seldon = target.Format == EventTarget.Seldon;
        var message = new HttpRequestMessage(HttpMethod.Post, target.Url) { Content = new ByteArrayContent(body) };
        message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        void Add(string name, string value) => message.Headers.TryAddWithoutValidation(name, value);
        Add("ce-specversion", seldon ? "0.3" : "1.0");
        Add("ce-type", (seldon ? "io.seldon.serving.inference." : "org.kubeflow.serving.inference.") + half);
        Add("ce-source", seldon ? $"io.seldon.serving.deployment.{entry.Endpoint}.{entry.WorkspaceId}" : $"/holdfast/{entry.WorkspaceId}/endpoints/{entry.Endpoint}");
        // KServe joins the halves by the id, Seldon by the request's.
        Add("ce-id", seldon ? $"{entry.Id}-{half}" : entry.Id);
        if (seldon)
        {
            Add("ce-requestid", entry.Id);
            Add("ce-modelid", entry.Model);
        }
        else
        {
            Add("ce-component", "predictor");
        }

        Add("ce-time", entry.At.UtcDateTime.AddMilliseconds(half == "response" && double.IsFinite(entry.LatencyMs) ? entry.LatencyMs : 0).ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture));
        Add("ce-inferenceservicename", entry.Endpoint);
        Add("ce-namespace", entry.WorkspaceId.ToString(CultureInfo.InvariantCulture));
        Add("ce-endpoint", entry.Role == VariantRole.Candidate ? "canary" : "default");
        return message;
    }

    private static byte[] Request(PredictionEntry entry) => Json(json =>
    {
        json.WriteString("id", entry.Id);
        json.WriteStartArray("inputs");
        foreach (var feature in entry.Features)
        {
            Begin(json, feature.Name, feature.Text is not null ? "BYTES" : "FP64");
            if (feature.Text is { } text)
                json.WriteStringValue(text);
            else if (double.IsFinite(feature.Number))
                json.WriteNumberValue(feature.Number);
            else
                json.WriteNullValue();
            End(json);
        }

        json.WriteEndArray();
    });

    private static byte[] Response(PredictionEntry entry) => Json(json =>
    {
        json.WriteString("model_name", entry.Model);
        json.WriteString("model_version", entry.ModelVersion.ToString(CultureInfo.InvariantCulture));
        json.WriteString("id", entry.Id);
        json.WriteStartObject("parameters");
        json.WriteString("variant", entry.Role);
        json.WriteEndObject();
        json.WriteStartArray("outputs");
        if (double.IsFinite(entry.Score))
        {
            Begin(json, "score", "FP64");
            json.WriteNumberValue(entry.Score);
            End(json);
        }

        Begin(json, "prediction", "BYTES");
        json.WriteStringValue(entry.Prediction);
        End(json);
        json.WriteEndArray();
    });

    private static byte[] Json(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        write(json);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static void Begin(Utf8JsonWriter json, string name, string datatype)
    {
        json.WriteStartObject();
        json.WriteString("name", name);
        json.WriteStartArray("shape");
        json.WriteNumberValue(1);
        json.WriteEndArray();
        json.WriteString("datatype", datatype);
        json.WriteStartArray("data");
    }

    private static void End(Utf8JsonWriter json)
    {
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
