using System.Net;
using System.Net.Sockets;
using System.Text;
using Holdfast.Contracts;

namespace Holdfast.Alerts;

/// <summary>
/// Posts to webhooks. The address is judged where it counts, on the resolved address of the connection: channels of operators may go
/// anywhere but to link-local addresses (cloud metadata), others only to public ones. No redirects, no proxy, a bounded answer.
/// </summary>
internal sealed class Webhooks : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private readonly HttpClient _operators = Client(operatorOwned: true);
    private readonly HttpClient _others = Client(operatorOwned: false);

    /// <summary>Null when it was accepted, else why not.</summary>
    public async Task<string?> Post(string url, string json, bool operatorOwned, CancellationToken ct) => (await Send(url, json, operatorOwned, [], ct)).Error;

    /// <summary>Posts, and says what came back.</summary>
    public async Task<Answer> Send(string url, string json, bool operatorOwned, IReadOnlyList<(string Name, string Value)> headers, CancellationToken ct)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
            return Answer.Refused("the address is no http(s) address");
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(Patience);
        try
        {
            using var content = new StringContent(json, Encoding.UTF8, "application/json");
            using var request = new HttpRequestMessage(HttpMethod.Post, uri) { Content = content };
            foreach (var (name, value) in headers)
                request.Headers.TryAddWithoutValidation(name, value);
            using var response = await (operatorOwned ? _operators : _others).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token);
            var status = (int)response.StatusCode;
            return new Answer(status, await Beginning(response.Content, patience.Token), response.IsSuccessStatusCode ? null : $"the receiver answered {status}", response.Headers.RetryAfter?.Delta, status is 408 or 429 or >= 500);
        }
        catch (HttpRequestException e)
        {
            return e.InnerException is HoldfastException refused ? Answer.Refused(refused.Message) : Answer.None("the receiver cannot be reached: " + e.HttpRequestError);
        }
        catch (IOException)
        {
            return Answer.None("the receiver broke off its answer");
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return Answer.None($"the receiver did not answer within {Patience.TotalSeconds:0} s");
        }
    }

    private static async Task<string> Beginning(HttpContent content, CancellationToken ct)
    {
        await using var stream = await content.ReadAsStreamAsync(ct);
        var buffer = new byte[4000];
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, ct);
        var text = Encoding.UTF8.GetString(buffer, 0, length);
        return text.Length <= 1000 ? text : text[..1000];
    }

    /// <summary>Whether a connection may be made.</summary>
    public static bool Allowed(IPAddress address, bool operatorOwned)
    {
        var a = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        var bytes = a.GetAddressBytes();
        if (a.AddressFamily == AddressFamily.InterNetwork)
        {
            return bytes switch
            {
                [169, 254, ..] => false,
                _ when operatorOwned => true,
                [0 or 10 or 127, ..] or [>= 224, ..] => false,
                [100, >= 64 and < 128, ..] or [172, >= 16 and < 32, ..] or [192, 168, ..] or [192, 0, 0, _] or [192, 0, 2, _] or [192, 88, 99, _] => false,
                [198, 18 or 19, ..] or [198, 51, 100, _] or [203, 0, 113, _] => false,
                _ => true,
            };
        }

        if (a.IsIPv6LinkLocal)
            return false;
        if (operatorOwned)
            return true;
        // Only global unicast (2000::/3), without the ranges that carry an IPv4 address inside (6to4, Teredo) or are for documents.
        return (bytes[0] & 0xE0) == 0x20 && !(bytes[0] == 0x20 && bytes[1] == 0x02) && !(bytes[0] == 0x20 && bytes[1] == 0x01 && (bytes[2] < 0x02 || (bytes[2] == 0x0D && bytes[3] == 0xB8)));
    }

    public void Dispose()
    {
        _operators.Dispose();
        _others.Dispose();
    }

    private static HttpClient Client(bool operatorOwned) => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        ConnectTimeout = Patience,
        MaxResponseHeadersLength = 64,
        PooledConnectionLifetime = TimeSpan.FromMinutes(1),
        ConnectCallback = (context, ct) => Connect(context.DnsEndPoint, operatorOwned, ct),
    })
    {
        Timeout = Patience,
        MaxResponseContentBufferSize = 64 << 10,
    };

    private static async ValueTask<Stream> Connect(DnsEndPoint endpoint, bool operatorOwned, CancellationToken ct)
    {
        var addresses = await Dns.GetHostAddressesAsync(endpoint.Host, ct);
        var allowed = Array.FindAll(addresses, a => Allowed(a, operatorOwned));
        if (allowed.Length == 0)
            throw new HoldfastException(ErrorCode.PermissionDenied, $"{endpoint.Host} has no address that this channel may reach", "Only channels applied with the right to execute may go to private addresses.");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, endpoint.Port, ct);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

/// <summary>What a receiver said.</summary>
/// <param name="Status">Null when there was no answer.</param>
/// <param name="Body">The beginning of the answer.</param>
/// <param name="Error">Null when it was accepted, else why not.</param>
/// <param name="RetryAfter">How long the receiver wants to be left alone.</param>
/// <param name="WorthAnotherTry">Whether the same request may do better later.</param>
internal sealed record Answer(int? Status, string? Body, string? Error, TimeSpan? RetryAfter, bool WorthAnotherTry)
{
    public bool Delivered => Error is null;

    public static Answer Refused(string why) => new(null, null, why, null, false);

    public static Answer None(string why) => new(null, null, why, null, true);
}
