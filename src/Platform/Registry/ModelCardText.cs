using System.Globalization;
using System.Text;
using Holdfast.Tracking;

namespace Holdfast.Registry;

/// <summary>The card of a model version as Markdown: what people wrote, then what is known, always as it is now.</summary>
internal static class ModelCardText
{
    private const int MostRows = 50;

    private const string Unwritten =
        """
        ## Intended use
        *Not written yet: what it is for, who uses it, and what it must not be used for.*

        ## Limitations
        *Not written yet: where it is known to fail, which groups it was not tested on.*
        """;

    public static string Write(ModelVersion version, string text, Run? run)
    {
        var card = new StringBuilder();
        card.Append(CultureInfo.InvariantCulture, $"# {Escaped(version.Model)}, version {version.Version}\n\n");
        card.Append(text.Length == 0 ? Unwritten.ReplaceLineEndings("\n") : text.TrimEnd()).Append("\n\n");
        Details(card, version);
        if (version.Signature is { } signature)
            Columns(card, signature);
        if (run is not null)
            Training(card, run);
        return card.ToString();
    }

    private static void Details(StringBuilder card, ModelVersion version)
    {
        card.Append("## Details\n\n| | |\n|---|---|\n");
        Row(card, "Registered", $"{version.CreatedAt.UtcDateTime:yyyy-MM-dd HH:mm} UTC by {version.User}");
        Row(card, "Aliases", string.Join(", ", version.Aliases));
        Row(card, "Stage", version.Stage == "None" ? "" : version.Stage);
        Row(card, "Training data", version.DatasetVersion);
        Row(card, "Run", version.RunId);
        Row(card, "Pipeline run", version.PipelineRun);
        Row(card, "Source", version.Source);
        foreach (var (key, value) in version.Tags.OrderBy(t => t.Key, StringComparer.Ordinal))
            Row(card, key, value);
        card.Append('\n');
        if (version.Description.Length > 0)
            card.Append(version.Description.TrimEnd()).Append("\n\n");
    }

    private static void Columns(StringBuilder card, Signature signature)
    {
        card.Append("## Inputs and outputs\n\n| column | type | role |\n|---|---|---|\n");
        foreach (var (columns, role) in new[] { (signature.Inputs, "input"), (signature.Outputs, "output") })
        {
            foreach (var column in columns)
                card.Append(CultureInfo.InvariantCulture, $"| {Escaped(column.Name)} | {Escaped(column.Datatype)} | {role} |\n");
        }

        card.Append('\n');
    }

    private static void Training(StringBuilder card, Run run)
    {
        card.Append("## Training\n\n| | |\n|---|---|\n");
        Row(card, "Run", run.Name);
        Row(card, "Took", run.StartTime is { } start && run.EndTime is { } end ? (end - start).ToString(@"d\.hh\:mm\:ss", CultureInfo.InvariantCulture).Replace("0.", "", StringComparison.Ordinal) : "");
        Row(card, "Code", run.Tag("mlflow.source.git.commit") is { } commit ? commit + (run.Tag("holdfast.git.dirty") == "true" ? ", with changes that were not committed" : "") : "");
        Row(card, "Command", run.Tag("holdfast.command"));
        Row(card, "Seed", run.Tag("holdfast.seed"));
        foreach (var input in run.Inputs)
            Row(card, input.Context is { Length: > 0 } context ? $"Data ({context})" : "Data", $"{input.Name} ({input.Digest})");
        card.Append('\n');
        Table(card, "Measured", "metric | last | least | greatest", [.. run.Metrics.Where(m => !m.Key.StartsWith("system/", StringComparison.Ordinal)).Select(m => $"{Escaped(m.Key)} | {Figure(m.Last.Value)} | {Figure(m.Min)} | {Figure(m.Max)}")]);
        Table(card, "Parameters", "parameter | value", [.. run.Params.Select(x => $"{Escaped(x.Key)} | {Escaped(x.Value)}")]);
    }

    private static void Table(StringBuilder card, string title, string head, IReadOnlyList<string> rows)
    {
        if (rows.Count == 0)
            return;
        card.Append(CultureInfo.InvariantCulture, $"### {title}\n\n| {head} |\n|{string.Concat(Enumerable.Repeat("---|", head.Split('|').Length))}\n");
        foreach (var row in rows.Take(MostRows))
            card.Append(CultureInfo.InvariantCulture, $"| {row} |\n");
        if (rows.Count > MostRows)
            card.Append(CultureInfo.InvariantCulture, $"\n{rows.Count - MostRows} more stand in the run.\n");
        card.Append('\n');
    }

    private static void Row(StringBuilder card, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
            card.Append(CultureInfo.InvariantCulture, $"| {Escaped(name)} | {Escaped(value)} |\n");
    }

    private static string Figure(double? value) => value?.ToString("0.######", CultureInfo.InvariantCulture) ?? "";

    // A name must neither end a cell nor begin a link or HTML.
    private static string Escaped(string text) =>
        text.ReplaceLineEndings(" ").Replace("\\", "\\\\", StringComparison.Ordinal).Replace("|", "\\|", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace("[", "\\[", StringComparison.Ordinal);
}
