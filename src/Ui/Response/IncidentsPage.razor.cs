using Holdfast.Contracts;
using Holdfast.Monitoring;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Response;

/// <summary>Incidents, newest first.</summary>
public sealed partial class IncidentsPage
{
    [SupplyParameterFromQuery] private string? State { get; set; }

    [SupplyParameterFromQuery] private string? Endpoint { get; set; }

    [Inject] private MonitoringService Monitoring { get; set; } = null!;

    /// <inheritdoc />
    protected override async Task<Shown> Load(CancellationToken ct) =>
        new(await Monitoring.Incidents(Principal, string.IsNullOrEmpty(Endpoint) ? null : Endpoint, string.IsNullOrEmpty(State) ? null : State, 100, ct));

    public sealed record Shown(IReadOnlyList<Incident> Incidents);
}
