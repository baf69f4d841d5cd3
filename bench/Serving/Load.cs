using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;

namespace Holdfast.Bench.Serving;

internal sealed record LoadResult(long Requests, double P50, double P99, double Rate);

/// <summary>Closed loop over raw sockets: each connection sends one request, waits for its answer, and sends the next. Of every tenth answer the label follows, a hundred at a time.</summary>
internal sealed class Load(Uri server, int width, int connections, bool labels)
{
    private readonly byte[] _request = Post("/v2/models/x/infer", BenchModel.Body(width));
    private readonly Channel<string> _answered = Channel.CreateUnbounded<string>();

    public async Task<LoadResult> Run(int seconds)
    {
        var until = Stopwatch.GetTimestamp() + (seconds * Stopwatch.Frequency);
        var began = Stopwatch.GetTimestamp();
        var all = Task.WhenAll(Enumerable.Range(0, connections).Select(_ => Task.Run(() => Connection(until))));
        var told = labels ? Task.Run(() => Labels(until)) : Task.CompletedTask;
        var times = (await all).SelectMany(t => t).ToList();
        var took = Stopwatch.GetElapsedTime(began).TotalSeconds;
        await told;
        times.Sort();
        return new LoadResult(times.Count, times[times.Count / 2], times[(int)(times.Count * 0.99)], times.Count / took);
    }

    private async Task<List<double>> Connection(long until)
    {
        using var socket = await Open();
        var buffer = new byte[1 << 16];
        var times = new List<double>(100_000);
        while (Stopwatch.GetTimestamp() < until)
        {
            var began = Stopwatch.GetTimestamp();
            await socket.SendAsync(_request);
            var read = await Answer(socket, buffer);
            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            if (labels && times.Count % 10 == 0)
                _answered.Writer.TryWrite(PredictionId(buffer.AsSpan(0, read)));
        }

        return times;
    }

    private async Task Labels(long until)
    {
        using var socket = await Open();
        var buffer = new byte[1 << 16];
        while (Stopwatch.GetTimestamp() < until)
        {
            var ids = new List<string>();
            while (ids.Count < 100 && _answered.Reader.TryRead(out var id))
                ids.Add(id);
            if (ids.Count < 100)
                await Task.Delay(20);
            if (ids.Count == 0)
                continue;
            await socket.SendAsync(Post("/api/v1/endpoints/x/labels", $$"""{"labels":[{{string.Join(',', ids.Select(i => $$"""{"prediction_id":"{{i}}","value":"1"}"""))}}]}"""));
            await Answer(socket, buffer);
        }
    }

    private async Task<Socket> Open()
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server.Host, server.Port);
        return socket;
    }

    private static byte[] Post(string path, string body) =>
        Encoding.ASCII.GetBytes($"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}");

    private static async Task<int> Answer(Socket socket, byte[] buffer)
    {
        var read = 0;
        do
        {
            var n = await socket.ReceiveAsync(buffer.AsMemory(read));
            if (n == 0)
                throw new IOException("The server closed the connection.");
            read += n;
        }
        while (!Whole(buffer.AsSpan(0, read)));
        return read;
    }

    private static string PredictionId(ReadOnlySpan<byte> answer)
    {
        var at = answer.IndexOf("\"prediction_id\":\""u8) + 17;
        return Encoding.ASCII.GetString(answer.Slice(at, 36));
    }

    private static bool Whole(ReadOnlySpan<byte> answer)
    {
        var head = answer.IndexOf("\r\n\r\n"u8);
        if (head < 0)
            return false;
        if (!answer.StartsWith("HTTP/1.1 20"u8))
            throw new IOException(Encoding.UTF8.GetString(answer));
        var length = answer[..head].IndexOf("Content-Length: "u8);
        if (length < 0)
            return answer.EndsWith("0\r\n\r\n"u8);
        var digits = answer[(length + 16)..head];
        var end = digits.IndexOf((byte)'\r');
        return answer.Length == head + 4 + int.Parse(end < 0 ? digits : digits[..end], CultureInfo.InvariantCulture);
    }
}
