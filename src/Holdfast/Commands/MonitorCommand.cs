using System.CommandLine;
using Holdfast.Contracts;

namespace Holdfast.Commands;

/// <summary><c>holdfast monitor show</c>: what the monitors see. Exit code 2 or 3 when an incident is open.</summary>
internal static class MonitorCommand
{
    public static Command Create()
    {
        var endpoint = new Argument<string?>("endpoint") { Description = "Show this endpoint's newest report and its incidents.", Arity = ArgumentArity.ZeroOrOne };
        var show = new Command("show", "Show all monitors, or one with its newest report and incidents. Exit code 2 while a drift incident is open, 3 while a data fault is.") { endpoint };
        show.WithServer(async (parsed, server, ct) =>
        {
            if (parsed.GetValue(endpoint) is { } name)
                return await One(parsed, server, name, ct);
            var monitors = (await server.Api.Get<PageOf<MonitorInfo>>("/api/v1/monitors", ct)).Items;
            var open = (await server.Api.Get<PageOf<Incident>>("/api/v1/incidents?status=open", ct)).Items;
            if (Output.IsJson(parsed))
                Output.Json(monitors);
            else
                Output.Table(monitors, "No monitors. Declare them in holdfast.yaml and run: holdfast apply", ("endpoint", m => m.Endpoint), ("severity", m => m.Severity), ("open incidents", m => Output.Number(m.OpenIncidents)), ("every", m => m.Every), ("windows", m => string.Join(", ", m.Windows)), ("baseline", m => m.BaselineInUse ?? m.Baseline), ("last window", m => Output.Time(m.LastWindowEnd)));
            return Code(open);
        });
        return new Command("monitor", "Monitors: drift, data faults and performance of live endpoints.") { show };
    }

    private static async Task<int> One(ParseResult parsed, ServerConnection server, string name, CancellationToken ct)
    {
        var escaped = Uri.EscapeDataString(name);
        var monitor = await server.Api.Get<MonitorInfo>($"/api/v1/monitors/{escaped}", ct);
        var report = (await server.Api.Get<PageOf<DriftReport>>($"/api/v1/monitors/{escaped}/reports?limit=1", ct)).Items is [var newest, ..] ? newest : null;
        var incidents = (await server.Api.Get<PageOf<Incident>>($"/api/v1/incidents?endpoint={escaped}", ct)).Items;
        if (Output.IsJson(parsed))
        {
            Output.Json(new { monitor, report, incidents });
            return Code(incidents.Where(i => i.Status == "open"));
        }

        Output.Line($"{monitor.Endpoint}: {monitor.Severity}, every {monitor.Every}, against {monitor.BaselineInUse ?? "no baseline yet"}");
        if (report is not null)
        {
            Output.Line($"{report.Window} to {Output.Time(report.End)}: {report.Verdict}{(report.Cause.Length > 0 && report.Cause != "none" ? $" ({report.Cause}{(report.Feature is null ? "" : $" of {report.Feature}")})" : "")}, {report.Rows} rows");
            Output.Table(
                report.Features.Concat(report.Score is { } score ? [score] : []).ToList(), "No features.", ("feature", f => f.Feature), ("severity", f => f.Severity), ("PSI", f => Output.Number(f.Psi, "0.000")),
                ("95 %", f => $"{Output.Number(f.PsiLow, "0.000")} to {Output.Number(f.PsiHigh, "0.000")}"), ("KS", f => Output.Number(f.Ks, "0.000")), ("JS", f => Output.Number(f.JensenShannon, "0.000")), ("missing", f => Output.Number(f.Missing, "0.0%")));
        }

        Output.Table(incidents, "No incidents.", ("incident", i => i.Id), ("status", i => i.Status), ("kind", i => i.Kind), ("cause", i => i.Cause), ("feature", i => i.Feature), ("since", i => Output.Time(i.StartsAt)), ("resolved", i => Output.Time(i.ResolvedAt)), ("resolution", i => i.Resolution));
        return Code(incidents.Where(i => i.Status == "open"));
    }

    private static int Code(IEnumerable<Incident> open)
    {
        var kinds = open.Select(i => i.Kind).ToList();
        return kinds.Contains("data_fault") ? ExitCodes.DataFault : kinds.Count > 0 ? ExitCodes.Finding : ExitCodes.Fine;
    }
}
