using System.Buffers;
using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Holdfast.Serving;

/// <summary>
/// Batches of any length over one request: a JSON object a line in, an answer a line out, in the same order, while the rest still
/// comes. Memory holds one piece at a time. A row that cannot be answered is told in its line, and the batch goes on.
/// </summary>
internal static class StreamApi
{
    private const int PieceRows = 500;
    private const int LongestLine = 1 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapPost("/endpoints/{name}/predict", (RequestDelegate)Predict).Needs(Role.Editor).WithMetadata(new AcceptsMetadata(["*/*"]));

    private static async Task Predict(HttpContext http)
    {
        var serving = (ServingService)http.RequestServices.GetService(typeof(ServingService))!;
        var name = (string)http.Request.RouteValues["name"]!;
        using var batch = new Batch(http, serving, name);
        _ = batch.Served();
        // A batch may be long, and the rows may come as slowly as their source gives them.
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null;
        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
            rate.MinDataRate = null;
        http.Response.ContentType = "application/x-ndjson";
        var lines = new List<byte[]>(PieceRows);
        var reader = http.Request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(http.RequestAborted);
            var rest = read.Buffer;
            while (Line(ref rest, read.IsCompleted, out var line))
            {
                lines.Add(line);
                if (lines.Count == PieceRows)
                    await batch.Answer(lines);
            }

            if (rest.Length > LongestLine)
                throw new HoldfastException(ErrorCode.TooLarge, $"Line {batch.Rows + lines.Count + 1} has more than {LongestLine >> 20} MB.", "Send one JSON object a line.");
            reader.AdvanceTo(rest.Start, rest.End);
            if (read.IsCompleted || rest.IsEmpty)
                await batch.Answer(lines);
            if (read.IsCompleted)
                return;
        }
    }

    private static bool Line(ref ReadOnlySequence<byte> rest, bool last, out byte[] line)
    {
        while (!rest.IsEmpty)
        {
            ReadOnlySequence<byte> found;
            if (rest.PositionOf((byte)'\n') is { } end)
            {
                found = rest.Slice(0, end);
                rest = rest.Slice(rest.GetPosition(1, end));
            }
            else if (last)
            {
                found = rest;
                rest = rest.Slice(rest.End);
            }
            else
            {
                break;
            }

            line = found.ToArray();
            if (line.AsSpan().ContainsAnyExcept(" \t\r"u8))
                return true;
        }

        line = [];
        return false;
    }

    /// <summary>The rows of one request, piece by piece.</summary>
    private sealed class Batch(HttpContext http, ServingService serving, string name) : IDisposable
    {
        private readonly Utf8JsonWriter _json = new(Stream.Null, new JsonWriterOptions { SkipValidation = true });

        /// <summary>Rows answered so far.</summary>
        public long Rows { get; private set; }

        public ServedModel Served() => serving.Describe(http.Principal(), name)
            ?? throw new HoldfastException(ErrorCode.NotFound, $"There is no endpoint '{name}' in this workspace.", "Declare it in holdfast.yaml and run 'holdfast apply'.");

        public void Dispose() => _json.Dispose();

        public async Task Answer(List<byte[]> lines)
        {
            if (lines.Count == 0)
                return;
            var rows = lines.ConvertAll(Parse);
            if (!await Together(rows))
            {
                foreach (var row in rows)
                    await Alone(row);
            }

            lines.Clear();
            await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
        }

        private static (JsonElement Row, string? Fault) Parse(byte[] line)
        {
            try
            {
                using var document = JsonDocument.Parse(line);
                return document.RootElement.ValueKind == JsonValueKind.Object ? (document.RootElement.Clone(), null) : (default, "The line is not an object.");
            }
            catch (JsonException e)
            {
                return (default, $"The line is not JSON: {e.Message}");
            }
        }

        /// <summary>Answers all rows at once; false when something is wrong with one of them.</summary>
        private async Task<bool> Together(List<(JsonElement Row, string? Fault)> rows)
        {
            if (rows.Exists(r => r.Fault is not null))
                return false;
            InferAnswer answer;
            try
            {
                answer = await Ask([.. rows.Select(r => r.Row)]);
            }
            catch (HoldfastException e) when (e.Code is ErrorCode.InvalidArgument or ErrorCode.Unavailable)
            {
                return false;
            }

            for (var i = 0; i < rows.Count; i++)
                Write(answer, i);
            return true;
        }

        private async Task Alone((JsonElement Row, string? Fault) row)
        {
            var fault = row.Fault;
            if (fault is null)
            {
                try
                {
                    Write(await Ask([row.Row]), 0);
                    return;
                }
                catch (HoldfastException e) when (e.Code is ErrorCode.InvalidArgument or ErrorCode.Unavailable)
                {
                    fault = string.Join(" ", e.Faults.Select(f => $"{f.Field}: {f.Message}").Prepend(e.Message));
                }
            }

            Write(json => json.WriteString("error"u8, fault));
        }

        private async Task<InferAnswer> Ask(JsonElement[] rows)
        {
            for (var began = Environment.TickCount64; ;)
            {
                var read = new JsonRows(Served());
                read.AddRows(rows, "rows");
                var request = read.Done();
                (request.Batch, request.Ended) = (true, http.RequestAborted);
                if (http.Request.Headers["Holdfast-Variant"].ToString() is { Length: > 0 } variant)
                    request.Variant = variant;
                try
                {
                    return await serving.Infer(http.Principal(), name, request);
                }
                catch (HoldfastException e) when (e.Code == ErrorCode.Overloaded && Environment.TickCount64 - began < Patience.TotalMilliseconds)
                {
                    // A batch has time: callers who wait go first.
                    await Task.Delay(100, http.RequestAborted);
                }
            }
        }

        private void Write(InferAnswer answer, int row) => Write(json =>
        {
            var by = answer.By(row);
            json.WriteString("prediction"u8, answer.Outcomes[row].Prediction);
            if (double.IsFinite(answer.Outcomes[row].Score))
                json.WriteNumber("score"u8, answer.Outcomes[row].Score);
            json.WriteString("prediction_id"u8, answer.Ids[row]);
            json.WriteString("variant"u8, by.Role);
            json.WriteString("model"u8, by.Model);
            json.WriteNumber("model_version"u8, by.Version);
        });

        private void Write(Action<Utf8JsonWriter> rest)
        {
            _json.Reset(http.Response.BodyWriter);
            _json.WriteStartObject();
            _json.WriteNumber("row"u8, ++Rows);
            rest(_json);
            _json.WriteEndObject();
            _json.Flush();
            http.Response.BodyWriter.Write("\n"u8);
        }
    }
}
