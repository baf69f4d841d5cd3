using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Holdfast.Client;
using Holdfast.Commands.Drift;
using Holdfast.Contracts;
using Holdfast.Storage.Tables;

namespace Holdfast.Commands;

/// <summary><c>holdfast predict ENDPOINT FILE</c>: a file of rows through an endpoint, with the same log and monitors as single requests.</summary>
internal static class PredictCommand
{
    private const int Piece = 1_000;

    public static Command Create()
    {
        var endpoint = new Argument<string>("endpoint") { Description = "The endpoint." };
        var file = new Argument<string>("file") { Description = "CSV, JSON lines or Parquet file with a column for each input." };
        var to = new Option<string?>("--out") { Description = "File for the answers: .csv, .jsonl or .parquet; default: CSV on stdout.", HelpName = "file" };
        var keep = new Option<string[]>("--keep") { Description = "Column of the input that stands beside the answers; may be given several times.", HelpName = "column" };
        var variant = new Option<string?>("--variant") { Description = "A version, or primary, candidate or fallback: it alone answers, outside of any rollout." };
        var resume = new Option<bool>("--resume") { Description = "Go on where an interrupted run with the same --out ended." };
        var command = new Command("predict", "Let an endpoint answer every row of a file. Exit code 2 when some rows had no answer; their error stands in the output.") { endpoint, file, to, keep, variant, resume };
        return command.WithServer((parsed, server, ct) =>
        {
            var name = parsed.GetRequiredValue(endpoint);
            // Before the output begins: a file that cannot be read leaves none behind.
            var total = TableReader.Size(parsed.GetRequiredValue(file)).Rows;
            using var answers = PredictOutput.Open(parsed.GetValue(to), parsed.GetValue(keep) ?? [], parsed.GetValue(resume));
            var began = Stopwatch.StartNew();
            var (done, failed) = Score(server.Client, name, parsed.GetRequiredValue(file), total, parsed.GetValue(variant), answers, ct);
            answers.Finish();
            if (parsed.GetValue(to) is { } written)
            {
                if (Output.IsJson(parsed))
                    Output.Json(new { endpoint = name, rows = done, failed, seconds = Math.Round(began.Elapsed.TotalSeconds, 3), @out = written });
                else
                    Output.Line(string.Create(CultureInfo.InvariantCulture, $"{done:N0} rows answered in {began.Elapsed.TotalSeconds:0.0} s{(failed > 0 ? $", {failed:N0} of them with an error" : "")}: {written}"));
            }

            return Task.FromResult(failed == 0 ? ExitCodes.Fine : ExitCodes.Finding);
        });
    }

    private static (long Rows, long Failed) Score(HoldfastClient client, string endpoint, string file, long total, string? variant, PredictOutput answers, CancellationToken ct)
    {
        var (seen, failed) = (0L, answers.FailedBefore);
        using var progress = new ProgressLine("of the rows", wanted: true);
        TableReader.ReadBatches(file, Piece, table =>
        {
            ct.ThrowIfCancellationRequested();
            // What an interrupted run has answered already is read past.
            var from = (int)Math.Clamp(answers.Before - seen, 0, table.Rows);
            if (from < table.Rows)
                failed += Ask(client, endpoint, variant, table, from, seen, answers, ct);
            seen += table.Rows;
            progress.Show((double)seen / Math.Max(1, total));
        });
        return (seen, failed);
    }

    private static long Ask(HoldfastClient client, string endpoint, string? variant, Table table, int from, long before, PredictOutput answers, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/endpoints/{Uri.EscapeDataString(endpoint)}/predict") { Content = new ByteArrayContent(Lines(table, from)) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-ndjson");
        if (variant is not null)
            request.Headers.Add("Holdfast-Variant", variant);
        // The reader of files hands its pieces over one after the other and uses their arrays again, so each is answered before the next.
        using var response = client.Transport.Http.Send(request, HttpCompletionOption.ResponseHeadersRead, ct);
        using var lines = new StreamReader(response.Content.ReadAsStream(ct));
        if (!response.IsSuccessStatusCode)
            throw Refused(lines.ReadToEnd(), (int)response.StatusCode);
        var (row, failed) = (from, 0L);
        while (lines.ReadLine() is { } line)
        {
            using var answer = JsonDocument.Parse(line);
            failed += answers.Write(before + row + 1, answer.RootElement, table, row) ? 0 : 1;
            row++;
        }

        answers.Flush();
        return row == table.Rows ? failed : throw new HoldfastException(ErrorCode.Unavailable, $"The server answered {row - from} of {table.Rows - from} rows and stopped.", "Run it again with --resume.");
    }

    private static HoldfastException Refused(string body, int status)
    {
        try
        {
            var problem = JsonSerializer.Deserialize<Problem>(body, HoldfastJson.Options);
            return new HoldfastException(ErrorCode.FailedPrecondition, problem?.Detail ?? $"The server answered {status}.", problem?.Hint);
        }
        catch (JsonException)
        {
            return new HoldfastException(ErrorCode.Unavailable, $"The server answered {status}.");
        }
    }

    private static byte[] Lines(Table table, int from)
    {
        using var bytes = new MemoryStream();
        using var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { SkipValidation = true });
        for (var row = from; row < table.Rows; row++)
        {
            json.Reset();
            json.WriteStartObject();
            foreach (var column in table.Columns)
            {
                if (column.IsMissing(row))
                    json.WriteNull(column.Name);
                else if (column.Kind is ColumnKind.Text or ColumnKind.Time)
                    json.WriteString(column.Name, column.Format(row));
                else if (column.Kind == ColumnKind.Boolean)
                    json.WriteBoolean(column.Name, column.Numbers[row] != 0);
                else if (double.IsFinite(column.Numbers[row]))
                    json.WriteNumber(column.Name, column.Numbers[row]);
                else
                    json.WriteString(column.Name, column.Numbers[row].ToString(CultureInfo.InvariantCulture));
            }

            json.WriteEndObject();
            json.Flush();
            bytes.WriteByte((byte)'\n');
        }

        return bytes.ToArray();
    }
}
