using Spectre.Console;

namespace Holdfast.Demo;

/// <summary><c>holdfast demo</c>: the whole loop on generated traffic.</summary>
internal static class DemoStory
{
    /// <summary>Plays the scenarios against a running server.</summary>
    public static async Task<DemoSummary> Play(HttpClient http, DemoOptions options, string folder, IReadOnlyList<string> scenarios, DemoScreen screen, CancellationToken ct)
    {
        var api = new PlatformApi(http);
        var run = 1;
        while (Directory.Exists(Path.Combine(folder, Name(run))))
            run++;
        var context = new DemoContext(api, http, screen, options, Path.Combine(folder, Name(run)), run == 1 ? "" : $"-{run}");
        Directory.CreateDirectory(context.Folder);
        var summaries = new List<ScenarioSummary>();
        foreach (var scenario in new Scenario[] { new CreditScenario(context), new FraudScenario(context) }.Where(s => scenarios.Contains(s.Name)))
            summaries.Add(await scenario.Play(ct));
        return new DemoSummary(options.Seed, summaries);
    }

    /// <summary>The figures of all scenarios as a table.</summary>
    public static Table Figures(DemoSummary summary)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumn("scenario").AddColumn("ended").AddColumn(new TableColumn("requests").RightAligned())
            .AddColumn(new TableColumn("lost").RightAligned()).AddColumn(new TableColumn("PSI").RightAligned()).AddColumn(new TableColumn("factor").RightAligned())
            .AddColumn(new TableColumn("accuracy").RightAligned()).AddColumn(new TableColumn("time").RightAligned());
        foreach (var s in summary.Scenarios)
        {
            var f = s.Figures;
            table.AddRow(
                s.Name,
                s.Ended ? "[green]as told[/]" : $"[red]without {Markup.Escape(s.Missing ?? "")}[/]",
                Number(f.Requests, "N0"), Number(f.RequestsLost, "N0"), Number(f.Psi, "0.00"), Number(f.ScaleFactor, "0.00"),
                $"{Number(100 * f.AccuracyBefore, "0.0")} -> {Number(f.AccuracyAfter, "0.0 %")}", Number(f.Seconds, "0' s'"));
        }

        return table;
    }

    private static string Name(int run) => $"run-{run}";

    private static string Number(double? value, string format) => value?.ToString(format, System.Globalization.CultureInfo.InvariantCulture) ?? "–";
}
