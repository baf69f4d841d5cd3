using System.CommandLine;
using Holdfast.Kernel;
using Holdfast.Tracking;

namespace Holdfast.Commands;

/// <summary><c>holdfast gc</c>.</summary>
internal static class GarbageCommand
{
    public static Command Create()
    {
        var older = new Option<string>("--older-than") { Description = "Only what was deleted so long ago: 12h, 30d; 0s takes all that is deleted.", DefaultValueFactory = _ => "30d" };
        older.Validators.Add(found =>
        {
            if (!Term.TryParse(found.GetValueOrDefault<string>(), out _))
                found.AddError($"--older-than is '{found.GetValueOrDefault<string>()}': write a number and a unit, as 12h or 30d.");
        });
        var dry = new Option<bool>("--dry-run") { Description = "Only say what would go." };
        return new Command("gc", "Remove deleted experiments, runs and logged models for good, with their metrics and files. Files that a model version needs stay.") { older, dry }.WithServer(async (parsed, server, ct) =>
        {
            var report = await server.Api.Post<GarbageReport>("/api/v1/gc", new GarbageRequest(parsed.GetRequiredValue(older), parsed.GetValue(dry)), ct);
            if (Output.IsJson(parsed))
            {
                Output.Json(report);
                return ExitCodes.Fine;
            }

            Output.Line($"{(parsed.GetValue(dry) ? "would remove" : "removed")}: {report.Experiments} experiments, {report.Runs} runs, {report.LoggedModels} logged models, {report.Files} files ({report.Bytes / 1e6:0.0} MB)");
            foreach (var kept in report.Kept)
                Output.Line($"kept: {kept.What}: {kept.Why}");
            return ExitCodes.Fine;
        });
    }
}
