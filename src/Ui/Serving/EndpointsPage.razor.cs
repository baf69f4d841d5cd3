using Holdfast.Monitoring;
using Holdfast.Predictions;
using Holdfast.Serving;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Serving;

/// <summary>All endpoints.</summary>
public sealed partial class EndpointsPage
{
    [Inject] private ServingService Serving { get; set; } = null!;

    [Inject] private MonitoringService Monitoring { get; set; } = null!;

    [Inject] private PredictionService Predictions { get; set; } = null!;

    /// <inheritdoc />
    protected override TimeSpan? Renewed => TimeSpan.FromSeconds(5);

    /// <inheritdoc />
    protected override async Task<Shown> Load(CancellationToken ct) => new(await EndpointRows.Of(Principal, Serving, Monitoring, Predictions, ct));

    public sealed record Shown(IReadOnlyList<EndpointRow> Rows);
}
