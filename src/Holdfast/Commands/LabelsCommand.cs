using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Storage.Tables;

namespace Holdfast.Commands;

/// <summary><c>holdfast labels add ENDPOINT</c>: what turned out to be true, by prediction id or by key and time.</summary>
internal static class LabelsCommand
{
    private const int Batch = 1_000;

    public static Command Create()
    {
        var endpoint = new Argument<string>("endpoint") { Description = "The endpoint." };
        var file = new Argument<string?>("file") { Description = "CSV, JSON lines or Parquet file with the columns label and prediction_id, or label, key and time; at: when it became known.", Arity = ArgumentArity.ZeroOrOne };
        var named = new Option<string?>("--file") { Description = "The same file, by name.", HelpName = "file" };
        var id = new Option<string?>("--id") { Description = "Prediction id of a single label." };
        var key = new Option<string?>("--key") { Description = "Sticky key of a single label, instead of an id." };
        var time = new Option<string?>("--time") { Description = "With --key: the label belongs to the key's nearest prediction at or before this moment." };
        var value = new Option<string?>("--value") { Description = "Its true value." };
        var tolerance = new Option<string?>("--tolerance") { Description = "With keys: how far back the prediction may lie; default 1d." };
        var add = new Command("add", "Send labels. Exit code 2 when some name no known prediction; they are kept and joined if it comes.") { endpoint, file, named, id, key, time, value, tolerance };
        add.WithServer(async (parsed, server, ct) =>
        {
            var total = new LabelsAnswer(0, 0, []);
            var unknown = new List<string>();
            var (sent, told) = (0L, Stopwatch.GetTimestamp());
            foreach (var part in Read(parsed.GetValue(file) ?? parsed.GetValue(named), Single(parsed.GetValue(id), parsed.GetValue(key), parsed.GetValue(time), parsed.GetValue(value)), parsed.GetValue(tolerance)).Chunk(Batch))
            {
                var answer = await server.Api.Post<LabelsAnswer>(
                    $"/api/v1/endpoints/{Uri.EscapeDataString(parsed.GetRequiredValue(endpoint))}/labels", new LabelsRequest(part, Value: JsonSerializer.SerializeToElement<string?>(null)), ct);
                total = new LabelsAnswer(total.Accepted + answer.Accepted, total.Pending + answer.Pending, []) { Waiting = total.Waiting + answer.Waiting, Ambiguous = total.Ambiguous + answer.Ambiguous };
                unknown.AddRange(answer.Unknown);
                sent += part.Length;
                if (Stopwatch.GetElapsedTime(told) <= TimeSpan.FromSeconds(1))
                    continue;
                told = Stopwatch.GetTimestamp();
                await Console.Error.WriteLineAsync($"holdfast: {sent:N0} labels sent");
            }

            if (sent == 0)
                throw new HoldfastException(ErrorCode.InvalidArgument, "There are no labels to send.", "Name a file with rows, or give --value with --id, or with --key and --time.");
            if (Output.IsJson(parsed))
                Output.Json(total with { Unknown = unknown });
            else
                Output.Line($"{total.Accepted} joined, {total.Pending + total.Waiting} waiting for their prediction, {total.Ambiguous} ambiguous, {unknown.Count} unknown{(unknown.Count > 0 ? ": " + string.Join(", ", unknown.Take(5)) : "")}");
            return unknown.Count + total.Waiting + total.Ambiguous == 0 ? ExitCodes.Fine : ExitCodes.Finding;
        });
        return new Command("labels", "Labels: what turned out to be true of earlier predictions.") { add };
    }

    private static LabelBody? Single(string? id, string? key, string? time, string? value) =>
        value is null || (id is null && key is null) ? null : new LabelBody(id, JsonSerializer.SerializeToElement(value)) { Key = key, Time = time is null ? null : Moment(time, "--time") };

    private static List<LabelBody> Read(string? file, LabelBody? single, string? tolerance)
    {
        if (file is null)
            return single is null ? [] : [single with { Tolerance = single.Key is null ? null : tolerance }];
        var table = TableReader.Read(file);
        var (ids, keys, times, known) = (table.Find("prediction_id"), table.Find("key"), table.Find("time"), table.Find("at"));
        if (table.Find("label") is not { } values || (ids is null && (keys is null || times is null)))
            throw new HoldfastException(ErrorCode.InvalidArgument, $"{file} has the columns {string.Join(", ", table.Names)}.", "It needs label and prediction_id, or label, key and time.");
        return [.. Enumerable.Range(0, table.Rows).Where(r => !values.IsMissing(r)).Select(r =>
        {
            var byId = ids is not null && !ids.IsMissing(r);
            return new LabelBody(byId ? ids!.Format(r) : null, JsonSerializer.SerializeToElement(values.Format(r)), Moment(known, r))
            {
                Key = byId ? null : keys?.Format(r), Time = byId ? null : Moment(times, r), Tolerance = byId ? null : tolerance,
            };
        })];
    }

    private static DateTimeOffset? Moment(Column? column, int row) => column is null || column.IsMissing(row) ? null : Moment(column.Format(row), $"{column.Name} in row {row + 1}");

    private static DateTimeOffset Moment(string text, string what) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at)
            ? at
            : throw new HoldfastException(ErrorCode.InvalidArgument, $"{what} is '{text}', which is no time.", "Write RFC 3339, such as 2026-01-31T12:00:00Z.");
}
