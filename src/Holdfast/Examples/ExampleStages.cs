using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Registry;
using Holdfast.Serving.Backends;
using Holdfast.Storage.Tables;

namespace Holdfast.Examples;

/// <summary>What the stages <c>train</c> and <c>evaluate</c> of the examples do.</summary>
internal static class ExampleStages
{
    /// <summary>Trains a package. With a window, on the window's earlier part, and on the base data too when asked.</summary>
    public static string Train(IReadOnlyList<string> files, string label, IReadOnlyList<string> features, IReadOnlyList<string> categorical, string? window, bool withBase, double recent, TreeTraining training, string folder)
    {
        var tables = new List<(string Path, Table Table)>();
        if (window is null || withBase)
            tables.AddRange(files.Select(f => (f, TableReader.Read(f))));
        var newest = window is null ? null : TableReader.Read(window);
        if (newest is not null)
            tables.Add((window!, newest));

        var signature = new Signature(
            [.. features.Select(f => categorical.Contains(f) ? new SignatureField(f, "BYTES", Categories(tables.Select(t => t.Table), f)) : new SignatureField(f, "FP64"))],
            [new SignatureField("score", "FP64"), new SignatureField("prediction", "BYTES")]);
        var parts = new List<(ExampleData Data, int[] Rows, bool Ages)>();
        foreach (var (path, table) in tables)
        {
            var data = new ExampleData(table, signature.Inputs, label, path);
            var byTime = data.ByTime();
            var ofWindow = ReferenceEquals(table, newest);
            parts.Add((data, ofWindow ? WindowSplit.Of(byTime, recent).Train : byTime, ofWindow));
        }

        training.Run(parts, signature, folder);
        return $"trained on {parts.Sum(p => p.Rows.Length)} rows{(window is null ? "" : " (the window's earlier part" + (withBase ? " and the base data)" : ")"))}, {parts.Sum(p => p.Rows.Count(row => p.Data.Labels[row]))} positive";
    }

    /// <summary>
    /// Measures a package on the stable held-out file (<c>stable.*</c>) and, with a window, on its newest part (<c>recent.*</c>),
    /// beside the champion where there is one.
    /// </summary>
    public static SortedDictionary<string, double> Evaluate(string model, string file, string label, string? window, string? champion, double recent, string metricsFile)
    {
        using var candidate = Backends.Load(model);
        using var current = champion is null ? null : Backends.Load(champion);
        var metrics = new SortedDictionary<string, double>(StringComparer.Ordinal);
        Measure(file, false, "stable.");
        // The figures on the held-out set also without a prefix: the names that people know.
        foreach (var name in (string[])["accuracy", "auc", "logloss", "n"])
            metrics[name] = metrics["stable." + name];
        if (window is not null)
            Measure(window, true, "recent.");
        WriteJson(metricsFile, metrics);
        return metrics;

        void Measure(string path, bool newestOnly, string prefix)
        {
            var table = TableReader.Read(path);
            var data = new ExampleData(table, candidate.Info.Signature.Inputs, label, path);
            var rows = newestOnly ? WindowSplit.Of(data.ByTime(), recent).Recent : data.ByTime();
            ModelFigures.Of(candidate, data, rows).AddTo(metrics, prefix);
            metrics[prefix + "n"] = rows.Length;
            if (current is not null)
                ModelFigures.Of(current, new ExampleData(table, current.Info.Signature.Inputs, label, path), rows).AddTo(metrics, prefix + "champion_");
        }
    }

    public static void WriteJson<T>(string path, T value)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
            Directory.CreateDirectory(folder);
        File.WriteAllBytes(path, JsonSerializer.SerializeToUtf8Bytes(value, HoldfastJson.Indented));
    }

    private static string[] Categories(IEnumerable<Table> tables, string column) =>
        [.. tables.SelectMany(t => t.Find(column)?.Texts ?? []).OfType<string>().Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
}
