using System.Net;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Microsoft.AspNetCore.Http.Metadata;

namespace Holdfast.Serve;

/// <summary>
/// What a browser can be tricked into is refused before anything is read: foreign host names (DNS rebinding), state-changing
/// requests and circuits from other sites, and bodies of the types that a plain HTML form can send.
/// </summary>
internal sealed class RequestGuard(ServeOptions options)
{
    private readonly HashSet<string> _hosts = new(
        [
            "localhost",
            Environment.MachineName,
            .. options.AllowedHosts,
            .. options.Urls.Select(u => new Uri(u).Host),
        ],
        StringComparer.OrdinalIgnoreCase);

    /// <summary>Before routing: where the request comes from and goes to.</summary>
    public Task CheckOrigin(HttpContext context, RequestDelegate next)
    {
        var request = context.Request;
        if (!KnownHost(request.Host))
            throw new HoldfastException(ErrorCode.PermissionDenied, $"This server is not known as '{request.Host}'.", "Use localhost or its address, or start it with --allowed-hosts.");
        if ((ChangesState(request.Method) || context.WebSockets.IsWebSocketRequest || request.Headers.Upgrade == "websocket") && FromElsewhere(request))
            throw new HoldfastException(ErrorCode.PermissionDenied, "This request comes from a page of another site.", "Send it from the server's own pages, or without a browser.");
        return next(context);
    }

    /// <summary>Before routing: clients that join addresses with a doubled slash mean the plain path.</summary>
    public static Task PlainPath(HttpContext context, RequestDelegate next)
    {
        if (context.Request.Path.Value is ['/', '/', ..] path)
            context.Request.Path = "/" + path.TrimStart('/');
        return next(context);
    }

    /// <summary>After routing: the body's type, unless the route declares which ones it takes.</summary>
    public static Task CheckBody(HttpContext context, RequestDelegate next)
    {
        var request = context.Request;
        if (HttpMethods.IsPost(request.Method) && HasBody(request) && IsFormType(request.ContentType)
            && context.GetEndpoint() is { } endpoint && endpoint.Metadata.GetMetadata<IAcceptsMetadata>() is var accepts
            && (accepts is null || !accepts.ContentTypes.Any(t => t == "*/*" || request.ContentType?.StartsWith(t, StringComparison.OrdinalIgnoreCase) == true))
            && !request.Path.StartsWithSegments("/_blazor"))
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"The body's type '{request.ContentType}' is not accepted here.", "Send JSON with Content-Type: application/json.");
        }

        return next(context);
    }

    /// <summary>Headers on every answer; pages may set stricter ones.</summary>
    public static Task Protect(HttpContext context, RequestDelegate next)
    {
        context.Response.OnStarting(
            static state =>
            {
                var headers = ((HttpContext)state).Response.Headers;
                headers.XContentTypeOptions = "nosniff";
                headers.XFrameOptions = "DENY";
                headers["Referrer-Policy"] = "same-origin";
                headers["Cross-Origin-Opener-Policy"] = "same-origin";
                headers["Cross-Origin-Resource-Policy"] = "same-origin";
                if (headers.ContentSecurityPolicy.Count == 0)
                    headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";
                return Task.CompletedTask;
            },
            context);
        return next(context);
    }

    /// <summary>While the server drains, each answer ends its connection, so that the next request goes elsewhere and none is lost on a port that closes.</summary>
    public static Task LetGo(HttpContext context, Draining draining, RequestDelegate next)
    {
        if (draining.Begun && !HttpProtocol.IsHttp2(context.Request.Protocol))
            context.Response.Headers.Connection = "close";
        return next(context);
    }

    private bool KnownHost(HostString host) =>
        // A literal address cannot be rebound by anybody's DNS.
        _hosts.Contains(host.Host) || IPAddress.TryParse(host.Host.Trim('[', ']'), out _) || host.Host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase);

    private static bool ChangesState(string method) =>
        !(HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method));

    private static bool FromElsewhere(HttpRequest request)
    {
        if (request.Headers["Sec-Fetch-Site"].ToString() is { Length: > 0 } site && site is not ("same-origin" or "none"))
            return true;
        // No Origin: not a browser. A proxy that ends TLS keeps the host, so only that is compared.
        var origin = request.Headers.Origin.ToString();
        return origin.Length > 0 && !(Uri.TryCreate(origin, UriKind.Absolute, out var from) && SameHost(from, request.Host));
    }

    private static bool SameHost(Uri origin, HostString host) =>
        string.Equals(origin.Host.Trim('[', ']'), host.Host.Trim('[', ']'), StringComparison.OrdinalIgnoreCase)
        && (host.Port ?? (origin.Scheme == Uri.UriSchemeHttps ? 443 : 80)) == origin.Port;

    private static bool HasBody(HttpRequest request) => request.ContentLength > 0 || (request.ContentLength is null && request.Headers.TransferEncoding.Count > 0);

    private static bool IsFormType(string? type) =>
        string.IsNullOrEmpty(type)
        || type.StartsWith("text/plain", StringComparison.OrdinalIgnoreCase)
        || type.StartsWith("multipart/form-data", StringComparison.OrdinalIgnoreCase)
        || type.StartsWith("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase);
}
