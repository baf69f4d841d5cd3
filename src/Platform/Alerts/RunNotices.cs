using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Storage.Sql;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Holdfast.Alerts;

/// <summary>
/// Tells channels that a run ended. Whom, the tag <c>holdfast.notify</c> of the run or of its experiment says: names of channels with
/// commas between, each for every end or, with <c>:failed</c> behind it, only for a failed or stopped run. Like webhooks it is no
/// reconciler: a slow receiver must not keep a rollout waiting.
/// </summary>
internal sealed class RunNotices(AlertService alerts, Journal journal, Db db, TimeProvider time, ILogger<RunNotices> log) : BackgroundService
{
    private const string Cursor = "alerts.runs";
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    /// <summary>The channels to be told of an end.</summary>
    public static IReadOnlyList<string> Channels(string? notify, string status) =>
        [.. (notify ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(part => part.Split(':', 2, StringSplitOptions.TrimEntries))
            .Where(part => part.Length == 1 || part[1] != "failed" || status is "failed" or "killed")
            .Select(part => part[0]).Distinct(StringComparer.Ordinal)];

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
                log.LogError(e, "The ends of runs could not be told and will be tried again");
            }

            await Task.WhenAny(next, Task.Delay(Longest, time, stoppingToken)).ConfigureAwait(false);
        }
    }

    // A crash between message and cursor repeats the round; the message's key makes it the same message.
    private async Task<bool> Round(CancellationToken ct)
    {
        var after = await db.Read(tx => Journal.Cursor(tx, Cursor), ct);
        var events = await journal.ReadAll(after, ct: ct);
        if (events.Count == 0)
            return false;
        foreach (var e in events.Where(e => e.Kind == "run.finished"))
        {
            var run = e.DetailAs<RunFinished>();
            foreach (var channel in Channels(run.Notify, run.Status))
                await Tell(e, run, channel, ct);
        }

        await db.Write(tx => Journal.MoveCursor(tx, Cursor, events[^1].Seq), ct: ct);
        return true;
    }

    private async Task Tell(JournalEvent e, RunFinished run, string channel, CancellationToken ct)
    {
        var message = new Message(
            $"Run {run.Name} {run.Status}", EventText.Describe(e) + ".",
            [new MessageField("Experiment", run.Experiment), new MessageField("Run", run.RunId), new MessageField("Status", run.Status)],
            $"/runs/{run.RunId}", Severity: run.Status == "finished" ? "none" : "moderate");
        var p = Principal.Controller(e.WorkspaceId, "alerts");
        try
        {
            await alerts.Send(p, channel, message, $"run-{run.RunId}-{e.Seq}", run.RunId, e.At, ct: ct);
        }
        catch (HoldfastException missing) when (missing.Code == ErrorCode.NotFound)
        {
            log.LogWarning("The end of the run {Run} was to be told to {Channel}: {Reason}", run.RunId, channel, missing.Message);
            await journal.Append(p, new AlertSent(channel, message.Title, null, false), run.RunId, ct: ct);
        }
    }
}
