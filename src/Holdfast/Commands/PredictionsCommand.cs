using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Predictions;

namespace Holdfast.Commands;

/// <summary><c>holdfast predictions query|list|log|compact|delete</c>: what endpoints answered.</summary>
internal static class PredictionsCommand
{
    private static Option<string> Endpoint() => new("--endpoint", "-e") { Description = "The endpoint.", Required = true, HelpName = "name" };

    private static Option<string?> From() => new("--from") { Description = "Event time from here on (RFC 3339).", HelpName = "time" };

    private static Option<string?> Until() => new("--until") { Description = "Event time before this (RFC 3339).", HelpName = "time" };

    public static Command Create() => new("predictions", "The log of what endpoints answered: SQL over it, its state, deletion.") { Query(), List(), Log(), Compact(), Delete() };

    private static Command Query()
    {
        var sql = new Argument<string>("sql") { Description = "One SELECT over the views predictions, labels and log; - reads it from stdin." };
        var (endpoint, from, until) = (Endpoint(), From(), Until());
        var limit = new Option<int>("--limit") { Description = "Rows of the result, 1 to 1,000,000.", DefaultValueFactory = _ => LogQuestion.DefaultLimit };
        var to = new Option<string?>("--to") { Description = "Write the result to this file instead of stdout.", HelpName = "file" };
        var command = new Command("query", "Ask the log in SQL (DuckDB): Parquet of past hours and recent lines together. features.NAME is a feature, label the newest label.") { sql, endpoint, from, until, limit, to };
        return command.WithServer(async (parsed, server, ct) =>
        {
            var format = Output.Format(parsed);
            var text = parsed.GetRequiredValue(sql) == "-" ? await Console.In.ReadToEndAsync(ct) : parsed.GetRequiredValue(sql);
            var wire = format switch { OutputFormat.Csv => "csv", OutputFormat.Parquet => "parquet", _ => "json" };
            if (format == OutputFormat.Parquet && parsed.GetValue(to) is null && !Console.IsOutputRedirected)
                throw new HoldfastException(ErrorCode.InvalidArgument, "Parquet is not for a terminal.", "Name a file: --to result.parquet.");
            var question = new PredictionQuestion(text, wire, parsed.GetValue(limit), Time(parsed.GetValue(from), "--from"), Time(parsed.GetValue(until), "--until"));
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/endpoints/{Uri.EscapeDataString(parsed.GetRequiredValue(endpoint))}/query") { Content = JsonContent.Create(question, options: HoldfastJson.Options) };
            using var answer = await server.Api.Open(request, ct);
            await using (var content = await answer.Content.ReadAsStreamAsync(ct))
                await Write(content, format, parsed.GetValue(to), ct);
            if (answer.Headers.TryGetValues("X-Holdfast-Truncated", out var truncated) && truncated.First() == "true")
                await Console.Error.WriteLineAsync($"holdfast: only the first {parsed.GetValue(limit):N0} rows; --limit takes more.");
            return ExitCodes.Fine;
        });
    }

    private static async Task Write(Stream content, OutputFormat format, string? file, CancellationToken ct)
    {
        if (file is not null)
        {
            await using var target = File.Create(file);
            if (format is OutputFormat.Text or OutputFormat.Table)
            {
                await using var writer = new StreamWriter(target);
                await writer.WriteAsync(await Lines(content, ct));
            }
            else
            {
                await content.CopyToAsync(target, ct);
            }

            return;
        }

        if (format is OutputFormat.Text or OutputFormat.Table)
        {
            await Show(content, ct);
            return;
        }

        if (format == OutputFormat.Parquet)
        {
            await using var stdout = Console.OpenStandardOutput();
            await content.CopyToAsync(stdout, ct);
            return;
        }

        using var reader = new StreamReader(content);
        var buffer = new char[1 << 14];
        for (int read; (read = await reader.ReadAsync(buffer, ct)) > 0;)
            await Console.Out.WriteAsync(buffer.AsMemory(0, read), ct);
    }

    private static async Task<List<(string Name, string Value)[]>> Rows(Stream content, CancellationToken ct)
    {
        using var document = await JsonDocument.ParseAsync(content, cancellationToken: ct);
        return [.. document.RootElement.EnumerateArray().Select(row => row.EnumerateObject().Select(p => (p.Name, Text(p.Value))).ToArray())];
    }

    private static async Task Show(Stream content, CancellationToken ct)
    {
        var rows = await Rows(content, ct);
        Output.Table(rows, "No rows.", rows.Count == 0 ? [] : [.. rows[0].Select((cell, i) => (cell.Name, (Func<(string Name, string Value)[], string?>)(row => row[i].Value)))]);
    }

    private static async Task<string> Lines(Stream content, CancellationToken ct)
    {
        var rows = await Rows(content, ct);
        return rows.Count == 0 ? "" : string.Join('\t', rows[0].Select(c => c.Name)) + "\n" + string.Concat(rows.Select(r => string.Join('\t', r.Select(c => c.Value)) + "\n"));
    }

