using System.Net;
using System.Net.Sockets;
using Holdfast.Contracts;

namespace Holdfast.Kernel;

/// <summary>
/// Where the server may connect to on somebody's behalf, judged where it counts: on the resolved address of the connection. Addresses
/// named by operators may lie anywhere but in the link-local range (cloud metadata), others only in public ones.
/// </summary>
public static class OutboundAddress
{
    /// <summary>A client that goes nowhere else: no redirects, no proxy, a bounded answer.</summary>
    public static HttpClient Client(bool mayBePrivate, TimeSpan patience) => new(Handler(mayBePrivate, patience))
    {
        Timeout = patience,
        MaxResponseContentBufferSize = 64 << 10,
    };

    /// <summary>A handler without redirects, proxy and cookies whose connections are judged.</summary>
    public static SocketsHttpHandler Handler(bool mayBePrivate, TimeSpan patience) => new()
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        ConnectTimeout = patience,
        MaxResponseHeadersLength = 64,
        PooledConnectionLifetime = TimeSpan.FromMinutes(1),
        ConnectCallback = (context, ct) => Connect(context.DnsEndPoint, mayBePrivate, ct),
    };

    /// <summary>Whether a connection may be made.</summary>
    public static bool Allowed(IPAddress address, bool mayBePrivate)
    {
        ArgumentNullException.ThrowIfNull(address);
        var a = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        var bytes = a.GetAddressBytes();
        if (a.AddressFamily == AddressFamily.InterNetwork)
        {
            return bytes switch
            {
                [169, 254, ..] => false,
                _ when mayBePrivate => true,
                [0 or 10 or 127, ..] or [>= 224, ..] => false,
                [100, >= 64 and < 128, ..] or [172, >= 16 and < 32, ..] or [192, 168, ..] or [192, 0, 0, _] or [192, 0, 2, _] or [192, 88, 99, _] => false,
                [198, 18 or 19, ..] or [198, 51, 100, _] or [203, 0, 113, _] => false,
                _ => true,
            };
        }

        if (a.IsIPv6LinkLocal)
            return false;
        if (mayBePrivate)
            return true;
        // Only global unicast (2000::/3), without the ranges that carry an IPv4 address inside (6to4, Teredo) or are for documents.
        return (bytes[0] & 0xE0) == 0x20 && !(bytes[0] == 0x20 && bytes[1] == 0x02) && !(bytes[0] == 0x20 && bytes[1] == 0x01 && (bytes[2] < 0x02 || (bytes[2] == 0x0D && bytes[3] == 0xB8)));
    }

    private static async ValueTask<Stream> Connect(DnsEndPoint endpoint, bool mayBePrivate, CancellationToken ct)
    {
        var addresses = await Dns.GetHostAddressesAsync(endpoint.Host, ct);
        var allowed = Array.FindAll(addresses, a => Allowed(a, mayBePrivate));
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
