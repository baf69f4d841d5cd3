using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Holdfast.Contracts;

namespace Holdfast.Client;

/// <summary>
/// A Holdfast server, typed. Safe for concurrent use; keep one for the life of the program.
/// <code>
/// using var holdfast = new HoldfastClient(new Uri("http://127.0.0.1:5080"));
/// var answer = await holdfast.Endpoints.Infer("credit-risk", new() { ["income"] = 41_000, ["region"] = "north" });
/// </code>
/// </summary>
public sealed class HoldfastClient : IDisposable
{
    /// <summary>Connects lazily: the first call opens a connection.</summary>
    /// <param name="server">The server's address; only scheme, host and port count.</param>
    /// <param name="token">A token; null on an open loopback server.</param>
    /// <param name="workspace">A workspace other than the token's own, where the token is good for all.</param>
    /// <param name="handler">The HTTP handler, for programs that bring their own; it is not disposed.</param>
    public HoldfastClient(Uri server, string? token = null, string? workspace = null, HttpMessageHandler? handler = null)
    {
        ArgumentNullException.ThrowIfNull(server);
        Transport = new Transport(server, token, workspace, handler);
    }

    /// <summary>The client that the environment describes: <c>HOLDFAST_URL</c> (default <c>http://127.0.0.1:5080</c>) and <c>HOLDFAST_TOKEN</c>.</summary>
    public static HoldfastClient FromEnvironment() =>
        new(new Uri(Environment.GetEnvironmentVariable("HOLDFAST_URL") ?? "http://127.0.0.1:5080"), Environment.GetEnvironmentVariable("HOLDFAST_TOKEN"));

    /// <summary>Any route of the API.</summary>
    public Transport Transport { get; }

    /// <summary>Experiments and runs.</summary>
    public RunsClient Runs => new(Transport);

    /// <summary>Registered models and their versions.</summary>
    public ModelsClient Models => new(Transport);

    /// <summary>Predictions and labels.</summary>
    public EndpointsClient Endpoints => new(Transport);

    /// <summary>Rollouts: deploying and steering.</summary>
    public RolloutsClient Rollouts => new(Transport);

    /// <summary>A/B tests.</summary>
    public AbTestsClient AbTests => new(Transport);

    /// <summary>The server's version.</summary>
    public Task<VersionInfo> Version(CancellationToken ct = default) => Transport.Get<VersionInfo>("/api/v1/version", ct);

    /// <summary>Events past a position, oldest first.</summary>
    /// <param name="after">The last <see cref="JournalEntry.Seq"/> that is known; 0 = from the beginning.</param>
    /// <param name="kind">Only this kind, such as <c>drift.diagnosed</c>.</param>
    /// <param name="subject">Only of this endpoint, model or pipeline.</param>
    /// <param name="limit">At most so many (1 to 10,000).</param>
    /// <param name="ct">Ends the request.</param>
    public async Task<IReadOnlyList<JournalEntry>> Journal(long after = 0, string? kind = null, string? subject = null, int limit = 200, CancellationToken ct = default) =>
        (await Transport.Get<PageOf<JournalEntry>>(Query.Path("/api/v1/journal", ("after", after), ("limit", limit), ("kind", kind), ("subject", subject)), ct)).Items;

    /// <summary>Events as they happen, until the token ends it.</summary>
    /// <param name="after">The last <see cref="JournalEntry.Seq"/> that is known; 0 = from the beginning.</param>
    /// <param name="ct">Ends the stream.</param>
    public async IAsyncEnumerable<JournalEntry> Follow(long after = 0, [EnumeratorCancellation] CancellationToken ct = default)
    {
        await using var stream = await Transport.Http.GetStreamAsync(Query.Path("/api/v1/journal/stream", ("after", after)), ct);
        var events = SseParser.Create(stream, (_, data) => JsonSerializer.Deserialize<JournalEntry>(data, HoldfastJson.Options)!);
        await foreach (var item in events.EnumerateAsync(ct))
            yield return item.Data;
    }

    /// <inheritdoc />
    public void Dispose() => Transport.Dispose();
}
