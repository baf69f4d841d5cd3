using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Holdfast.Bench.Tracking;

/// <summary>One connection, kept alive where the server keeps it, that costs next to nothing beside the server that it asks.</summary>
internal sealed class RawHttp : IDisposable
{
    private readonly Uri _server;
    private Socket _socket;
    private byte[] _buffer = new byte[1 << 16];
    private byte[] _request = new byte[1 << 16];

    public RawHttp(Uri server)
    {
        _server = server;
        _socket = Connect();
    }

    /// <summary>The body of the last answer.</summary>
    public ReadOnlyMemory<byte> Body { get; private set; }

    public async Task Post(string path, ReadOnlyMemory<byte> body)
    {
        var head = $"POST {path} HTTP/1.1\r\nHost: {_server.Authority}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n";
        if (_request.Length < head.Length + body.Length)
            _request = new byte[(head.Length + body.Length) * 2];
        var length = Encoding.ASCII.GetBytes(head, _request);
        body.Span.CopyTo(_request.AsSpan(length));
        await Send(_request.AsMemory(0, length + body.Length));
    }

    public Task Get(string path) => Send(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {_server.Authority}\r\n\r\n"));

    public async Task<JsonElement> Json(string path, object body)
    {
        await Post(path, JsonSerializer.SerializeToUtf8Bytes(body));
        return JsonDocument.Parse(Document()).RootElement;
    }

    /// <summary>The body without the lengths of its chunks.</summary>
    public ReadOnlyMemory<byte> Document()
    {
        var body = Body;
        if (body.Span[0] == '{')
            return body;
        var whole = new MemoryStream();
        for (var rest = body; ;)
        {
            var line = rest.Span.IndexOf("\r\n"u8);
            var length = int.Parse(Encoding.ASCII.GetString(rest.Span[..line]), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (length == 0)
                return whole.ToArray();
            whole.Write(rest.Span.Slice(line + 2, length));
            rest = rest[(line + 2 + length + 2)..];
        }
    }

    public void Dispose() => _socket.Dispose();

    private Socket Connect()
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(_server.Host, _server.Port);
        return socket;
    }

    private async Task Send(ReadOnlyMemory<byte> request)
    {
        for (var sent = 0; sent < request.Length;)
            sent += await _socket.SendAsync(request[sent..]);
        var read = 0;
        while (true)
        {
            if (read == _buffer.Length)
                Array.Resize(ref _buffer, _buffer.Length * 2);
            var n = await _socket.ReceiveAsync(_buffer.AsMemory(read));
            if (n == 0)
                throw new IOException("The server closed the connection.");
            read += n;
            if (Whole(_buffer.AsSpan(0, read)) is not { } body)
                continue;
            Body = _buffer.AsMemory(body, read - body);
            // A server that keeps no connection open pays for that itself, as with any client.
            if (_buffer.AsSpan(0, body).IndexOf("\nConnection: close\r"u8) >= 0)
            {
                _socket.Dispose();
                _socket = Connect();
            }

            return;
        }
    }

    // Where the body begins, once all of it is there. Chunked answers end with an empty chunk.
    private static int? Whole(ReadOnlySpan<byte> answer)
    {
        var head = answer.IndexOf("\r\n\r\n"u8);
        if (head < 0)
            return null;
        var lines = Encoding.ASCII.GetString(answer[..head]).Split("\r\n");
        var length = lines.FirstOrDefault(l => l.StartsWith("Content-Length: ", StringComparison.OrdinalIgnoreCase));
        var done = length is not null ? answer.Length >= head + 4 + int.Parse(length.AsSpan(16), CultureInfo.InvariantCulture) : lines[0].Contains(" 204") || answer.EndsWith("\r\n0\r\n\r\n"u8);
        if (done && !lines[0].Contains(" 200") && !lines[0].Contains(" 201") && !lines[0].Contains(" 204"))
            throw new IOException(Encoding.UTF8.GetString(answer[..Math.Min(answer.Length, 2_000)]));
        return done ? head + 4 : null;
    }
}
