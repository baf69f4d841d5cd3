using System.CommandLine;
using System.Globalization;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Tracking;

namespace Holdfast.Commands;

/// <summary><c>holdfast usage</c>.</summary>
internal static class UsageCommand
{
    public static Command Create()
    {
        var by = new Option<string>("--by") { Description = "experiment, team (tag `team`), project (tag `project`, else the experiment) or user.", DefaultValueFactory = _ => "experiment" };
        var last = new Option<string>("--last") { Description = "The time span until now: 24h, 30d.", DefaultValueFactory = _ => "30d" };
        var storage = new Option<bool>("--storage") { Description = "Also measure the files, which reads every folder." };
        var cpu = new Option<double?>("--cpu-hour") { Description = "Price of an hour of one processor." };
        var gpu = new Option<double?>("--gpu-hour") { Description = "Price of an hour of one GPU." };
        var gigabyte = new Option<double?>("--gb-month") { Description = "Price of a gigabyte for 30 days; needs --storage." };
        return new Command("usage", "What runs used: compute hours, storage, and with prices the cost.") { by, last, storage, cpu, gpu, gigabyte }.WithServer(async (parsed, server, ct) =>
        {
            var now = TimeProvider.System.GetUtcNow();
            var from = now - Term.Parse(parsed.GetValue(last), "--last");
            var path = $"/api/v1/usage?by={Uri.EscapeDataString(parsed.GetRequiredValue(by))}&from={Uri.EscapeDataString(from.ToString("O"))}&until={Uri.EscapeDataString(now.ToString("O"))}&storage={(parsed.GetValue(storage) ? "true" : "false")}"
                + Price("cpu_hour", parsed.GetValue(cpu)) + Price("gpu_hour", parsed.GetValue(gpu)) + Price("gb_month", parsed.GetValue(gigabyte));
            var rows = (await server.Api.Get<PageOf<UsageRow>>(path, ct)).Items;
            if (Output.IsJson(parsed))
                Output.Json(rows);
            else
                Output.Table(rows.ToList(), "No runs in this span.", (parsed.GetRequiredValue(by), r => r.Group), ("runs", r => Output.Number(r.Runs)), ("hours", r => Output.Number(r.ComputeHours, "0.00")), ("cpu hours", r => Output.Number(r.CpuHours, "0.00")), ("gpu hours", r => Output.Number(r.GpuHours, "0.00")), ("storage MB", r => Output.Number(r.StorageBytes / 1e6, "0.0")), ("cost", r => Output.Number(r.Cost, "0.00")));
            return ExitCodes.Fine;
        });
    }

    private static string Price(string name, double? value) => value is { } price ? $"&{name}={price.ToString(CultureInfo.InvariantCulture)}" : "";
}
