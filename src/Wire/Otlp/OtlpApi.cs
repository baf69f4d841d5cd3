using System.IO.Compression;
using System.Text;
using Google.Protobuf;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Tracking;
using Holdfast.Wire.Otlp.Proto;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;

namespace Holdfast.Wire.Otlp;

/// <summary>Traces over the OpenTelemetry protocol (OTLP/HTTP, protobuf or JSON), into the experiment that a header names.</summary>
public static class OtlpApi
{
    private const string Path = "/v1/traces";
    private const string ExperimentHeader = "x-mlflow-experiment-id";
    private const string Protobuf = "application/x-protobuf";
    private const string Json = "application/json";

    // Of the body, and of what it unpacks to.
    private const int MostBytes = 64 << 20;
    private const int MostFaultsTold = 5;
    private static readonly JsonParser _json = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(true));

    /// <summary>Maps the protocol.</summary>
    public static void MapOtlp(this IEndpointRouteBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        var root = app.MapGroup("").WithErrors(Fail);
        // Types are judged by the handler, so that a wrong one is told in the protocol's words.
        root.MapPost(Path, Export).Needs(Role.Editor).WithMetadata(new AcceptsMetadata(["*/*"]));
        root.Map("/v1/{**rest}", (HttpContext http) => Fail(http, new HoldfastException(ErrorCode.NotFound, $"There is no {http.Request.Method} {http.Request.Path}.", $"Traces go to POST {Path}; metrics and logs are not taken."))).Open();
    }

    private static async Task<IResult> Export(HttpContext http, TrackingService tracking)
    {
        var experiment = http.Request.Headers[ExperimentHeader].ToString();
        if (experiment.Length == 0)
            throw new HoldfastException(ErrorCode.InvalidArgument, $"The header {ExperimentHeader} is missing.", "Name the experiment that the traces belong to, such as OTEL_EXPORTER_OTLP_TRACES_HEADERS=x-mlflow-experiment-id=0.");
        var (spans, faults) = OtlpSpans.Read(await Read(http));
        await tracking.LogSpans(http.Principal(), experiment, spans, http.RequestAborted);
        var answer = new ExportTraceServiceResponse();
        if (faults.Count > 0)
            answer.PartialSuccess = new ExportTracePartialSuccess { RejectedSpans = faults.Count, ErrorMessage = string.Join(" ", faults.Take(MostFaultsTold)) };
        return IsJson(http) ? Results.Text(JsonFormatter.Default.Format(answer), Json) : Results.Bytes(answer.ToByteArray(), Protobuf);
    }

    private static async Task<ExportTraceServiceRequest> Read(HttpContext http)
    {
        var type = http.Request.ContentType?.Split(';', 2)[0].Trim() ?? "";
        if (!type.Equals(Protobuf, StringComparison.OrdinalIgnoreCase) && !type.Equals(Json, StringComparison.OrdinalIgnoreCase))
            throw new HoldfastException(ErrorCode.InvalidArgument, $"Invalid Content-Type: {type}. Expected: {Protobuf}", $"Send {Protobuf} or {Json}.");
        http.AllowLargeBody();
        var body = await Body(http.Request, http.RequestAborted);
        try
        {
            return IsJson(http) ? _json.Parse<ExportTraceServiceRequest>(Encoding.UTF8.GetString(body.GetBuffer(), 0, (int)body.Length)) : ExportTraceServiceRequest.Parser.ParseFrom(body);
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or InvalidJsonException or FormatException)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"Invalid OpenTelemetry {(IsJson(http) ? "JSON" : "protobuf")} format: {e.Message}", inner: e);
        }
    }

    private static async Task<MemoryStream> Body(HttpRequest request, CancellationToken ct)
    {
        var encoding = request.Headers.ContentEncoding.ToString();
        if (encoding is not ("" or "identity" or "gzip"))
            throw new HoldfastException(ErrorCode.InvalidArgument, $"The Content-Encoding '{encoding}' is not taken.", "Use gzip, or none.");
        await using var unpacked = encoding == "gzip" ? new GZipStream(request.Body, CompressionMode.Decompress, leaveOpen: true) : null;
        var source = unpacked ?? request.Body;
        var body = new MemoryStream();
        var buffer = new byte[64 << 10];
        try
        {
            int read;
            while ((read = await source.ReadAsync(buffer, ct)) > 0)
            {
                if (body.Length + read > MostBytes)
                    throw new HoldfastException(ErrorCode.TooLarge, $"The request holds more than {MostBytes >> 20} MB.", "Export smaller batches.");
                body.Write(buffer, 0, read);
            }
        }
        catch (InvalidDataException e)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, "The body is not gzip: " + e.Message, inner: e);
        }

        body.Position = 0;
        return body;
    }

    // The protocol's own way: 429, 502, 503 and 504 are tried again, all others are not.
    private static async Task Fail(HttpContext http, HoldfastException failure)
    {
        var (status, code) = failure.Code switch
        {
            ErrorCode.Unauthenticated => (401, 16),
            ErrorCode.PermissionDenied => (403, 7),
            ErrorCode.NotFound => (404, 5),
            ErrorCode.TooLarge => (413, 8),
            ErrorCode.InvalidArgument or ErrorCode.FailedPrecondition or ErrorCode.AlreadyExists or ErrorCode.Conflict => (400, 3),
            ErrorCode.Unavailable => (503, 14),
            ErrorCode.Timeout => (504, 4),
            ErrorCode.Overloaded => (429, 8),
            _ => (500, 13),
        };
        var answer = new RpcStatus { Code = code, Message = failure.Hint is null ? failure.Message : $"{failure.Message} {failure.Hint}" };
        http.Response.StatusCode = status;
        if (status == 401)
            http.Response.Headers.WWWAuthenticate = "Basic realm=\"holdfast\"";
        var protobuf = http.Request.ContentType?.StartsWith(Protobuf, StringComparison.OrdinalIgnoreCase) == true;
        http.Response.ContentType = protobuf ? Protobuf : Json;
        await http.Response.Body.WriteAsync(protobuf ? answer.ToByteArray() : Encoding.UTF8.GetBytes(JsonFormatter.Default.Format(answer)), http.RequestAborted);
    }

    private static bool IsJson(HttpContext http) => http.Request.ContentType?.StartsWith(Json, StringComparison.OrdinalIgnoreCase) == true;
}
