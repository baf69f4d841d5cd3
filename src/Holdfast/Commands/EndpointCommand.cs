using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Kernel;

namespace Holdfast.Commands;

/// <summary><c>holdfast endpoint list|show|explain|logs</c>.</summary>
internal static class EndpointCommand
{
    public static Command Create() => new("endpoint", "Endpoints: what serves them, why they answer as they do, and what their processes print.") { List(), Show(), Explain(), Logs() };

    private static Command List() => new Command("list", "List the endpoints.").WithServer(async (parsed, server, ct) =>
    {
        var all = (await server.Api.Get<Page<EndpointInfo>>("/api/v1/endpoints", ct)).Items;
        if (Output.IsJson(parsed))
            Output.Json(all);
        else
            Output.Table(all.ToList(), "No endpoints. Declare one in holdfast.yaml and run holdfast apply.", ("endpoint", e => e.Name), ("primary", e => e.Plan.Primary ?? (e.HasFallback ? "rules" : "-")), ("candidate", e => e.Plan.Candidate), ("mode", e => e.Plan.Mode), ("engine", e => e.Variants.Count > 0 ? e.Variants[0].Engine : ""), ("updated", e => Output.Time(e.UpdatedAt)));
        return ExitCodes.Fine;
    });

    private static Command Show()
    {
        var name = new Argument<string>("endpoint") { Description = "Name of the endpoint." };
        return new Command("show", "Show what an endpoint serves and what runs it.") { name }.WithServer(async (parsed, server, ct) =>
        {
            var endpoint = await server.Api.Get<EndpointInfo>($"/api/v1/endpoints/{Uri.EscapeDataString(parsed.GetRequiredValue(name))}", ct);
            if (Output.IsJson(parsed))
            {
                Output.Json(endpoint);
                return ExitCodes.Fine;
            }

            Output.Table(endpoint.Variants.ToList(), $"{endpoint.Name} has nothing loaded.", ("role", v => v.Role), ("variant", v => v.Variant), ("backend", v => v.Backend), ("engine", v => v.Engine), ("explains", v => v.Explains ? "yes" : "no"));
            foreach (var variant in endpoint.Variants.Where(v => v.Note is not null))
                Output.Line($"{variant.Variant}: {variant.Note}");
            foreach (var (variant, fault) in endpoint.Faults)
                Output.Line($"{variant} is not served: {fault}");
            return ExitCodes.Fine;
        });
    }

    private static Command Explain()
    {
        var name = new Argument<string>("endpoint") { Description = "Name of the endpoint." };
        var features = new Argument<string>("features") { Description = "The features as a JSON object, or a list of them; - reads it from stdin." };
        var top = new Option<int>("--top") { Description = "How many features a prediction; 0 = all that contribute.", DefaultValueFactory = _ => 5 };
        var version = new Option<int?>("--model-version") { Description = "Ask this version of the model." };
        return new Command("explain", "Ask for a prediction and the features that made it, the strongest first. It is logged like any other.") { name, features, top, version }.WithServer(async (parsed, server, ct) =>
        {
            var text = parsed.GetRequiredValue(features);
            var rows = Rows(text == "-" ? await Console.In.ReadToEndAsync(ct) : text);
            var answer = await server.Api.Post<ExplainAnswer>(
                $"/api/v1/endpoints/{Uri.EscapeDataString(parsed.GetRequiredValue(name))}/explain", new ExplainRequest(rows, parsed.GetValue(version), parsed.GetValue(top)), ct);
            if (Output.IsJson(parsed))
            {
                Output.Json(answer);
                return ExitCodes.Fine;
            }

            foreach (var prediction in answer.Predictions)
                Print(answer, prediction);
            return ExitCodes.Fine;
        });
    }

    private static Command Logs()
    {
        var name = new Argument<string>("endpoint") { Description = "Name of the endpoint." };
        var lines = new Option<int>("--lines") { Description = "How many lines of each variant, 1 to 10000.", DefaultValueFactory = _ => 100 };
        return new Command("logs", "Show what the processes of an endpoint's models printed last.") { name, lines }.WithServer(async (parsed, server, ct) =>
        {
            var logs = await server.Api.Get<EndpointLogs>($"/api/v1/endpoints/{Uri.EscapeDataString(parsed.GetRequiredValue(name))}/logs?lines={parsed.GetValue(lines).ToString(CultureInfo.InvariantCulture)}", ct);
            if (Output.IsJson(parsed))
            {
                Output.Json(logs);
                return ExitCodes.Fine;
            }

            if (logs.Variants.Count == 0)
                await Console.Error.WriteLineAsync("No variant of this endpoint runs as a process.");
            foreach (var (variant, printed) in logs.Variants)
            {
                foreach (var line in printed)
                    Output.Line(logs.Variants.Count > 1 ? $"{variant} {line}" : line);
            }

            return ExitCodes.Fine;
        });
    }

    private static void Print(ExplainAnswer answer, ExplainedPrediction prediction)
    {
        Output.Line($"{Number(prediction.Score)}  predicts {prediction.Prediction}  ({answer.Variant} {answer.Model}/{answer.Version.ToString(CultureInfo.InvariantCulture)}, {prediction.PredictionId})");
        if (prediction.Explanation is not { } why)
        {
            Output.Line("  No explanation: the fallback answered.");
            return;
        }

        Output.Line($"  {(why.Space == "raw" ? "before the link function" : "in units of the score")}: {Number(why.Output)}, where {Number(why.Base)} is the base{(why.Class is null ? "" : $" of class {why.Class}")}");
        foreach (var contribution in why.Contributions)
            Output.Line($"  {(contribution.Effect > 0 ? "+" : "-")}{Number(Math.Abs(contribution.Effect)),-10} {contribution.Reason}");
    }

    private static string Number(double? value) => value?.ToString("0.####", CultureInfo.InvariantCulture) ?? "no score";

    private static List<IReadOnlyDictionary<string, JsonElement>> Rows(string text)
    {
        try
        {
            var root = JsonSerializer.Deserialize<JsonElement>(text);
            return root.ValueKind == JsonValueKind.Array
                ? [.. root.EnumerateArray().Select(Row)]
                : [Row(root)];
        }
        catch (JsonException e)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"The features are not valid JSON: {e.Message}", """Write them as '{"income": 1200, "purpose": "car"}'.""", e);
        }
    }

    private static Dictionary<string, JsonElement> Row(JsonElement row) => row.ValueKind == JsonValueKind.Object
        ? row.EnumerateObject().ToDictionary(p => p.Name, p => p.Value)
        : throw new HoldfastException(ErrorCode.InvalidArgument, $"A row is {row.GetRawText()}, not an object.", """Write it as '{"income": 1200, "purpose": "car"}'.""");
}
