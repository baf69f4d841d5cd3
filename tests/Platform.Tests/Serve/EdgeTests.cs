using System.Net;
using System.Text;
using Holdfast.Contracts;
using Holdfast.Serve;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Platform.Tests.Serve;

/// <summary>What the edge refuses before any room sees it, and how it words errors.</summary>
public sealed class EdgeTests(SharedHost shared) : IClassFixture<SharedHost>
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("evil.example", 403)]
    [InlineData("127.0.0.1.evil.example", 403)]
    [InlineData("localhost", 200)]
    [InlineData("localhost:5080", 200)]
    [InlineData("127.0.0.1", 200)]
    [InlineData("10.1.2.3:5080", 200)]
    public async Task A_foreign_host_name_is_refused(string hostHeader, int expected)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/version");
        request.Headers.Host = hostHeader;
        Assert.Equal(expected, (int)(await shared.Host.Client.SendAsync(request, Ct)).StatusCode);
    }

    [Theory]
    [InlineData("Origin", "https://evil.example", 403)]
    [InlineData("Origin", "null", 403)]
    [InlineData("Origin", "http://127.0.0.1:1", 403)]
    [InlineData("Sec-Fetch-Site", "cross-site", 403)]
    [InlineData("Sec-Fetch-Site", "same-site", 403)]
    [InlineData("Sec-Fetch-Site", "same-origin", 200)]
    [InlineData("Sec-Fetch-Site", "none", 200)]
    [InlineData("Origin", "SELF", 200)]
    public async Task A_write_from_another_sites_page_is_refused(string header, string value, int expected)
    {
        using var request = Token();
        request.Headers.Add(header, value == "SELF" ? shared.Host.Url : value);
        Assert.Equal(expected, (int)(await shared.Host.Client.SendAsync(request, Ct)).StatusCode);
    }

    [Fact]
    public async Task A_circuit_from_another_sites_page_is_refused()
    {
        using var socket = new System.Net.WebSockets.ClientWebSocket();
        socket.Options.SetRequestHeader("Origin", "https://evil.example");
        await Assert.ThrowsAsync<System.Net.WebSockets.WebSocketException>(() => socket.ConnectAsync(new Uri(shared.Host.Url.Replace("http:", "ws:", StringComparison.Ordinal) + "/_blazor"), Ct));
        Assert.NotEqual(System.Net.WebSockets.WebSocketState.Open, socket.State);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("multipart/form-data; boundary=x")]
    public async Task A_body_that_a_form_could_send_is_refused(string type)
    {
        using var request = Token();
        request.Content!.Headers.ContentType = System.Net.Http.Headers.MediaTypeHeaderValue.Parse(type);
        var response = await shared.Host.Client.SendAsync(request, Ct);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("application/json", (await shared.Host.Problem(response)).Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"name\":", "JSON")]
    [InlineData("[1]", "JSON")]
    [InlineData("{\"name\":5}", "$.name")]
    [InlineData("{}", "name")]
    public async Task Malformed_JSON_is_400_and_says_where(string body, string expected)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        var response = await shared.Host.Client.PostAsync("/api/v1/tokens", content, Ct);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(expected, (await shared.Host.Problem(response)).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deep_and_large_bodies_are_refused()
    {
        using var deep = new StringContent("{\"name\":" + new string('[', 5000) + new string(']', 5000) + "}", Encoding.UTF8, "application/json");
        Assert.Equal(HttpStatusCode.BadRequest, (await shared.Host.Client.PostAsync("/api/v1/tokens", deep, Ct)).StatusCode);
        using var large = new ByteArrayContent(new byte[65 << 20]);
        large.Headers.ContentType = new("application/json");
        try
        {
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await shared.Host.Client.PostAsync("/api/v1/tokens", large, Ct)).StatusCode);
        }
        catch (HttpRequestException)
        {
            // The server closed the connection while the body was still being sent.
        }
    }

    [Fact]
    public async Task An_unknown_path_is_a_problem_with_a_remedy()
    {
        var response = await shared.Host.Client.GetAsync("/api/v1/nothing", Ct);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal("not_found", (await shared.Host.Problem(response)).Code);
    }

    [Fact]
    public async Task Every_answer_carries_the_protecting_headers()
    {
        foreach (var path in new[] { "/api/v1/version", "/healthz", "/metrics", "/api/v1/nothing" })
        {
            var headers = (await shared.Host.Client.GetAsync(path, Ct)).Headers;
            Assert.Equal("nosniff", Assert.Single(headers.GetValues("X-Content-Type-Options")));
            Assert.Contains("frame-ancestors 'none'", Assert.Single(headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);
            Assert.False(headers.Contains("Server"));
        }
    }

    [Fact]
    public void Every_error_code_has_a_status()
    {
        var statuses = Enum.GetValues<ErrorCode>().ToDictionary(c => c, Problems.Status);
        Assert.Equal(ErrorCode.Internal, Assert.Single(statuses, s => s.Value == 500).Key);
    }

    [Fact]
    public async Task No_service_is_missing()
    {
        // Every registered singleton of ours can be made.
        var services = shared.Host.Services.GetRequiredService<IServiceProviderIsService>();
        foreach (var door in typeof(Holdfast.Access.AccessService).Assembly.GetTypes().Where(t => t.Name.EndsWith("Service", StringComparison.Ordinal) && services.IsService(t)))
            Assert.NotNull(shared.Host.Services.GetRequiredService(door));
    }

    private static HttpRequestMessage Token() => new(HttpMethod.Post, "/api/v1/tokens") { Content = new StringContent("""{"name":"NAME"}""".Replace("NAME", Guid.CreateVersion7().ToString(), StringComparison.Ordinal), Encoding.UTF8, "application/json") };
}
