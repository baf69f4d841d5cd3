using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Holdfast.Contracts;
using Holdfast.Kernel.Yaml;

namespace Holdfast.Data;

/// <summary>Schemas as files: YAML for people to read and change, and JSON as the API writes it.</summary>
public static partial class SchemaFile
{
    private const string Shape = "Write columns: {age: {type: integer, min: 0, max: 120}}; get one with: holdfast check DATA --write FILE";
    private static readonly string[] Types = ["integer", "number", "text", "boolean", "time"];
    private static readonly string[] Words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];

    /// <summary>Reads a schema file, YAML or JSON; all faults at once.</summary>
    public static DatasetSchema Read(string path)
    {
        var name = Path.GetFileName(path);
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new HoldfastException(ErrorCode.NotFound, $"There is no schema file {path}.", "Write one with: holdfast check DATA --write FILE", e);
        }

        return text.AsSpan().TrimStart().StartsWith("{\"") || text.AsSpan().TrimStart().StartsWith("{\n") ? OfJson(text, name) : OfYaml(text, name);
    }

    /// <summary>The schema as YAML, with the keys that differ from the default.</summary>
    public static string ToYaml(DatasetSchema schema, string source)
    {
        ArgumentNullException.ThrowIfNull(schema);
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"# What {source} holds. Change what is too narrow or too wide; check data against it with: holdfast check DATA --schema FILE\n");
        text.Append("columns:\n");
        foreach (var field in schema.Fields)
        {
            text.Append(CultureInfo.InvariantCulture, $"  {Scalar(field.Name)}:\n    type: {field.Type}\n");
            if (!field.Required)
                text.Append("    required: false\n");
            if (field.MaxMissing > 0)
                text.Append(CultureInfo.InvariantCulture, $"    max_missing: {Share(field.MaxMissing)}\n");
            if (field.Min is { } min)
                text.Append(CultureInfo.InvariantCulture, $"    min: {min:R}\n");
            if (field.Max is { } max)
                text.Append(CultureInfo.InvariantCulture, $"    max: {max:R}\n");
            if (field.Categories is { } values)
                text.Append(CultureInfo.InvariantCulture, $"    values: [{string.Join(", ", values.Select(Scalar))}]\n");
            if (field.MaxOutside > 0 && (field.Min ?? field.Max) is not null | field.Categories is not null)
                text.Append(CultureInfo.InvariantCulture, $"    max_outside: {Share(field.MaxOutside)}\n");
        }

        return text.ToString();
    }

    private static DatasetSchema OfJson(string text, string name)
    {
        DatasetSchema? schema;
        try
        {
            schema = JsonSerializer.Deserialize<DatasetSchema>(text, HoldfastJson.Options);
        }
        catch (JsonException e)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"{name}, line {e.LineNumber + 1}, column {e.BytePositionInLine + 1}: not a schema: {e.Message.Split(" Path:")[0]}", "A schema is {\"fields\":[{\"name\":…,\"type\":\"number\"}]}.", e);
        }

        if (schema?.Fields is not { Count: > 0 })
            throw new HoldfastException(ErrorCode.InvalidArgument, $"{name} declares no fields.", "A schema is {\"fields\":[{\"name\":…,\"type\":\"number\"}]}.");
        var faults = schema.Fields.Where(f => !Types.Contains(f.Type)).Select(f => new Fault($"fields.{f.Name}.type", $"'{f.Type}' is not a type.", "Use " + string.Join(", ", Types) + ".")).ToList();
        return faults.Count == 0 ? schema : throw new HoldfastException($"{name} is not a valid schema.", faults);
    }

    private static DatasetSchema OfYaml(string text, string name)
    {
        var (source, root) = YamlSource.Parse(text, name);
        var fields = new List<SchemaField>();
        if (root is not null)
        {
            foreach (var (column, value) in root.Names("columns"))
            {
                if (value.AsMap() is { } map)
                    fields.Add(Field(column, map));
            }

            root.Done();
        }

        if (source.Faults.Count > 0)
            throw new HoldfastException($"{name} is not a valid schema.", source.Faults);
        return fields.Count > 0 ? new DatasetSchema(fields) : throw new HoldfastException(ErrorCode.InvalidArgument, $"{name} declares no columns.", Shape);
    }

    private static SchemaField Field(string name, YamlMap map)
    {
        var type = map.Require("type", "Use " + string.Join(", ", Types) + ".");
        var word = type?.AsText() ?? "number";
        if (!Types.Contains(word))
            type?.Fault($"'{word}' is not a type.", "Use " + string.Join(", ", Types) + ".");
        var values = map.Find("values");
        var field = new SchemaField(
            name, word, map.Find("required")?.AsFlag() ?? true, map.Find("max_missing")?.AsShare() ?? 0, map.Number("min"), map.Number("max"), values?.AsTexts(), map.Find("max_outside")?.AsShare() ?? 0);
        if (field.Min > field.Max)
            map.Fault($"min {field.Min} is larger than max {field.Max}.");
        map.Done();
        return field;
    }

    private static string Share(double share) => (share * 100).ToString("0.####", CultureInfo.InvariantCulture) + "%";

    // Quoted where YAML would read something other than this text.
    private static string Scalar(string text) => Plain().IsMatch(text) && !Words.Contains(text.ToLowerInvariant()) ? text : JsonSerializer.Serialize(text, HoldfastJson.Options);

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_.\-/]*( [A-Za-z0-9_.\-/]+)*$")]
    private static partial Regex Plain();
}
