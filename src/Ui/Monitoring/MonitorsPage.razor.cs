using Holdfast.Contracts;
using Holdfast.Monitoring;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Monitoring;

/// <summary>All monitors.</summary>
public sealed partial class MonitorsPage
{
    [Inject] private MonitoringService Monitoring { get; set; } = null!;

    /// <inheritdoc />
    protected override async Task<Shown> Load(CancellationToken ct) => new(await Monitoring.List(Principal, ct));

    public sealed record Shown(IReadOnlyList<MonitorInfo> Monitors);
}
