using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Monitoring;
using Holdfast.Response;
using Holdfast.Ui.Shell;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Response;

/// <summary>One incident: the evidence, what was done about it, and its timeline.</summary>
public sealed partial class IncidentPage
{
    [Parameter] public string Id { get; set; } = "";

    [Inject] private MonitoringService Monitoring { get; set; } = null!;

    [Inject] private ResponseService Response { get; set; } = null!;

    [Inject] private Journal Journal { get; set; } = null!;

    /// <inheritdoc />
    protected override async Task<Shown> Load(CancellationToken ct)
    {
        var incident = await Monitoring.IncidentGet(Principal, Id, ct);
        var actions = await Response.Actions(Principal, incident.Id, ct: ct);
        var events = await Journal.Read(Principal, new JournalQuery(Limit: 2000, NewestFirst: true), ct);
        var feature = incident.Report?.Features.FirstOrDefault(f => f.Feature == incident.Feature);
        return new Shown(incident, actions, feature, [.. events.Where(IsAbout)]);
    }

    private bool IsAbout(JournalEvent told) =>
        told.Detail.ValueKind == JsonValueKind.Object && told.Detail.TryGetProperty("incident_id", out var id) && id.ValueKind == JsonValueKind.String && id.GetString() == Id;

    private static string Heading(Incident incident) =>
        Capital(Figure.Words(incident.Kind)) + (incident.Cause.Length > 0 ? $" ({Figure.Words(incident.Cause)})" : "") + (incident.Feature is { } feature ? $" in {feature}" : "");

    private static string Capital(string words) => char.ToUpperInvariant(words[0]) + words[1..];

    public sealed record Shown(Incident Incident, IReadOnlyList<ActionInfo> Actions, FeatureReport? Feature, IReadOnlyList<JournalEvent> Events);
}
