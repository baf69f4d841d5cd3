using Holdfast.Kernel;
using Holdfast.Storage;
using Holdfast.Storage.Sql;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Holdfast.Alerts;

/// <summary>Adds the room.</summary>
public static class AlertsSetup
{
    /// <summary>Registers the door and what stands behind it.</summary>
    /// <param name="publicUrl">The address by which people reach the server, for the links of messages; null: the one that it listens on.</param>
    public static IServiceCollection AddAlerts(this IServiceCollection services, string? publicUrl = null) => services
        .AddSingleton<Webhooks>()
        .AddSingleton(s => new AlertService(
            s.GetRequiredService<Db>(), s.GetRequiredService<TimeProvider>(), s.GetRequiredService<Journal>(), s.GetRequiredService<Webhooks>(), s.GetRequiredService<ILogger<AlertService>>(),
            () => publicUrl ?? s.GetRequiredService<DataFolder>().Url))
        .AddSingleton(s => new WebhookService(
            s.GetRequiredService<Db>(), s.GetRequiredService<TimeProvider>(), s.GetRequiredService<Journal>(), s.GetRequiredService<Webhooks>(), s.GetRequiredService<IDataProtectionProvider>(),
            s.GetRequiredService<ILogger<WebhookService>>()))
        .AddHostedService<WebhookRunner>()
        .AddHostedService<RunNotices>()
        .AddSingleton<IReconciler, AlertReconciler>();
}
