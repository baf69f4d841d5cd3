using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Holdfast.Contracts;

namespace Holdfast.Client;

/// <summary>
/// JSON over HTTP with Holdfast's conventions: snake_case bodies, RFC 9457 problems as <see cref="HoldfastException"/>. The typed
/// parts of <see cref="HoldfastClient"/> are made of it; use it for routes that they do not cover.
/// </summary>
public sealed class Transport : IDisposable
{
    private readonly HttpClient _http;

    internal Transport(Uri server, string? token, string? workspace, HttpMessageHandler? handler)
    {
        // A client of one server: pooled connections, no redirects that could carry the token elsewhere.
        _http = new HttpClient(handler ?? new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) }, disposeHandler: handler is null)
        {
            BaseAddress = new Uri(server.GetLeftPart(UriPartial.Authority)),
            Timeout = TimeSpan.FromMinutes(10),
        };
        if (!string.IsNullOrEmpty(token))
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (!string.IsNullOrEmpty(workspace))
            _http.DefaultRequestHeaders.Add("X-Holdfast-Workspace", workspace);
    }

    /// <summary>The server.</summary>
    public Uri Server => _http.BaseAddress!;

    /// <summary>The HTTP client underneath, with address and credentials set.</summary>
    public HttpClient Http => _http;

    /// <summary>Reads a document.</summary>
    /// <param name="path">Path and query, such as <c>/api/v1/rollouts</c>.</param>
    /// <param name="ct">Ends the request.</param>
    /// <exception cref="HoldfastException">The server refused; code, message and remedy are its own.</exception>
    public Task<T> Get<T>(string path, CancellationToken ct = default) => Send<T>(HttpMethod.Get, path, null, ct);

    /// <summary>Reads a document; null when there is none (404).</summary>
    /// <inheritdoc cref="Get{T}" />
    public async Task<T?> Find<T>(string path, CancellationToken ct = default)
        where T : class
    {
        try
        {
            return await Get<T>(path, ct);
        }
        catch (HoldfastException e) when (e.Code == ErrorCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>Sends a document and reads the answer.</summary>
    /// <param name="path">Path and query.</param>
    /// <param name="body">Written as JSON; null sends an empty object.</param>
    /// <param name="ct">Ends the request.</param>
    /// <exception cref="HoldfastException">The server refused.</exception>
    public Task<T> Post<T>(string path, object? body, CancellationToken ct = default) => Send<T>(HttpMethod.Post, path, Json(body), ct);

    /// <summary>Sends a document whose answer does not matter.</summary>
    /// <inheritdoc cref="Post{T}" />
    public async Task Post(string path, object? body, CancellationToken ct = default)
    {
        using var response = await Raw(HttpMethod.Post, path, Json(body), ct);
    }

    /// <summary>Sends bytes and reads the answer.</summary>
    /// <param name="method">POST or PUT.</param>
    /// <param name="path">Path and query.</param>
    /// <param name="content">Read to its end; not closed.</param>
    /// <param name="contentType">Such as <c>application/octet-stream</c>.</param>
    /// <param name="ct">Ends the request.</param>
    /// <exception cref="HoldfastException">The server refused.</exception>
    public async Task<T> Upload<T>(HttpMethod method, string path, Stream content, string contentType = "application/octet-stream", CancellationToken ct = default)
    {
        var body = new StreamContent(content);
        body.Headers.ContentType = new MediaTypeHeaderValue(contentType);
        return await Send<T>(method, path, body, ct);
    }

    /// <summary>Sends bytes whose answer does not matter.</summary>
    /// <inheritdoc cref="Upload{T}" />
    public async Task Upload(HttpMethod method, string path, Stream content, string contentType = "application/octet-stream", CancellationToken ct = default)
    {
        var body = new StreamContent(content);
        body.Headers.ContentType = new MediaTypeHeaderValue(contentType);
        using var response = await Raw(method, path, body, ct);
    }

    /// <summary>Opens a file of the server.</summary>
    /// <param name="path">Path and query.</param>
    /// <param name="ct">Ends the request.</param>
    /// <exception cref="HoldfastException">The server refused.</exception>
    public async Task<Stream> Download(string path, CancellationToken ct = default) =>
        await (await Raw(HttpMethod.Get, path, null, ct)).Content.ReadAsStreamAsync(ct);

    /// <summary>Sends a request and gives the whole answer, for what is no document; dispose it.</summary>
    /// <param name="request">Its address is a path and query.</param>
    /// <param name="ct">Ends the request.</param>
    /// <exception cref="HoldfastException">The server refused.</exception>
    public Task<HttpResponseMessage> Open(HttpRequestMessage request, CancellationToken ct = default) => Raw(request, ct);

    /// <summary>Sends a document with any method; the answer does not matter.</summary>
    /// <param name="method">PUT or PATCH.</param>
    /// <param name="path">Path and query.</param>
    /// <param name="body">Written as JSON.</param>
    /// <param name="ct">Ends the request.</param>
    /// <exception cref="HoldfastException">The server refused.</exception>
    public async Task Put(HttpMethod method, string path, object body, CancellationToken ct = default)
    {
        using var response = await Raw(method, path, Json(body), ct);
    }

    /// <summary>Deletes.</summary>
    /// <param name="path">Path and query.</param>
    /// <param name="ct">Ends the request.</param>
    /// <exception cref="HoldfastException">The server refused.</exception>
    public async Task Delete(string path, CancellationToken ct = default)
    {
        using var response = await Raw(HttpMethod.Delete, path, null, ct);
    }

    /// <inheritdoc />
    public void Dispose() => _http.Dispose();

    private async Task<T> Send<T>(HttpMethod method, string path, HttpContent? body, CancellationToken ct)
    {
        using var response = await Raw(method, path, body, ct);
        try
        {
            return (await response.Content.ReadFromJsonAsync<T>(HoldfastJson.Options, ct))
                ?? throw new HoldfastException(ErrorCode.Internal, $"{method} {path} answered with nothing.");
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            throw new HoldfastException(ErrorCode.Internal, $"{Server} answered {method} {path} with something that is not a document of this API: {e.Message}", "Check that the address is a Holdfast server of a version near this client's.", e);
        }
    }

    private async Task<HttpResponseMessage> Raw(HttpMethod method, string path, HttpContent? body, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body };
        return await Raw(request, ct);
    }

    private async Task<HttpResponseMessage> Raw(HttpRequestMessage request, CancellationToken ct)
    {
        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        }
        catch (HttpRequestException e)
        {
            throw new HoldfastException(ErrorCode.Unavailable, $"The server {Server} cannot be reached: {e.Message}", "Start it with holdfast serve, or check the address.", e);
        }
        catch (TaskCanceledException e) when (!ct.IsCancellationRequested)
        {
            throw new HoldfastException(ErrorCode.Timeout, $"{request.Method} {request.RequestUri} did not end in time.", null, e);
        }

        if (response.IsSuccessStatusCode)
            return response;
        using (response)
            throw await Failure(response, ct);
    }

    private static async Task<HoldfastException> Failure(HttpResponseMessage response, CancellationToken ct)
    {
        Problem? problem = null;
        try
        {
            problem = await response.Content.ReadFromJsonAsync<Problem>(HoldfastJson.Options, ct);
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            // Not from Holdfast itself, such as a proxy's page.
        }

        var code = Enum.TryParse<ErrorCode>(problem?.Code?.Replace("_", "", StringComparison.Ordinal), ignoreCase: true, out var known) ? known : Guess(response.StatusCode);
        var message = problem?.Detail ?? $"The server answered {(int)response.StatusCode} {response.ReasonPhrase}.";
        return problem?.Faults is { Count: > 0 } faults
            ? new HoldfastException(message, faults)
            : new HoldfastException(code, message, problem?.Hint);
    }

    private static ErrorCode Guess(HttpStatusCode status) => status switch
    {
        HttpStatusCode.NotFound => ErrorCode.NotFound,
        HttpStatusCode.Unauthorized => ErrorCode.Unauthenticated,
        HttpStatusCode.Forbidden => ErrorCode.PermissionDenied,
        HttpStatusCode.Conflict => ErrorCode.Conflict,
        HttpStatusCode.BadRequest => ErrorCode.InvalidArgument,
        HttpStatusCode.ServiceUnavailable => ErrorCode.Unavailable,
        HttpStatusCode.TooManyRequests => ErrorCode.Overloaded,
        _ => ErrorCode.Internal,
    };

    private static JsonContent Json(object? body) => JsonContent.Create(body ?? new object(), body?.GetType() ?? typeof(object), options: HoldfastJson.Options);
}
