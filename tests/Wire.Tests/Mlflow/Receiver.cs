using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Holdfast.Wire.Tests.Mlflow;

/// <summary>A receiver of webhooks on loopback that keeps what it gets.</summary>
internal sealed class Receiver : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Func<int, Task<int>> _answer;
    private readonly SemaphoreSlim _arrived = new(0);

    /// <param name="answer">The status for the n-th request, from 1.</param>
    public Receiver(int? port = null, Func<int, Task<int>>? answer = null)
    {
        _answer = answer ?? (_ => Task.FromResult(200));
        Url = $"http://127.0.0.1:{port ?? FreePort()}/";
        _listener.Prefixes.Add(Url);
        _listener.Start();
        _ = Task.Run(Listen);
    }

    public string Url { get; }

    public ConcurrentQueue<Delivered> Got { get; } = [];

    public static int FreePort()
    {
        using var socket = new TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        return ((IPEndPoint)socket.LocalEndpoint).Port;
    }

    /// <summary>What came, once there are so many.</summary>
    public async Task<List<Delivered>> Wait(int count)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (Got.Count < count)
            await _arrived.WaitAsync(limit.Token);
        return [.. Got];
    }

    public void Dispose() => _listener.Close();

    private async Task Listen()
    {
        var number = 0;
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            number++;
            using var reader = new StreamReader(context.Request.InputStream, Encoding.UTF8);
            var headers = context.Request.Headers;
            Got.Enqueue(new Delivered(await reader.ReadToEndAsync(), headers["X-MLflow-Delivery-Id"], headers["X-MLflow-Timestamp"], headers["X-MLflow-Signature"], headers["Content-Type"]));
            _arrived.Release();
            context.Response.StatusCode = await _answer(number);
            context.Response.Close();
        }
    }

    /// <summary>One delivery.</summary>
    internal sealed record Delivered(string Body, string? Id, string? Timestamp, string? Signature, string? ContentType)
    {
        /// <summary>Such as <c>model_version.created {"name": …}</c>.</summary>
        public string Told
        {
            get
            {
                using var document = JsonDocument.Parse(Body);
                var root = document.RootElement;
                return $"{root.GetProperty("entity").GetString()}.{root.GetProperty("action").GetString()} {root.GetProperty("data").GetRawText()}";
            }
        }
    }
}
