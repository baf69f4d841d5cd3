using System.CommandLine;
using Holdfast.Contracts;
using Holdfast.Registry;

namespace Holdfast.Commands;

/// <summary><c>holdfast models list|register|promote|card|comments|record|package|import-package</c>.</summary>
internal static class ModelsCommand
{
    public static Command Create() => new("models", "Registered models: versions with signature, lineage and aliases.") { List(), Register(), Promote(), Card(), Comments(), Record(), Package(), ImportPackage() };

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

    private static Command Record()
    {
        var reference = new Argument<string>("version") { Description = "The version, as model/3, model@alias or model (newest)." };
        return new Command("record", "Show how a version was made: manifest, runtime, run with parameters, captured environment.") { reference }.WithServer(async (parsed, server, ct) =>
        {
            var version = await Resolve(server, parsed.GetRequiredValue(reference), ct);
            Output.Json(await server.Api.Get<ModelRecord>($"/api/v1/models/{Uri.EscapeDataString(version.Model)}/versions/{version.Version}/record", ct));
            return ExitCodes.Fine;
        });
    }

    private static Command Package()
    {
        var reference = new Argument<string>("version") { Description = "The version, as model@alias, model/3 or model (newest)." };
        var to = new Option<string>("--to") { Description = "The folder (oci) or file (tar) to write; must not be there yet.", Required = true, HelpName = "path" };
        var format = new Option<string>("--format") { Description = "oci (an OCI image layout, for any registry) or tar (plain files).", DefaultValueFactory = _ => "oci", HelpName = "oci|tar" };
        format.AcceptOnlyFromAmong("oci", "tar");
        var verify = new Option<bool>("--verify") { Description = "Read the package back and check every digest." };
        return new Command("package", "Write a version with signature, runtime and environment record as an OCI image folder or a tar file.") { reference, to, format, verify }.WithServer(async (parsed, server, ct) =>
        {
            var (path, oci) = (Path.GetFullPath(parsed.GetRequiredValue(to)), parsed.GetValue(format) == "oci");
            if (File.Exists(path) || (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any()))
                throw new HoldfastException(ErrorCode.AlreadyExists, $"{path} is there already.", "Name a new place with --to.");
            var version = await Resolve(server, parsed.GetRequiredValue(reference), ct);
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/models/{Uri.EscapeDataString(version.Model)}/versions/{version.Version}/package?format={parsed.GetValue(format)}");
            using var answer = await server.Api.Open(request, ct);
            await using (var content = await answer.Content.ReadAsStreamAsync(ct))
            {
                Directory.CreateDirectory(oci ? path : Path.GetDirectoryName(path)!);
                if (oci)
                {
                    await System.Formats.Tar.TarFile.ExtractToDirectoryAsync(content, path, overwriteFiles: false, ct);
                }
                else
                {
                    await using var file = File.Create(path);
                    await content.CopyToAsync(file, ct);
                }
            }

            if (parsed.GetValue(verify))
                await Opened(path, (_, _) => Task.FromResult(true), ct);
            var digest = answer.Headers.TryGetValues("X-Holdfast-Digest", out var digests) ? digests.First() : null;
            if (Output.IsJson(parsed))
                Output.Json(new { version = version.Ref, path, digest, verified = parsed.GetValue(verify) });
            else
                Output.Line($"{version.Ref} -> {path}{(digest is null ? "" : $" ({digest})")}{(parsed.GetValue(verify) ? ", verified" : "")}");
            return ExitCodes.Fine;
        });
    }

    private static Command ImportPackage()
    {
        var path = new Argument<string>("path") { Description = "What holdfast models package wrote: a folder with oci-layout, or a tar file." };
        var name = new Option<string?>("--name") { Description = "Register it under this name; default: the one that the package names." };
        return new Command("import-package", "Check a package, every digest of it, and register its model as the next version.") { path, name }.WithServer(async (parsed, server, ct) =>
        {
            var made = await Opened(
                Path.GetFullPath(parsed.GetRequiredValue(path)),
                (record, folder) => server.Client.Models.Register(parsed.GetValue(name) ?? record.Model, folder, null, record.DatasetVersion, ct: ct),
                ct);
            if (Output.IsJson(parsed))
                Output.Json(made);
            else
                Output.Line(made.Ref);
            return ExitCodes.Fine;
        });
    }

    private static async Task<T> Opened<T>(string path, Func<ModelRecord, string, Task<T>> use, CancellationToken ct)
    {
        var scratch = Directory.CreateTempSubdirectory("holdfast-package-");
        try
        {
            var record = await ModelImage.Open(path, scratch.FullName, ct);
            // A tar of a layout is opened one level deeper.
            var content = Directory.Exists(Path.Combine(scratch.FullName, "content")) ? Path.Combine(scratch.FullName, "content") : scratch.FullName;
            return await use(record, Path.Combine(content, "model"));
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }

    private static async Task<ModelVersion> Resolve(ServerConnection server, string reference, CancellationToken ct)
    {
        if (reference.LastIndexOf('@') is > 0 and var at)
            return await server.Api.Get<ModelVersion>($"/api/v1/models/{Uri.EscapeDataString(reference[..at])}/aliases/{Uri.EscapeDataString(reference[(at + 1)..])}", ct);
        if (reference.LastIndexOf('/') is > 0 and var slash && int.TryParse(reference.AsSpan(slash + 1), out var number))
            return await server.Api.Get<ModelVersion>($"/api/v1/models/{Uri.EscapeDataString(reference[..slash])}/versions/{number}", ct);
        return await server.Client.Models.Versions(reference, ct) is [var newest, ..] ? newest
            : throw new HoldfastException(ErrorCode.NotFound, $"The model '{reference}' has no version yet.", "Register one first.");
    }

    private static (string Model, int Version) Parse(string text)
    {
        var slash = text.LastIndexOf('/');
        return slash >= 1 && int.TryParse(text.AsSpan(slash + 1), out var version)
            ? (text[..slash], version)
            : throw new HoldfastException(ErrorCode.InvalidArgument, $"'{text}' does not name a version.", "Write model/3.");
    }
}
