using System.CommandLine;
using System.Globalization;
using Holdfast.Contracts;
using Holdfast.Storage.Tables;

namespace Holdfast.Commands.Drift;

/// <summary><c>holdfast drift REFERENCE CURRENT</c>: compares two files; needs no server.</summary>
internal static class DriftCommand
{
    public static Command Create()
    {
        var reference = new Argument<string>("reference") { Description = "CSV or Parquet file that shows how it should be." };
        var current = new Argument<string>("current") { Description = "CSV or Parquet file to compare with it." };
        var columns = new Option<string[]>("--columns") { Description = "Only these columns.", AllowMultipleArgumentsPerToken = true };
        var warn = new Option<double>("--warn") { Description = "PSI from which a feature is watched.", DefaultValueFactory = _ => 0.1 };
        var alarm = new Option<double>("--alarm") { Description = "PSI from which it is significant.", DefaultValueFactory = _ => 0.25 };
        var html = new Option<string?>("--html") { Description = "Also write a report for the browser to this file.", HelpName = "file" };
        var command = new Command(
            "drift",
            "Compare two files: PSI, Kolmogorov-Smirnov, Jensen-Shannon and chi-squared per feature, and what kind of change it is. "
            + "Exit code 0: no drift; 2: drift; 3: a data fault (a broken pipe, not a changed world); 4: not enough data.")
        {
            reference, current, columns, warn, alarm, html,
        };
        command.SetAction(async (parsed, ct) =>
        {
            var (from, to) = (parsed.GetRequiredValue(reference), parsed.GetRequiredValue(current));
            var only = parsed.GetValue(columns) is { Length: > 0 } names ? names.SelectMany(n => n.Split(',')).ToList() : null;
            if (parsed.GetValue(warn) is var w && parsed.GetValue(alarm) is var a && !(w > 0 && a >= w))
                throw new HoldfastException(ErrorCode.InvalidArgument, $"--warn {Output.Number(w)} and --alarm {Output.Number(a)} are not bands.", "Use 0 < warn <= alarm.");
            var before = TableReader.Read(from);
            if (only?.FirstOrDefault(n => before.Find(n) is null) is { } unknown)
                throw new HoldfastException(ErrorCode.InvalidArgument, $"{from} has no column '{unknown}'.", $"Columns: {string.Join(", ", before.Names)}");
            var report = FileDrift.Compare(Path.GetFileName(from), before, Path.GetFileName(to), TableReader.Read(to), w, a, only);
            if (Output.IsJson(parsed))
                Output.Json(report);
            else
                Show(report);
            if (parsed.GetValue(html) is { } file)
                await File.WriteAllTextAsync(file, DriftPage.Write(report), ct);
            return report.Verdict switch
            {
                "data_fault" => ExitCodes.DataFault,
                "insufficient_data" => ExitCodes.Undecided,
                "no_drift" => ExitCodes.Fine,
                _ => ExitCodes.Finding,
            };
        });
        return command;
    }

    private static void Show(FileDriftReport report)
    {
        Output.Table(
            report.Features, "No column of the two files can be compared.",
            ("feature", f => f.Feature),
            ("severity", f => f.Severity),
            ("PSI", f => Output.Number(f.Psi, "0.000")),
            ("95 %", f => $"{Output.Number(f.PsiLow, "0.000")} to {Output.Number(f.PsiHigh, "0.000")}"),
            ("KS", f => Output.Number(f.Ks, "0.000")),
            ("p (KS)", f => P(f.KsP)),
            ("JS", f => Output.Number(f.JensenShannon, "0.000")),
            ("p (chi²)", f => P(f.ChiSquaredP)),
            ("missing", f => Share(f.BaselineMissing, f.Missing)));
        Output.Line($"{report.Verdict}{(report.Cause is "none" or "not_enough_data" ? "" : $" ({report.Cause}{(report.Feature is null ? "" : $" of {report.Feature}")}{(report.ScaleFactor is { } k ? $", factor {Output.Number(k, "0.###")}" : "")})")}: {report.ReferenceRows} rows against {report.CurrentRows}");
        foreach (var sentence in report.Evidence)
            Output.Line("  " + sentence);
        foreach (var (column, why) in report.Skipped)
            Console.Error.WriteLine($"not compared: {column} ({why})");
    }

    private static string P(double? p) => p is null ? "" : p < 0.001 ? "<0.001" : p.Value.ToString("0.000", CultureInfo.InvariantCulture);

    private static string Share(double before, double now) => before == 0 && now == 0 ? "" : $"{before.ToString("P1", CultureInfo.InvariantCulture)} -> {now.ToString("P1", CultureInfo.InvariantCulture)}";
}
