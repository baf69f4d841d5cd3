using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Monitoring;
using Holdfast.Predictions;
using Holdfast.Serving;

namespace Holdfast.Ui.Serving;

/// <summary>An endpoint as lists show it.</summary>
public sealed record EndpointRow(EndpointState Endpoint, MonitorInfo? Monitor, LogCompleteness Log);

/// <summary>Asks the three rooms that know something of an endpoint.</summary>
internal static class EndpointRows
{
    public static async Task<IReadOnlyList<EndpointRow>> Of(Principal p, ServingService serving, MonitoringService monitoring, PredictionService predictions, CancellationToken ct)
    {
        var monitors = (await monitoring.List(p, ct)).ToDictionary(m => m.Endpoint, StringComparer.Ordinal);
        return [.. (await serving.List(p, ct)).Select(e => new EndpointRow(e, monitors.GetValueOrDefault(e.Spec.Name), predictions.Completeness(new EndpointKey(p.WorkspaceId, e.Spec.Name))))];
    }
}
