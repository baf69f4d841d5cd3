using System.Net.ServerSentEvents;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Storage.Sql;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Holdfast.Serve;

/// <summary>What belongs to the server itself: health, version, the Journal.</summary>
internal static class SystemApi
{
    /// <summary>The program's version.</summary>
    public static string Version { get; } =
        typeof(SystemApi).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0.0.0";

    public static void MapHealth(this IEndpointRouteBuilder app)
    {
        app.MapGet("/healthz", () => Results.Text("ok\n")).Open();
        app.MapGet("/readyz", Ready).Open();
    }

    public static void MapSystemApi(this IEndpointRouteBuilder api)
    {
        api.MapGet("/version", (ServerClock clock) => new VersionInfo("holdfast", Version, RuntimeInformation.FrameworkDescription, clock.StartedAt)).Open();
        api.MapGet("/journal", Journal).Needs(Role.Viewer);
        api.MapGet("/journal/stream", Stream).Needs(Role.Viewer);
    }

    private static async Task<IResult> Ready(Db db, IHostApplicationLifetime lifetime, Draining draining, CancellationToken ct)
    {
        if (draining.Begun || lifetime.ApplicationStopping.IsCancellationRequested)
            return Results.Text("stopping\n", statusCode: StatusCodes.Status503ServiceUnavailable);
        await db.Read(tx => tx.Scalar("select 1"), ct);
        return Results.Text("ready\n");
    }

    private static async Task<PageOf<JournalEntry>> Journal(
        HttpContext http, Journal journal, CancellationToken ct, long after = 0, int limit = 200, string? kind = null, string? subject = null, bool newest_first = false)
    {
        limit = Math.Clamp(limit, 1, 10_000);
        var events = await journal.Read(http.Principal(), new JournalQuery(after, limit, kind, subject, newest_first), ct);
        return new([.. events.Select(Info)], events.Count == limit ? events[^1].Seq.ToString(System.Globalization.CultureInfo.InvariantCulture) : null);
    }

    private static ServerSentEventsResult<JournalEntry> Stream(HttpContext http, Journal journal, IHostApplicationLifetime lifetime, CancellationToken ct, long after = 0) =>
        TypedResults.ServerSentEvents(Follow(http.Principal(), journal, after, lifetime.ApplicationStopping, ct));

    private static async IAsyncEnumerable<SseItem<JournalEntry>> Follow(Principal p, Journal journal, long after, CancellationToken stopping, [EnumeratorCancellation] CancellationToken ct)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(ct, stopping);
        while (!end.IsCancellationRequested)
        {
            // Taken before the read, so that an event between the two is not waited over.
            var next = journal.Next(end.Token);
            foreach (var e in await journal.Read(p, new JournalQuery(after), CancellationToken.None))
            {
                after = e.Seq;
                yield return new SseItem<JournalEntry>(Info(e), e.Kind) { EventId = e.Seq.ToString(System.Globalization.CultureInfo.InvariantCulture) };
            }

            await next.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static JournalEntry Info(JournalEvent e) => new(e.Seq, e.At, e.RecordedAt, e.Actor, e.Kind, e.Subject, e.Detail);
}

/// <summary>When this server started.</summary>
internal sealed class ServerClock(TimeProvider time)
{
    public DateTimeOffset StartedAt { get; } = time.GetUtcNow();
}
