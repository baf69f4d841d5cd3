using System.CommandLine;
using Holdfast.Contracts;
using Holdfast.Storage.Tables;

namespace Holdfast.Commands;

/// <summary><c>holdfast labels add ENDPOINT</c>: what turned out to be true, by prediction id.</summary>
internal static class LabelsCommand
{
    private const int Batch = 1_000;

    public static Command Create()
    {
        var endpoint = new Argument<string>("endpoint") { Description = "The endpoint." };
        var file = new Argument<string?>("file") { Description = "CSV or Parquet file with the columns prediction_id and label.", Arity = ArgumentArity.ZeroOrOne };
        var id = new Option<string?>("--id") { Description = "Prediction id of a single label." };
        var value = new Option<string?>("--value") { Description = "Its true value." };
        var add = new Command("add", "Send labels. Exit code 2 when some name no known prediction; they are kept and joined if it comes.") { endpoint, file, id, value };
        add.WithServer(async (parsed, server, ct) =>
        {
            var labels = Read(parsed.GetValue(file), parsed.GetValue(id), parsed.GetValue(value));
            var (accepted, pending) = (0, 0);
            var unknown = new List<string>();
            foreach (var part in labels.Chunk(Batch))
            {
                var answer = await server.Client.Endpoints.AddLabels(parsed.GetRequiredValue(endpoint), part, ct);
                accepted += answer.Accepted;
                pending += answer.Pending;
                unknown.AddRange(answer.Unknown);
            }

            if (Output.IsJson(parsed))
                Output.Json(new LabelsAnswer(accepted, pending, unknown));
            else
                Output.Line($"{accepted} joined, {pending} waiting for their prediction, {unknown.Count} unknown{(unknown.Count > 0 ? ": " + string.Join(", ", unknown.Take(5)) : "")}");
            return unknown.Count == 0 ? ExitCodes.Fine : ExitCodes.Finding;
        });
        return new Command("labels", "Labels: what turned out to be true of earlier predictions.") { add };
    }

    private static List<(string PredictionId, string Value)> Read(string? file, string? id, string? value)
    {
        if (file is null)
        {
            return id is not null && value is not null
                ? [(id, value)]
                : throw new HoldfastException(ErrorCode.InvalidArgument, "There are no labels to send.", "Name a file, or give --id and --value.");
        }

        var table = TableReader.Read(file);
        if (table.Find("prediction_id") is not { } ids || table.Find("label") is not { } values)
            throw new HoldfastException(ErrorCode.InvalidArgument, $"{file} has the columns {string.Join(", ", table.Names)}.", "It needs prediction_id and label.");
        return [.. Enumerable.Range(0, table.Rows).Where(r => !values.IsMissing(r)).Select(r => (ids.Format(r), values.Format(r)))];
    }
}
