using System.CommandLine;
using Holdfast.Contracts;

namespace Holdfast.Commands;

/// <summary><c>holdfast models list|register|promote|card|comments</c>.</summary>
internal static class ModelsCommand
{
    public static Command Create() => new("models", "Registered models: versions with signature, lineage and aliases.") { List(), Register(), Promote(), Card(), Comments() };

    private static Command List()
    {
        var name = new Argument<string?>("model") { Description = "List the versions of this model.", Arity = ArgumentArity.ZeroOrOne };
        return new Command("list", "List models, or the versions of one.") { name }.WithServer(async (parsed, server, ct) =>
        {
            if (parsed.GetValue(name) is { } model)
            {
                var versions = await server.Client.Models.Versions(model, ct);
                if (Output.IsJson(parsed))
                    Output.Json(versions);
                else
                    Output.Table(versions, $"{model} has no versions.", ("version", v => v.Ref), ("status", v => v.Status), ("aliases", v => string.Join(", ", v.Aliases)), ("data", v => v.DatasetVersion), ("run", v => v.RunId), ("created", v => Output.Time(v.CreatedAt)));
                return ExitCodes.Fine;
            }

            var models = await server.Client.Models.List(ct);
            if (Output.IsJson(parsed))
                Output.Json(models);
            else
                Output.Table(models.ToList(), "No models. Register one: holdfast models register NAME FOLDER", ("model", m => m.Name), ("latest", m => Output.Number(m.LatestVersions.Count == 0 ? null : m.LatestVersions.Max(v => v.Version))), ("aliases", m => string.Join(", ", m.Aliases.Select(a => $"{a.Key} -> {a.Value}"))), ("updated", m => Output.Time(m.UpdatedAt)));
            return ExitCodes.Fine;
        });
    }

    private static Command Register()
    {
        var name = new Argument<string>("model") { Description = "Name of the model; made when it is not there." };
        var folder = new Argument<string>("folder") { Description = "Model package: a folder with holdfast-model.json." };
        var run = new Option<string?>("--run") { Description = "The run that made it." };
        var data = new Option<string?>("--data-version") { Description = "The data it was trained on, as name@v3." };
        return new Command("register", "Register a model package as the next version.") { name, folder, run, data }.WithServer(async (parsed, server, ct) =>
        {
            var made = await server.Client.Models.Register(parsed.GetRequiredValue(name), parsed.GetRequiredValue(folder), parsed.GetValue(run), parsed.GetValue(data), ct: ct);
            if (Output.IsJson(parsed))
                Output.Json(made);
            else
                Output.Line(made.Ref);
            return ExitCodes.Fine;
        });
    }

    private static Command Promote()
    {
        var reference = new Argument<string>("version") { Description = "The version, as model/3." };
        var alias = new Option<string>("--alias") { Description = "The alias that shall point to it.", DefaultValueFactory = _ => "champion" };
        return new Command("promote", "Point an alias at a version. Endpoints change through deploy, which proves the version first.") { reference, alias }.WithServer(async (parsed, server, ct) =>
        {
            var (model, version) = Parse(parsed.GetRequiredValue(reference));
            await server.Client.Models.SetAlias(model, parsed.GetRequiredValue(alias), version, ct);
            if (!Output.IsJson(parsed))
                Output.Line($"{model}@{parsed.GetRequiredValue(alias)} -> {version}");
            else
                Output.Json(new { model, alias = parsed.GetRequiredValue(alias), version });
            return ExitCodes.Fine;
        });
    }

    private static Command Card()
    {
        var reference = new Argument<string>("version") { Description = "The version, as model/3." };
        var text = new Option<string?>("--set") { Description = "The new text of the part that people write, in Markdown; - reads it from stdin." };
        return new Command("card", "Show the card of a version as Markdown, or write the part that people write.") { reference, text }.WithServer(async (parsed, server, ct) =>
        {
            var (model, version) = Parse(parsed.GetRequiredValue(reference));
            if (parsed.GetValue(text) is { } written)
                await server.Client.Models.SetCard(model, version, written == "-" ? await Console.In.ReadToEndAsync(ct) : written, ct);
            var card = await server.Client.Models.Card(model, version, ct);
            if (Output.IsJson(parsed))
                Output.Json(card);
            else
                Output.Line(card.Markdown.TrimEnd());
            return ExitCodes.Fine;
        });
    }

    private static Command Comments()
    {
        var reference = new Argument<string>("version") { Description = "The version, as model/3." };
        var add = new Option<string?>("--add") { Description = "A remark in Markdown; - reads it from stdin." };
        return new Command("comments", "Show the remarks on a version, or add one.") { reference, add }.WithServer(async (parsed, server, ct) =>
        {
            var (model, version) = Parse(parsed.GetRequiredValue(reference));
            if (parsed.GetValue(add) is { } remark)
                await server.Client.Models.Comment(model, version, remark == "-" ? await Console.In.ReadToEndAsync(ct) : remark, ct);
            var comments = await server.Client.Models.Comments(model, version, ct);
            if (Output.IsJson(parsed))
                Output.Json(comments);
            else
                Output.Table(comments, "No comments.", ("when", c => Output.Time(c.CreatedAt)), ("who", c => c.Author), ("what", c => c.Text.ReplaceLineEndings(" ")));
            return ExitCodes.Fine;
        });
    }

    private static (string Model, int Version) Parse(string text)
    {
        var slash = text.LastIndexOf('/');
        return slash >= 1 && int.TryParse(text.AsSpan(slash + 1), out var version)
            ? (text[..slash], version)
            : throw new HoldfastException(ErrorCode.InvalidArgument, $"'{text}' does not name a version.", "Write model/3.");
    }
}
