using Holdfast.Contracts;
using Holdfast.Monitoring;
using Holdfast.Ui.Shell;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Monitoring;

/// <summary>The newest window of an endpoint feature by feature, one feature's distribution, and drift over time.</summary>
public sealed partial class MonitorPage
{
    // What the heat map holds at most: 60 windows of 30 features.
    private const int MostWindows = 60;
    private const int MostFeatures = 30;

    [Parameter] public string Endpoint { get; set; } = "";

    [SupplyParameterFromQuery] private string? Window { get; set; }

    [SupplyParameterFromQuery] private string? Feature { get; set; }

    [Inject] private MonitoringService Monitoring { get; set; } = null!;

    /// <inheritdoc />
    protected override async Task<Shown> Load(CancellationToken ct)
    {
        var monitor = await Monitoring.Get(Principal, Endpoint, ct);
        var window = Window is { Length: > 0 } ? Window : monitor.Windows.Count > 0 ? monitor.Windows[0] : null;
        var reports = await Monitoring.Reports(Principal, Endpoint, window, limit: MostWindows, ct: ct);
        var open = await Monitoring.Incidents(Principal, Endpoint, "open", 20, ct);
        var report = reports.Count > 0 ? reports[0] : null;
        var all = report is null ? [] : report.Features.Concat(report.Score is { } score ? [score] : []).ToList();
        var feature = all.Find(f => f.Feature == Feature) ?? all.MaxBy(f => f.Psi);
        return new Shown(monitor, window, report, reports, feature, open);
    }

    private static List<string> Rows(Shown m) =>
        [.. m.Reports.SelectMany(r => r.Features).GroupBy(f => f.Feature, StringComparer.Ordinal).OrderByDescending(g => g.Max(f => f.Psi)).Take(MostFeatures).Select(g => g.Key)];

    private static object HeatMap(Shown m)
    {
        var features = Rows(m);
        var place = features.Select((name, i) => (name, i)).ToDictionary(x => x.name, x => x.i, StringComparer.Ordinal);
        var reports = m.Reports.Reverse().ToList();
        var cells = reports.SelectMany((report, x) => report.Features.Where(f => place.ContainsKey(f.Feature) && double.IsFinite(f.Psi)).Select(f => new[] { x, place[f.Feature], Math.Round(f.Psi, 4) }));
        return new { features, times = reports.Select(r => Figure.Time(r.End)), cells, warn = m.Monitor.Warn, alarm = m.Monitor.Alarm };
    }

    public sealed record Shown(MonitorInfo Monitor, string? Window, DriftReport? Report, IReadOnlyList<DriftReport> Reports, FeatureReport? Feature, IReadOnlyList<Incident> Open);
}
