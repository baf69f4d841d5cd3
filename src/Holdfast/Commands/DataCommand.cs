using System.CommandLine;
using Holdfast.Contracts;
using Holdfast.Data;

namespace Holdfast.Commands;

/// <summary><c>holdfast data add|list|show</c>: dataset versions by content.</summary>
internal static class DataCommand
{
    public static Command Create() => new("data", "Dataset versions: content-addressed, with schema and profile.") { Add(), List(), Show() };

    private static Command Add()
    {
        var file = new Argument<string>("file") { Description = "CSV or Parquet file." };
        var name = new Option<string?>("--name") { Description = "Name of the dataset; default: the file's name without its ending." };
        return new Command("add", "Store a file as a version of a dataset. The same content again is the same version.") { file, name }.WithServer(async (parsed, server, ct) =>
        {
            var path = Path.GetFullPath(parsed.GetRequiredValue(file));
            if (!File.Exists(path))
                throw new HoldfastException(ErrorCode.NotFound, $"There is no file {path}.", "Check the path.");
            var dataset = parsed.GetValue(name) ?? Path.GetFileNameWithoutExtension(path);
            await using var content = File.OpenRead(path);
            var added = await server.Api.Upload<DatasetVersion>(
                HttpMethod.Post, $"/api/v1/datasets/{Uri.EscapeDataString(dataset)}/versions?file_name={Uri.EscapeDataString(Path.GetFileName(path))}&source={Uri.EscapeDataString(path)}", content, ct: ct);
            if (Output.IsJson(parsed))
                Output.Json(added);
            else
                Output.Line($"{added.Ref}  {added.Rows} rows, {added.Columns} columns, sha256 {added.Hash[..12]}");
            return ExitCodes.Fine;
        });
    }

    private static Command List()
    {
        var name = new Argument<string?>("name") { Description = "List the versions of this dataset.", Arity = ArgumentArity.ZeroOrOne };
        return new Command("list", "List datasets, or the versions of one.") { name }.WithServer(async (parsed, server, ct) =>
        {
            if (parsed.GetValue(name) is { } dataset)
            {
                var versions = (await server.Api.Get<PageOf<DatasetVersion>>($"/api/v1/datasets/{Uri.EscapeDataString(dataset)}/versions", ct)).Items;
                if (Output.IsJson(parsed))
                    Output.Json(versions);
                else
                    Output.Table(versions, $"There is no version of {dataset}.", ("version", v => v.Ref), ("rows", v => Output.Number(v.Rows)), ("columns", v => Output.Number(v.Columns)), ("bytes", v => Output.Number(v.Bytes)), ("sha256", v => v.Hash[..12]), ("created", v => Output.Time(v.CreatedAt)), ("source", v => v.Source));
                return ExitCodes.Fine;
            }

            var all = (await server.Api.Get<PageOf<Dataset>>("/api/v1/datasets", ct)).Items;
            if (Output.IsJson(parsed))
                Output.Json(all);
            else
                Output.Table(all, "No datasets. Add one: holdfast data add FILE", ("name", d => d.Name), ("versions", d => Output.Number(d.Versions)), ("updated", d => Output.Time(d.UpdatedAt)));
            return ExitCodes.Fine;
        });
    }

    private static Command Show()
    {
        var reference = new Argument<string>("reference") { Description = "name, name@v3 or name@<digits of the hash>." };
        return new Command("show", "Show a dataset version: origin, schema and profile.") { reference }.WithServer(async (parsed, server, ct) =>
        {
            var text = parsed.GetRequiredValue(reference);
            var at = text.IndexOf('@', StringComparison.Ordinal);
            var path = $"/api/v1/datasets/{Uri.EscapeDataString(at < 0 ? text : text[..at])}/versions/{Uri.EscapeDataString(at < 0 ? "latest" : text[(at + 1)..])}";
            var version = await server.Api.Get<DatasetVersion>(path, ct);
            var profile = await server.Api.Get<DatasetProfile>(path + "/profile", ct);
            if (Output.IsJson(parsed))
            {
                Output.Json(new { version, profile });
                return ExitCodes.Fine;
            }

            Output.Line($"{version.Ref}  {version.Rows} rows, {version.Bytes} bytes, sha256 {version.Hash}, from {version.Source}");
            Output.Table(
                profile.Columns, "No columns.", ("column", c => c.Name), ("type", c => c.Type), ("missing", c => Output.Number(c.Missing)), ("distinct", c => Output.Number(c.Distinct)), ("mean", c => Output.Number(c.Mean, "G5")),
                ("sd", c => Output.Number(c.StandardDeviation, "G5")), ("min", c => Output.Number(c.Min, "G5")), ("median", c => Output.Number(c.Quantiles?.ElementAtOrDefault(3), "G5")), ("max", c => Output.Number(c.Max, "G5")),
                ("top", c => c.Top is null ? "" : string.Join(", ", c.Top.Take(3).Select(t => $"{t.Key} ({t.Value})"))));
            return ExitCodes.Fine;
        });
    }
}
