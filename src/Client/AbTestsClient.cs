using Holdfast.Contracts;

namespace Holdfast.Client;

/// <summary>A/B tests: two versions side by side until one is better or both are known to be alike.</summary>
public sealed class AbTestsClient
{
    private readonly Transport _transport;

    internal AbTestsClient(Transport transport) => _transport = transport;

    /// <summary>Starts a test.</summary>
    /// <param name="request">Endpoint, versions and outcome.</param>
    /// <param name="ct">Ends the request.</param>
    public Task<AbTestInfo> Start(AbTestRequest request, CancellationToken ct = default) => _transport.Post<AbTestInfo>("/api/v1/ab-tests", request, ct);

    /// <summary>A test with its figures.</summary>
    /// <param name="id">The test.</param>
    /// <param name="ct">Ends the request.</param>
    public Task<AbTestInfo> Get(string id, CancellationToken ct = default) => _transport.Get<AbTestInfo>($"/api/v1/ab-tests/{Query.Part(id)}", ct);

    /// <summary>Tests, newest first.</summary>
    /// <param name="endpoint">Only of this endpoint.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="ct">Ends the request.</param>
    public async Task<IReadOnlyList<AbTestInfo>> List(string? endpoint = null, int limit = 50, CancellationToken ct = default) =>
        (await _transport.Get<PageOf<AbTestInfo>>(Query.Path("/api/v1/ab-tests", ("endpoint", endpoint), ("limit", limit)), ct)).Items;

    /// <summary>Ends a test.</summary>
    /// <param name="id">The test.</param>
    /// <param name="serve">Who serves from now on, <c>a</c> or <c>b</c>; null = a.</param>
    /// <param name="ct">Ends the request.</param>
    public Task<AbTestInfo> Stop(string id, string? serve = null, CancellationToken ct = default) =>
        _transport.Post<AbTestInfo>($"/api/v1/ab-tests/{Query.Part(id)}/stop", new AbStopRequest(serve), ct);
}
