using System.Globalization;
using System.Text.Json;

namespace Holdfast.Statistics.Tests.Oracles;

/// <summary>Reference values made with independent tools, kept beside the repository; tests skip where they are absent.</summary>
internal static class Oracle
{
    private static readonly string? Folder = Find();

    public static string Path(string file)
    {
        Assert.SkipWhen(Folder is null, "The oracle files (shared/oracles beside the repository, or HOLDFAST_SHARED) are not here.");
        return System.IO.Path.Combine(Folder!, file);
    }

    public static JsonElement Expected(string name) => JsonDocument.Parse(File.ReadAllText(Path(name + ".expected.json"))).RootElement;

    public static Dictionary<string, string[]> Columns(string file)
    {
        var lines = File.ReadAllLines(Path(file));
        var header = lines[0].Split(',');
        var result = new Dictionary<string, string[]>();
        for (var c = 0; c < header.Length; c++)
        {
            var column = new string[lines.Length - 1];
            for (var r = 1; r < lines.Length; r++) column[r - 1] = lines[r].Split(',')[c];
            result[header[c]] = column;
        }
        return result;
    }

    public static double[] Numbers(string[] cells) =>
        Array.ConvertAll(cells, cell => cell.Length == 0 ? double.NaN : double.Parse(cell, CultureInfo.InvariantCulture));

    public static void Close(double expected, double actual, double relative, string what)
    {
        var allowed = expected == 0 ? 1e-12 : relative * Math.Abs(expected);
        Assert.True(Math.Abs(expected - actual) <= allowed, $"{what}: expected {expected:R}, got {actual:R}");
    }

    /// <summary>p-values: 1e-6 relative, 1e-3 below 1e-12.</summary>
    public static void CloseP(double expected, double actual, string what)
    {
        var allowed = Math.Abs(expected) < 1e-12 ? 1e-3 * expected + 1e-290 : 1e-6 * expected;
        Assert.True(Math.Abs(expected - actual) <= allowed, $"{what}: expected p {expected:R}, got {actual:R}");
    }

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("HOLDFAST_SHARED") is { Length: > 0 } shared) return Existing(System.IO.Path.Combine(shared, "oracles"));
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (Existing(System.IO.Path.Combine(folder.FullName, "shared", "oracles")) is { } found) return found;
        }
        return null;
    }

    private static string? Existing(string folder) => Directory.Exists(folder) ? folder : null;
}