    private static string Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => "",
        JsonValueKind.String => value.GetString()!,
        _ => value.GetRawText(),
    };

    private static Command List()
    {
        var (endpoint, from, until) = (Endpoint(), From(), Until());
        var role = new Option<string?>("--role") { Description = "Those answered by primary, candidate or fallback." };
        var label = new Option<string?>("--label") { Description = "Those with this label." };
        var key = new Option<string?>("--key") { Description = "Those of this sticky key." };
        var where = new Option<string?>("--where") { Description = "A condition on features and score, such as \"income > 50000 and score < 0.2\"." };
        var failed = new Option<bool>("--failed") { Description = "Those in which something went wrong." };
        var limit = new Option<int>("--limit") { Description = "At most so many.", DefaultValueFactory = _ => 20 };
        return new Command("list", "Show predictions, newest first.") { endpoint, from, until, role, label, key, where, failed, limit }.WithServer(async (parsed, server, ct) =>
        {
            (string Name, string? Value)[] query =
            [
                ("from", parsed.GetValue(from)), ("until", parsed.GetValue(until)), ("role", parsed.GetValue(role)), ("label", parsed.GetValue(label)), ("key", parsed.GetValue(key)),
                ("where", parsed.GetValue(where)), ("failed", parsed.GetValue(failed) ? "true" : null), ("limit", parsed.GetValue(limit).ToString(CultureInfo.InvariantCulture)), ("order", "newest"),
            ];
            var path = $"{Path(parsed.GetRequiredValue(endpoint))}/predictions?{string.Join('&', query.Where(q => q.Value is not null).Select(q => $"{q.Name}={Uri.EscapeDataString(q.Value!)}"))}";
            var page = await server.Api.Get<Page<PredictionInfo>>(path, ct);
            if (Output.IsJson(parsed))
                Output.Json(page);
            else
                Output.Table(page.Items, "No predictions.", ("id", p => p.Id), ("at", p => Output.Time(p.At)), ("role", p => p.Role), ("model", p => $"{p.Model}/{p.ModelVersion}"), ("score", p => Output.Number(p.Score)), ("prediction", p => p.Prediction), ("label", p => p.Label), ("error", p => p.Error));
            return ExitCodes.Fine;
        });
    }

    private static Command Log()
    {
        var endpoint = Endpoint();
        return new Command("log", "Show how complete the log is: rows asked for, answered, logged and dropped, labels, Parquet, events sent.") { endpoint }.WithServer(async (parsed, server, ct) =>
        {
            var log = await server.Api.Get<LogCompleteness>(Path(parsed.GetRequiredValue(endpoint)) + "/log", ct);
            if (Output.IsJson(parsed))
            {
                Output.Json(log);
                return ExitCodes.Fine;
            }

            Output.Line($"since the server started: {log.Requests:N0} rows asked for, {log.Answered:N0} answered, {log.Logged:N0} logged, {log.Dropped:N0} dropped");
            Output.Line($"in all: {log.TotalLogged:N0} predictions, {log.TotalLabels:N0} labels joined; waiting for their prediction: {log.PendingLabels:N0} by id, {log.WaitingLabels:N0} by key; ambiguous: {log.AmbiguousLabels:N0}");
            Output.Line($"on disk: {log.SegmentBytes / 1e6:0.0} MB of recent lines, {log.Parts:N0} Parquet files with {log.PartBytes / 1e6:0.0} MB");
            if (log.Events is { } events)
                Output.Line($"events: {events.Sent:N0} sent, {events.Failed:N0} failed, {events.Dropped:N0} dropped{(events.LastError is { } why ? $"; last: {why}" : "")}");
            Output.Line($"watermark: {(log.Watermark is { } mark ? Output.Time(mark) : "none yet")}");
            return ExitCodes.Fine;
        });
    }

    private static Command Compact()
    {
        var endpoint = Endpoint();
        return new Command("compact", "Move what is written so far into Parquet, without waiting for the hour.") { endpoint }.WithServer(async (parsed, server, ct) =>
        {
            var answer = await server.Api.Post<CompactAnswer>(Path(parsed.GetRequiredValue(endpoint)) + "/log/compact", null, ct);
            if (Output.IsJson(parsed))
                Output.Json(answer);
            else
                Output.Line($"{answer.Segments} segments moved to Parquet");
            return ExitCodes.Fine;
        });
    }

    private static Command Delete()
    {
        var endpoint = Endpoint();
        var key = new Option<string>("--key") { Description = "The sticky key (entity) whose predictions and labels shall go.", Required = true };
        return new Command("delete", "Delete what is known of one entity: predictions and labels, in recent lines, Parquet and database. Needs an admin.") { endpoint, key }.WithServer(async (parsed, server, ct) =>
        {
            var report = await server.Api.Post<DeletionReport>(Path(parsed.GetRequiredValue(endpoint)) + "/predictions/delete", new DeletePredictions(parsed.GetRequiredValue(key)), ct);
            if (Output.IsJson(parsed))
                Output.Json(report);
            else
                Output.Line($"deleted: {report.Predictions:N0} predictions, {report.Labels:N0} labels (request {report.Id})");
            return ExitCodes.Fine;
        });
    }

    private static string Path(string endpoint) => $"/api/v1/endpoints/{Uri.EscapeDataString(endpoint)}";

    private static DateTimeOffset? Time(string? text, string option) => text is null ? null
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at) ? at
        : throw new HoldfastException(ErrorCode.InvalidArgument, $"{option} is '{text}', which is no time.", "Write RFC 3339, such as 2026-01-31T12:00:00Z.");
}
