using MudBlazor;

namespace Holdfast.Ui.Shell;

/// <summary>A door in the navigation. <paramref name="Begins"/> draws a rule above it.</summary>
internal sealed record Room(string Name, string Url, string Icon, bool Begins = false);

/// <summary>The navigation: making things, running things, watching things.</summary>
internal static class Rooms
{
    public static IReadOnlyList<Room> All { get; } =
    [
        new("Overview", Routes.Home(), Icons.Material.Outlined.SpaceDashboard),
        new("Runs", Routes.Runs(), Icons.Material.Outlined.ShowChart, Begins: true),
        new("Traces", Routes.Traces(), Icons.Material.Outlined.Timeline),
        new("Models", Routes.Models(), Icons.Material.Outlined.ViewInAr),
        new("Data", Routes.Data(), Icons.Material.Outlined.TableChart),
        new("Pipelines", Routes.Pipelines(), Icons.Material.Outlined.AccountTree),
        new("Endpoints", Routes.Endpoints(), Icons.Material.Outlined.SettingsInputComponent, Begins: true),
        new("Monitors", Routes.Monitors(), Icons.Material.Outlined.MonitorHeart),
        new("Incidents", Routes.Incidents(), Icons.Material.Outlined.ReportProblem),
        new("Journal", Routes.Journal(), Icons.Material.Outlined.History),
        new("Settings", Routes.Settings(), Icons.Material.Outlined.Tune, Begins: true),
    ];
}
