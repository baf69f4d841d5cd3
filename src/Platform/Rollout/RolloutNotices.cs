using System.Globalization;
using Holdfast.Alerts;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Storage.Sql;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Holdfast.Rollout;

/// <summary>
/// Tells the channel of a rollout (<c>notify:</c>) of its transitions, from the Journal and by a durable cursor. It is no reconciler: a slow receiver must
/// not keep a rollout waiting.
/// </summary>
internal sealed class RolloutNotices(AlertService alerts, Journal journal, Db db, TimeProvider time, ILogger<RolloutNotices> log) : BackgroundService
{
    private const string Cursor = "rollout.notices";
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);
    private static readonly string[] Grave = ["rollout.rolled_back", "rollout.warned", "rollout.paused"];

    /// <summary>Reads on; whether there was anything.</summary>
    public async Task<bool> Round(CancellationToken ct)
    {
        var events = await journal.ReadAll(await db.Read(tx => Journal.Cursor(tx, Cursor), ct), ct: ct);
        if (events.Count == 0)
            return false;
        foreach (var e in events.Where(e => e.Kind.StartsWith("rollout.", StringComparison.Ordinal)))
        {
            if (e.Detail.TryGetProperty("rollout_id", out var id) && await db.Read(tx => RolloutStore.Find(tx, e.WorkspaceId, id.GetString()!), ct) is { State: { Notify: { } channel } rollout })
                await Tell(e, rollout, channel, ct);
        }

        // A crash between message and cursor repeats the round; the message's key makes it the same message.
        await db.Write(tx => Journal.MoveCursor(tx, Cursor, events[^1].Seq), ct: ct);
        return true;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            // Taken before the look, so that an event between look and wait is not slept through.
            var next = journal.Next(stoppingToken);
            try
            {
                while (await Round(stoppingToken))
                    stoppingToken.ThrowIfCancellationRequested();
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                log.LogError(e, "The transitions of rollouts could not be told and will be tried again");
            }

            await Task.WhenAny(next, Task.Delay(Longest, time, stoppingToken)).ConfigureAwait(false);
        }
    }

    private async Task Tell(JournalEvent e, RolloutState rollout, string channel, CancellationToken ct)
    {
        var p = Principal.Controller(e.WorkspaceId, "rollout");
        var message = new Message(
            $"{rollout.Candidate} on {rollout.Endpoint}: {e.Kind[(e.Kind.IndexOf('.', StringComparison.Ordinal) + 1)..].Replace('_', ' ')}", EventText.Describe(e) + ".",
            [new MessageField("Endpoint", rollout.Endpoint), new MessageField("Version", rollout.Candidate.ToString()), new MessageField("Traffic", rollout.Traffic.ToString("P0", CultureInfo.InvariantCulture))],
            $"/rollouts/{rollout.Id}", rollout.IncidentId, Grave.Contains(e.Kind) ? "significant" : "moderate");
        try
        {
            await alerts.Send(p, channel, message, $"rollout:{e.Seq}", rollout.Endpoint, e.At, ct: ct);
        }
        catch (HoldfastException fault) when (fault.Code == ErrorCode.NotFound)
        {
            log.LogWarning("The rollout of {Endpoint} tells a channel that is gone: {Channel}", rollout.Endpoint, channel);
        }
    }
}
