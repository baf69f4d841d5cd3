using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Holdfast.Bench.Serving;
using Holdfast.Kernel;
using Holdfast.Predictions;
using Holdfast.Serve;
using Holdfast.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

// Usage: [connections] [seconds] | backends | upstream [connections] [seconds]. Client and server share this process and its cores, in both rows alike: read the ratio.
var part = args.Length > 0 && !char.IsAsciiDigit(args[0][0]) ? args[0] : "";
if (part == "backends")
{
    await BackendBench.Run();
    return;
}

args = part.Length > 0 ? args[1..] : args;
var connections = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 16;
var seconds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 10;
const string Rules =
    """
    inputs:
      f0: {type: number, default: 0}
      f1: {type: number, default: 0}
    rules:
      - {when: "f0 > 0.5 and f1 < 0.5", score: 0.9, prediction: "1"}
    else: {score: 0.1, prediction: "0"}
    """;
var inputs = string.Join(",", Enumerable.Range(0, 10).Select(i => $$"""{"name":"f{{i}}","shape":[1],"datatype":"FP64","data":[0.{{i}}25]}"""));
var body = $$"""{"id":"bench","parameters":{"key":"customer-4711"},"inputs":[{{inputs}}]}""";

if (part == "upstream")
{
    await UpstreamBench.Run(body, connections, seconds);
    return;
}

Console.WriteLine($"{connections} connections, {seconds} s a row, {Environment.ProcessorCount} cores");
await using (var echo = Echo())
{
    await echo.StartAsync();
    Report("bare Kestrel echo", await Load.Run(echo.Urls.First(), "/echo", body, connections, seconds));
    await echo.StopAsync();
}

var data = Directory.CreateTempSubdirectory("holdfast-bench-");
try
{
    await using var app = HoldfastServer.Build(ServeOptions.Embedded(data.FullName) with { LogLevel = LogLevel.Error });
    await HoldfastServer.Start(app);
    var serving = app.Services.GetRequiredService<ServingService>();
    await serving.ApplyEndpoint(Principal.Controller(1, "bench"), new EndpointSpec("x", Fallback: Rules), null);
    Report("POST /v2/models/x/infer", await Load.Run(app.Urls.First(), "/v2/models/x/infer", body, connections, seconds));
    var completeness = app.Services.GetRequiredService<PredictionService>().Completeness(new EndpointKey(1, "x"));
    Console.WriteLine($"log: {completeness.Answered:N0} answered, {completeness.Dropped:N0} dropped");
    await InProcess(serving);
    await app.StopAsync();
}
finally
{
    data.Delete(recursive: true);
}

static async Task InProcess(ServingService serving)
{
    var p = Principal.Controller(1, "bench");
    const int Calls = 100_000;
    for (var round = 0; round < 2; round++)
    {
        var began = Stopwatch.GetTimestamp();
        var allocated = GC.GetTotalAllocatedBytes();
        for (var i = 0; i < Calls; i++)
        {
            var request = new InferRequest { Key = "customer-4711" };
            for (var f = 0; f < 10; f++)
                request.Add(Feature.Names[f], [0.1 * f]);
            await serving.Infer(p, "x", request);
        }

        if (round == 1)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"in process: {Stopwatch.GetElapsedTime(began).TotalMicroseconds / Calls:0.0} us and {(GC.GetTotalAllocatedBytes() - allocated) / Calls:N0} bytes a request (the log's writer included)"));
    }
}

static WebApplication Echo()
{
    var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
    builder.WebHost.UseKestrel().UseUrls("http://127.0.0.1:0");
    var app = builder.Build();
    app.Run(async context =>
    {
        context.Response.ContentType = "application/json";
        await context.Request.Body.CopyToAsync(context.Response.Body);
    });
    return app;
}

static void Report(string what, (long Requests, double P50, double P99, double Rate) result) => Console.WriteLine(string.Create(
    CultureInfo.InvariantCulture, $"{what,-26} {result.Rate,10:N0} requests/s   p50 {result.P50,6:0.00} ms   p99 {result.P99,6:0.00} ms   ({result.Requests:N0} requests)"));

namespace Holdfast.Bench.Serving
{
    internal static class Feature
    {
        public static readonly string[] Names = [.. Enumerable.Range(0, 10).Select(i => $"f{i}")];
    }

    /// <summary>Closed loop over raw sockets: each connection sends one request, waits for its answer, and sends the next.</summary>
    internal static class Load
    {
        public static async Task<(long Requests, double P50, double P99, double Rate)> Run(string url, string path, string body, int connections, int seconds)
        {
            var uri = new Uri(url);
            var request = Encoding.ASCII.GetBytes($"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}");
            await Phase(uri, request, connections, 2);
            var began = Stopwatch.GetTimestamp();
            var times = await Phase(uri, request, connections, seconds);
            var took = Stopwatch.GetElapsedTime(began).TotalSeconds;
            times.Sort();
            return (times.Count, times[times.Count / 2], times[(int)(times.Count * 0.99)], times.Count / took);
        }

        private static async Task<List<double>> Phase(Uri uri, byte[] request, int connections, int seconds)
        {
            var until = Stopwatch.GetTimestamp() + (seconds * Stopwatch.Frequency);
            var all = await Task.WhenAll(Enumerable.Range(0, connections).Select(_ => Task.Run(() => Connection(uri, request, until))));
            return [.. all.SelectMany(t => t)];
        }

        private static async Task<List<double>> Connection(Uri uri, byte[] request, long until)
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(uri.Host, uri.Port);
            var buffer = new byte[16_384];
            var times = new List<double>(100_000);
            while (Stopwatch.GetTimestamp() < until)
            {
                var began = Stopwatch.GetTimestamp();
                await socket.SendAsync(request);
                var read = 0;
                do
                {
                    var n = await socket.ReceiveAsync(buffer.AsMemory(read));
                    if (n == 0)
                        throw new IOException("The server closed the connection.");
                    read += n;
                }
                while (!Whole(buffer.AsSpan(0, read)));
                times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            }

            return times;
        }

        private static bool Whole(ReadOnlySpan<byte> answer)
        {
            var head = answer.IndexOf("\r\n\r\n"u8);
            if (head < 0)
                return false;
            if (!answer.StartsWith("HTTP/1.1 200"u8))
                throw new IOException(Encoding.UTF8.GetString(answer));
            var length = answer[..head].IndexOf("Content-Length: "u8);
            if (length < 0)
                return answer.EndsWith("0\r\n\r\n"u8);
            var digits = answer[(length + 16)..head];
            var end = digits.IndexOf((byte)'\r');
            return answer.Length == head + 4 + int.Parse(end < 0 ? digits : digits[..end], CultureInfo.InvariantCulture);
        }
    }
}
