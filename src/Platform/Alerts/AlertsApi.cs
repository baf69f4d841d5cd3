using Holdfast.Contracts;
using Holdfast.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Holdfast.Alerts;

/// <summary>Channels and deliveries over HTTP.</summary>
public static class AlertsApi
{
    /// <summary>Maps the routes.</summary>
    public static void MapAlertsApi(this IEndpointRouteBuilder api)
    {
        ArgumentNullException.ThrowIfNull(api);
        api.MapGet("/channels", Channels).Needs(Role.Viewer);
        api.MapGet("/alerts", Deliveries).Needs(Role.Viewer);

        // An address may hold a token of its receiver, so not every reader of models sees it.
        var webhooks = api.MapGroup("/webhooks");
        webhooks.MapGet("/", Webhooks).Needs(Role.Editor);
        webhooks.MapPost("/", CreateWebhook).Needs(Role.Editor);
        webhooks.MapGet("/{webhook}", Webhook).Needs(Role.Editor);
        webhooks.MapPatch("/{webhook}", ChangeWebhook).Needs(Role.Editor);
        webhooks.MapDelete("/{webhook}", DeleteWebhook).Needs(Role.Editor);
        webhooks.MapPost("/{webhook}/test", TestWebhook).Needs(Role.Editor);
        webhooks.MapGet("/{webhook}/deliveries", WebhookDeliveries).Needs(Role.Editor);
    }

    private static async Task<Page<ChannelInfo>> Channels(HttpContext http, AlertService alerts, CancellationToken ct) => new(await alerts.Channels(http.Principal(), ct));

    private static async Task<Page<DeliveryInfo>> Deliveries(HttpContext http, AlertService alerts, int? limit, CancellationToken ct) => new(await alerts.Deliveries(http.Principal(), limit ?? 100, ct));

    private static async Task<Page<Webhook>> Webhooks(HttpContext http, WebhookService webhooks, CancellationToken ct) => new(await webhooks.List(http.Principal(), ct));

    private static async Task<IResult> CreateWebhook(HttpContext http, WebhookService webhooks, NewWebhook body, CancellationToken ct)
    {
        var made = await webhooks.Create(http.Principal(), body, ct);
        return Results.Created($"/api/v1/webhooks/{made.WebhookId}", made);
    }

    private static Task<Webhook> Webhook(HttpContext http, WebhookService webhooks, string webhook, CancellationToken ct) => webhooks.Get(http.Principal(), webhook, ct);

    private static Task<Webhook> ChangeWebhook(HttpContext http, WebhookService webhooks, string webhook, WebhookChange body, CancellationToken ct) => webhooks.Change(http.Principal(), webhook, body, ct);

    private static async Task<IResult> DeleteWebhook(HttpContext http, WebhookService webhooks, string webhook, CancellationToken ct)
    {
        await webhooks.Delete(http.Principal(), webhook, ct);
        return Results.NoContent();
    }

    private static Task<WebhookTest> TestWebhook(HttpContext http, WebhookService webhooks, string webhook, string? @event, CancellationToken ct) => webhooks.Test(http.Principal(), webhook, @event, ct);

    private static async Task<Page<WebhookDelivery>> WebhookDeliveries(HttpContext http, WebhookService webhooks, string webhook, int? limit, CancellationToken ct) =>
        new(await webhooks.Deliveries(http.Principal(), webhook, limit ?? 100, ct));
}
