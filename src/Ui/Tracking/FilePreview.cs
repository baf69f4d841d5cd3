using System.Text;
using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Tracking;

namespace Holdfast.Ui.Tracking;

/// <summary>How a file is shown.</summary>
public enum FileKind
{
    /// <summary>Not at all.</summary>
    Other,

    /// <summary>As it is.</summary>
    Text,

    /// <summary>As rows and columns.</summary>
    Table,

    /// <summary>As prose.</summary>
    Markdown,

    /// <summary>By the browser, as a picture.</summary>
    Picture,
}

/// <summary>The beginning of a file, for the page.</summary>
public sealed record FilePreview(string Path, FileKind Kind, string? Text, bool Cut)
{
    private const int Longest = 200_000;
    private const int MostRows = 200;
    private const int MostColumns = 60;

    /// <summary>Rows of a table, the heading first.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Rows => Kind == FileKind.Table ? [.. Lines().Take(MostRows + 1)] : [];

    internal static async Task<FilePreview> Of(TrackingService tracking, Principal p, string run, string path, CancellationToken ct)
    {
        var kind = KindOf(path);
        if (kind == FileKind.Picture)
        {
            return new FilePreview(path, kind, null, Cut: false);
        }

        await using var file = await tracking.OpenArtifact(p, run, path, ct);
        var bytes = new byte[Longest];
        var read = await file.ReadAtLeastAsync(bytes, Longest, throwOnEndOfStream: false, ct);
        // A zero byte early on is how git, too, tells other files from text.
        if (bytes.AsSpan(0, Math.Min(read, 8_000)).Contains((byte)0))
        {
            return new FilePreview(path, FileKind.Other, null, Cut: false);
        }

        var text = Encoding.UTF8.GetString(bytes, 0, read);
        var cut = read == Longest;
        return new FilePreview(path, kind == FileKind.Other ? FileKind.Text : kind, cut ? text : Pretty(path, text), cut);
    }

    internal static FileKind KindOf(string path) => System.IO.Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".png" or ".jpg" or ".jpeg" or ".gif" or ".webp" or ".svg" => FileKind.Picture,
        ".csv" or ".tsv" => FileKind.Table,
        ".md" => FileKind.Markdown,
        _ => FileKind.Other,
    };

    private static string Pretty(string path, string text)
    {
        if (!path.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
        {
            return text;
        }

        try
        {
            using var document = JsonDocument.Parse(text);
            return JsonSerializer.Serialize(document.RootElement, HoldfastJson.Indented);
        }
        catch (JsonException)
        {
            return text;
        }
    }

    private IEnumerable<IReadOnlyList<string>> Lines()
    {
        var separator = Path.EndsWith(".tsv", StringComparison.OrdinalIgnoreCase) ? '\t' : ',';
        var (row, cell, quoted) = (new List<string>(), new StringBuilder(), false);
        foreach (var c in Text ?? "")
        {
            if (c == '"')
            {
                quoted = !quoted;
            }
            else if (c == separator && !quoted)
            {
                row.Add(cell.ToString());
                cell.Clear();
            }
            else if (c == '\n' && !quoted)
            {
                row.Add(cell.ToString());
                cell.Clear();
                yield return [.. row.Take(MostColumns)];
                row.Clear();
            }
            else if (c != '\r')
            {
                cell.Append(c);
            }
        }

        if (row.Count > 0 || cell.Length > 0)
        {
            row.Add(cell.ToString());
            yield return [.. row.Take(MostColumns)];
        }
    }
}
