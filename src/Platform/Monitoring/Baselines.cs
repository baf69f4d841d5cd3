using System.Collections.Concurrent;
using System.Globalization;
using Holdfast.Data;
using Holdfast.Kernel;
using Holdfast.Registry;
using Holdfast.Statistics.Sketches;
using Holdfast.Storage.Tables;

namespace Holdfast.Monitoring;

/// <summary>What the registry knows of a version: its training data and its inputs.</summary>
internal sealed record ModelLineage(string? Dataset, IReadOnlyList<SignatureField>? Inputs);

/// <summary>Finds the lineage of a model version; null when the version is not known.</summary>
internal delegate Task<ModelLineage?> LineageSource(int workspaceId, string model, int version, CancellationToken ct);

/// <summary>Makes baselines from dataset versions and keeps the newest: a version never changes, so neither does its profile.</summary>
internal sealed class Baselines(DataService data, LineageSource lineage)
{
    /// <summary>Column that holds the event time of a row in materialised windows.</summary>
    public const string TimeColumn = "event_time";

    private const int LeastRows = 200;
    private const int Kept = 64;
    private readonly ConcurrentDictionary<BaselineKey, Baseline> _kept = [];

    public async Task<Baseline?> Find(BaselineKey key, CancellationToken ct)
    {
        if (_kept.TryGetValue(key, out var known))
            return known;
        var version = key.ModelVersion > 0 ? await lineage(key.WorkspaceId, key.Model, key.ModelVersion, ct) : null;
        if ((key.Pinned ?? version?.Dataset) is not { } reference)
            return null;
        var principal = Principal.Controller(key.WorkspaceId, "monitoring");
        if (await data.Find(principal, reference, ct) is not { } found)
            return null;
        var table = await data.Read(principal, found.Ref, ct);
        var baseline = Of(found.Ref, table, version?.Inputs, key.From);
        if (_kept.Count >= Kept)
            _kept.Clear();
        return _kept[key] = baseline;
    }

    /// <summary>Profiles of a table's columns: the inputs, when they are known, else all but the time; rows from a moment on, when enough of them are there.</summary>
    public static Baseline Of(string reference, Table table, IReadOnlyList<SignatureField>? inputs, DateTimeOffset? from)
    {
        var rows = Recent(table, from);
        var features = new Dictionary<string, FeatureProfile>(StringComparer.Ordinal);
        foreach (var column in table.Columns)
        {
            var input = inputs?.FirstOrDefault(i => i.Name == column.Name);
            if (column.Name == TimeColumn || (inputs is not null && input is null))
                continue;
            var text = input is null ? column.Kind == ColumnKind.Text : input.Datatype == "BYTES";
            features[column.Name] = text ? Baseline.OfTexts([.. rows.Select(r => Text(column, r))]) : Baseline.OfNumbers([.. rows.Select(r => Number(column, r))]);
        }

        return new Baseline(reference, rows.Length, features);
    }

    private static int[] Recent(Table table, DateTimeOffset? from)
    {
        var all = Enumerable.Range(0, table.Rows).ToArray();
        if (from is not { } since || table.Find(TimeColumn) is not { } time)
            return all;
        int[] recent = [.. all.Where(r => Moment(time, r) is { } at && at >= since)];
        return recent.Length >= LeastRows ? recent : all;
    }

    private static DateTimeOffset? Moment(Column column, int row) => column.Kind == ColumnKind.Text
        ? DateTimeOffset.TryParse(column.Texts[row], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null
        : double.IsNaN(column.Numbers[row]) ? null : DateTimeOffset.FromUnixTimeMilliseconds((long)column.Numbers[row]);

    private static string? Text(Column column, int row) => column.IsMissing(row) ? null : column.Format(row);

    private static double Number(Column column, int row) => column.Kind != ColumnKind.Text
        ? column.Numbers[row]
        : double.TryParse(column.Texts[row], NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : double.NaN;
}
