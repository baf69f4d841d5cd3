using Holdfast.Kernel;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Holdfast.Alerts;

/// <summary>
/// Plans and sends deliveries for as long as the server runs, woken by events. It is no reconciler: those take turns, and a slow
/// receiver must not keep a rollout waiting.
/// </summary>
internal sealed class WebhookRunner(WebhookService webhooks, Journal journal, TimeProvider time, ILogger<WebhookRunner> log) : BackgroundService
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(50);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            // Taken before the look, so that an event between look and wait is not slept through.
            var next = journal.Next(stoppingToken);
            var wait = Longest;
            try
            {
                while (await webhooks.Plan(stoppingToken))
                    stoppingToken.ThrowIfCancellationRequested();
                if (await webhooks.Deliver(stoppingToken) is { } due)
                    wait = TimeSpan.FromTicks(Math.Clamp((due - time.GetUtcNow()).Ticks, Shortest.Ticks, Longest.Ticks));
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                log.LogError(e, "Webhooks could not be sent and will be tried again");
            }

            await Task.WhenAny(next, Task.Delay(wait, time, stoppingToken)).ConfigureAwait(false);
        }
    }
}
