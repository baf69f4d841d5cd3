using System.Net;
using System.Net.Sockets;
using Holdfast.Contracts;

namespace Holdfast.Kernel;

/// <summary>
/// Where the server connects to on somebody's behalf. Judged where it counts, on the resolved address of the connection: what was
/// declared with the right to execute may go anywhere but to link-local addresses (cloud metadata), the rest only to public ones.
/// </summary>
public static class Outbound
{
    /// <summary>A handler without redirects, proxy and cookies whose connections are judged.</summary>
    /// <param name="isTrusted">Whether it was declared with the right to execute.</param>
    /// <param name="patience">How long connecting may take.</param>
    public static SocketsHttpHandler Handler(bool isTrusted, TimeSpan patience) => new()
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        ConnectTimeout = patience,
        MaxResponseHeadersLength = 64,
        PooledConnectionLifetime = TimeSpan.FromMinutes(1),
        ConnectCallback = (context, ct) => Connect(context.DnsEndPoint, isTrusted, ct),
    };

    /// <summary>Whether a connection may be made.</summary>
    public static bool Allowed(IPAddress address, bool isTrusted)
    {
        ArgumentNullException.ThrowIfNull(address);
        var a = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        var bytes = a.GetAddressBytes();
        if (a.AddressFamily == AddressFamily.InterNetwork)
        {
            return bytes switch
            {
                [169, 254, ..] => false,
                _ when isTrusted => true,
                [0 or 10 or 127, ..] or [>= 224, ..] => false,
                [100, >= 64 and < 128, ..] or [172, >= 16 and < 32, ..] or [192, 168, ..] or [192, 0, 0, _] or [192, 0, 2, _] or [192, 88, 99, _] => false,
                [198, 18 or 19, ..] or [198, 51, 100, _] or [203, 0, 113, _] => false,
                _ => true,
            };
        }

        if (a.IsIPv6LinkLocal)
            return false;
        if (isTrusted)
            return true;
        // Only global unicast (2000::/3), without the ranges that carry an IPv4 address inside (6to4, Teredo) or are for documents.
        return (bytes[0] & 0xE0) == 0x20 && !(bytes[0] == 0x20 && bytes[1] == 0x02) && !(bytes[0] == 0x20 && bytes[1] == 0x01 && (bytes[2] < 0x02 || (bytes[2] == 0x0D && bytes[3] == 0xB8)));
    }

    private static async ValueTask<Stream> Connect(DnsEndPoint endpoint, bool isTrusted, CancellationToken ct)
    {
        var addresses = await Dns.GetHostAddressesAsync(endpoint.Host, ct);
        var allowed = Array.FindAll(addresses, a => Allowed(a, isTrusted));
        if (allowed.Length == 0)
            throw new HoldfastException(ErrorCode.PermissionDenied, $"{endpoint.Host} has no address that may be reached from here", "Only what was declared with the right to execute may go to private addresses.");
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
