using System.CommandLine;
using System.Globalization;
using System.Text;
using Holdfast.Contracts;
using Holdfast.Kernel;

namespace Holdfast.Commands.Drift;

/// <summary><c>holdfast drift REFERENCE CURRENT</c>: compares two files; needs no server.</summary>
internal static class DriftCommand
{
    public static Command Create()
    {
        var reference = new Argument<string>("reference") { Description = "CSV, JSON lines (both also gzipped) or Parquet file that shows how it should be; - reads stdin." };
        var current = new Argument<string>("current") { Description = "File to compare with it; - reads stdin." };
        var columns = new Option<string[]>("--columns") { Description = "Only these columns, separated by commas.", AllowMultipleArgumentsPerToken = true, HelpName = "a,b" };
        var target = new Option<string?>("--target") { Description = "Column of the labels: with --prediction the quality of both files is compared, which tells concept drift.", HelpName = "column" };
        var prediction = new Option<string?>("--prediction") { Description = "Column of the model's output (class, probability or number), judged apart from the features.", HelpName = "column" };
        var time = new Option<string?>("--time") { Description = "Column of the times (ISO 8601), for --window.", HelpName = "column" };
        var window = new Option<string?>("--window") { Description = "Also compare each window of the current file, of this length (1h, 1d, 7d), with the whole reference.", HelpName = "term" };
        var warn = new Option<double>("--warn") { Description = "PSI from which a column is watched (moderate).", DefaultValueFactory = _ => 0.1 };
        var alarm = new Option<double>("--alarm") { Description = "PSI from which it is significant.", DefaultValueFactory = _ => 0.25 };
        var tolerate = new Option<double>("--tolerate") { Description = "PSI that is tolerated: drift is only what lies above it with its whole interval.", DefaultValueFactory = _ => 0.1 };
        var alpha = new Option<double>("--alpha") { Description = "Chance that any of the intervals misses, all columns together.", DefaultValueFactory = _ => 0.05 };
        var memory = new Option<string>("--memory") { Description = "Memory for both files; what does not fit is spilled to disk and compared column by column, with the same figures.", DefaultValueFactory = _ => "1GiB", HelpName = "size" };
        var approximate = new Option<bool>("--approximate") { Description = "One pass over each file into sketches, in memory that does not grow with the rows: every figure has an error bound, and where it could change the answer the answer is insufficient_data." };
        var html = new Option<string?>("--html") { Description = "Also write a report for the browser to this file: one page, no script.", HelpName = "file" };
        var command = new Command(
            "drift",
            "Compare two files: PSI, Kolmogorov-Smirnov, Wasserstein, Jensen-Shannon, Hellinger and chi-squared per column, and what kind of change it is. "
            + "--output text, json, markdown or junit. Exit code 0: no drift; 2: drift; 3: a data fault (a broken pipe, not a changed world); 4: not enough data.")
        {
            reference, current, columns, target, prediction, time, window, warn, alarm, tolerate, alpha, memory, approximate, html,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(reference) == "-" && result.GetValue(current) == "-")
                result.AddError("Only one of the two files can be stdin.");
        });
        command.SetAction((parsed, ct) => Run(parsed, parsed.GetRequiredValue(reference), parsed.GetRequiredValue(current), parsed.GetValue(html), new DriftSettings
        {
            Warn = parsed.GetValue(warn),
            Alarm = parsed.GetValue(alarm),
            Tolerate = parsed.GetValue(tolerate),
            Alpha = parsed.GetValue(alpha),
            Columns = parsed.GetValue(columns) is { Length: > 0 } names ? [.. names.SelectMany(n => n.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))] : null,
            Target = parsed.GetValue(target),
            Prediction = parsed.GetValue(prediction),
            Time = parsed.GetValue(time),
            Window = parsed.GetValue(window) is { } term && Term.TryParse(term, out var length) ? length : null,
            Approximate = parsed.GetValue(approximate),
            Memory = ByteSize.TryParse(parsed.GetValue(memory), out var bytes) ? bytes : 0,
        }, Problems(parsed.GetValue(window), parsed.GetValue(memory)), ct));
        return command;
    }

    private static IEnumerable<string> Problems(string? window, string? memory)
    {
        if (window is not null && (!Term.TryParse(window, out var length) || length < TimeSpan.FromSeconds(1)))
            yield return $"--window {window} is not a length of time, such as 1h, 1d or 7d.";
        if (!ByteSize.TryParse(memory, out var bytes) || bytes < 1 << 20)
            yield return $"--memory {memory} is not a size of at least 1MiB, such as 512MiB or 2GiB.";
    }

    private static IEnumerable<string> Problems(DriftSettings settings)
    {
        if (!(settings.Warn > 0 && settings.Alarm >= settings.Warn))
            yield return $"--warn {Output.Number(settings.Warn)} and --alarm {Output.Number(settings.Alarm)} are not bands: use 0 < warn <= alarm.";
        if (!(settings.Tolerate >= 0 && settings.Tolerate <= settings.Alarm))
            yield return $"--tolerate {Output.Number(settings.Tolerate)} must lie between 0 and --alarm.";
        if (settings.Approximate && settings.Window is not null)
            yield return "--window needs the rows themselves, which --approximate does not keep: leave one of them out.";
        if (!(settings.Alpha > 0 && settings.Alpha < 1))
            yield return $"--alpha {Output.Number(settings.Alpha)} must lie between 0 and 1.";
    }

    private static async Task<int> Run(ParseResult parsed, string from, string to, string? html, DriftSettings settings, IEnumerable<string> problems, CancellationToken ct)
    {
        var wrong = problems.Concat(Problems(settings)).ToList();
        wrong.ForEach(p => Console.Error.WriteLine("error: " + p));
        if (wrong.Count > 0)
            return ExitCodes.Usage;
        using var files = await DriftFiles.Read(from, to, settings, ct);
        if (Unknown(files, ref settings) is { } fault)
        {
            await Cli.Explain(fault);
            return ExitCodes.Usage;
        }

        DriftFindings findings;
        using (var progress = new ProgressLine("comparing", files.IsLong))
            findings = DriftComparison.Compare(files.Reference, files.Current, settings, progress.Show);
        if (html is not null)
            await File.WriteAllTextAsync(html, DriftPage.Write(findings), new UTF8Encoding(false), ct);
        Show(parsed, findings);
        return findings.Diagnosis.Status switch
        {
            "data_fault" => ExitCodes.DataFault,
            "insufficient_data" => ExitCodes.Undecided,
            "no_drift" => ExitCodes.Fine,
            _ => ExitCodes.Finding,
        };
    }

    // Names that the files do not have are wrong usage; a time column need not be named where there is only one.
    private static HoldfastException? Unknown(DriftFiles files, ref DriftSettings settings)
    {
        foreach (var name in (settings.Columns ?? []).Concat(new[] { settings.Target, settings.Prediction }.OfType<string>()))
        {
            if (files.Reference.Find(name) is null)
                return new HoldfastException(ErrorCode.InvalidArgument, $"{files.Reference.Name} has no column '{name}'.", $"Columns: {string.Join(", ", files.Reference.Columns.Select(c => c.Name).Take(40))}");
        }

        foreach (var name in new[] { settings.Target, settings.Prediction, settings.Time }.OfType<string>())
        {
            if (files.Current.Find(name) is null)
                return new HoldfastException(ErrorCode.InvalidArgument, $"{files.Current.Name} has no column '{name}'.", $"Columns: {string.Join(", ", files.Current.Columns.Select(c => c.Name).Take(40))}");
        }

        if (settings.Window is null || settings.Time is not null)
            return null;
        var times = files.Current.Columns.Where(c => c.Kind == Storage.Tables.ColumnKind.Time).Select(c => c.Name).ToList();
        if (times.Count != 1)
            return new HoldfastException(ErrorCode.InvalidArgument, $"--window needs the column of the times; {files.Current.Name} has {(times.Count == 0 ? "none" : string.Join(", ", times))}.", "Name it: --time COLUMN.");
        settings = settings with { Time = times[0] };
        return null;
    }

    private static void Show(ParseResult parsed, DriftFindings findings)
    {
        switch (Output.Format(parsed))
        {
            case OutputFormat.Json:
                Output.Line(DriftDocument.Of(findings).ToJson());
                return;
            case OutputFormat.Markdown:
                Console.Out.Write(DriftMarkdown.Write(findings));
                return;
            case OutputFormat.Junit:
                Console.Out.Write(DriftJUnit.Write(findings));
                return;
        }

        new DriftText(Console.Out, Output.Width(), Output.Colours).Write(findings);
        foreach (var (column, why) in findings.Skipped.Take(20))
            Console.Error.WriteLine($"not compared: {column} ({why})");
        if (findings.Skipped.Count > 20)
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"not compared: {findings.Skipped.Count - 20} columns more"));
    }
}
