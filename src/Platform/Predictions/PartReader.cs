using System.Globalization;
using DuckDB.NET.Data;
using Holdfast.Storage.Blobs;
using Holdfast.Storage.Tables;

namespace Holdfast.Predictions;

/// <summary>Entries of the log out of Parquet files.</summary>
internal sealed class PartReader(IBlobStore blobs)
{
    private const int Batch = 4_096;
    private const long Memory = 512L << 20;

    /// <summary>Local paths of files; one that is absent (deleted meanwhile) is left out.</summary>
    public async Task<IReadOnlyList<string>> Paths(IEnumerable<PartFile> parts, CancellationToken ct)
    {
        var paths = new List<string>();
        foreach (var part in parts)
        {
            if (await blobs.LocalPath(part.Key, ct) is { } path)
                paths.Add(path);
        }

        return paths;
    }

    /// <summary>The lines of one segment from a sequence number on, at most so many, in order.</summary>
    public async Task<List<(long Seq, LogEntry Entry)>> Page(CompactedSegment segment, EndpointKey endpoint, long after, int most, CancellationToken ct)
    {
        var paths = await Paths(segment.Parts, ct);
        if (paths.Count == 0)
            return [];
        using var connection = DuckEngine.Open([], memory: Memory, files: paths);
        return Read(connection, paths, endpoint, string.Create(CultureInfo.InvariantCulture, $"where seq > {after}"), string.Create(CultureInfo.InvariantCulture, $"order by seq limit {most}"), Batch);
    }

    /// <summary>The predictions with these sequence numbers, by file. One engine for all of them: to start it costs more than to read a few rows.</summary>
    public async Task<Dictionary<long, PredictionEntry>> Find(IReadOnlyList<(PartFile Part, IReadOnlyList<long> Seqs)> wanted, EndpointKey endpoint, CancellationToken ct)
    {
        var files = new List<(string Path, IReadOnlyList<long> Seqs)>();
        foreach (var (part, seqs) in wanted)
        {
            if (await blobs.LocalPath(part.Key, ct) is { } path)
                files.Add((path, seqs));
        }

        var found = new Dictionary<long, PredictionEntry>();
        if (files.Count == 0)
            return found;
        using var connection = DuckEngine.Open([], memory: Memory, files: [.. files.Select(f => f.Path)]);
        foreach (var (path, seqs) in files)
        {
            var set = seqs.ToHashSet();
            // The statistics of the row groups find a range; a list of single numbers helps only while it is short.
            var where = set.Count <= 100
                ? $"where seq in ({string.Join(", ", set.Select(s => s.ToString(CultureInfo.InvariantCulture)))})"
                : string.Create(CultureInfo.InvariantCulture, $"where seq between {set.Min()} and {set.Max()}");
            foreach (var (seq, entry) in Read(connection, [path], endpoint, where + " and kind = 'prediction'", "", Math.Min(Batch, set.Count)).Where(e => set.Contains(e.Seq)))
                found[seq] = (PredictionEntry)entry;
        }

        return found;
    }

    private static List<(long Seq, LogEntry Entry)> Read(DuckDBConnection connection, IReadOnlyList<string> paths, EndpointKey endpoint, string where, string order, int batch)
    {
        var entries = new List<(long, LogEntry)>();
        DuckResults.Read(connection, $"select * from read_parquet([{string.Join(", ", paths.Select(DuckEngine.Quote))}], union_by_name = true) {where}", order, batch, table => entries.AddRange(Entries(table, endpoint)));
        return entries;
    }

    private static IEnumerable<(long Seq, LogEntry Entry)> Entries(Table table, EndpointKey endpoint)
    {
        var shapes = new Dictionary<string, (ShapeItem Item, Column? Column)[]>(StringComparer.Ordinal);
        var c = new Cells(table);
        for (var row = 0; row < table.Rows; row++)
        {
            var at = DateTimeOffset.FromUnixTimeMilliseconds((long)c.Number("event_time", row));
            LogEntry entry = c.Text("kind", row) switch
            {
                "prediction" => Prediction(c, row, at, endpoint, Features(c, row, shapes, table)),
                "label" => new LabelEntry(at, c.Text("prediction_id", row) ?? "", c.Text("value", row) ?? "", (long)c.Number("label_seq", row), null),
                _ => new ClockEntry(at, c.Text("reason", row) ?? ""),
            };
            yield return ((long)c.Number("seq", row), entry);
        }
    }

    private static PredictionEntry Prediction(Cells c, int row, DateTimeOffset at, EndpointKey endpoint, FeatureValue[] features) => new(
        c.Text("id", row) ?? "", at, endpoint.Name, endpoint.WorkspaceId, c.Text("role", row) ?? "", c.Text("model", row) ?? "", c.Whole("model_version", row), (long)c.Number("route_revision", row),
        c.Text("rollout_id", row), c.Number("candidate_weight", row), Hex(c.Text("unit", row)) ?? 0, c.Number("has_key", row) == 1, c.Number("score", row), c.Text("prediction", row) ?? "",
        c.Text("error", row), c.Number("fell_back", row) == 1, c.Number("latency_ms", row), features,
        c.Text("shadow.model", row) is { } shadow
            ? new ShadowResult(shadow, c.Whole("shadow.model_version", row), c.Number("shadow.score", row), c.Text("shadow.prediction", row) ?? "", c.Text("shadow.error", row), c.Number("shadow.latency_ms", row))
            : null)
    {
        Entity = Hex(c.Text("entity", row)),
        Asked = c.Text("asked", row),
    };

    private static FeatureValue[] Features(Cells c, int row, Dictionary<string, (ShapeItem Item, Column? Column)[]> shapes, Table table)
    {
        var shape = c.Text("shape", row) ?? "[]";
        if (!shapes.TryGetValue(shape, out var items))
            shapes[shape] = items = [.. FeatureColumns.Parse(shape).Select(i => (i, table.Find(PartTable.FeaturePrefix + i.Column)))];
        var values = new FeatureValue[items.Length];
        for (var i = 0; i < items.Length; i++)
        {
            var (item, column) = items[i];
            values[i] = column is null || column.IsMissing(row) ? FeatureValue.Of(item.Name, double.NaN)
                : item.IsText ? FeatureValue.Of(item.Name, column.Format(row))
                : FeatureValue.Of(item.Name, column.Kind == ColumnKind.Text ? double.Parse(column.Texts[row]!, CultureInfo.InvariantCulture) : column.Numbers[row]);
        }

        return values;
    }

    private static ulong? Hex(string? text) => text is null ? null : ulong.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    /// <summary>Cells by name; what an older file lacks is missing.</summary>
    private sealed class Cells(Table table)
    {
        private readonly Dictionary<string, Column> _columns = table.Columns.ToDictionary(c => c.Name, StringComparer.Ordinal);

        public string? Text(string name, int row) => _columns.TryGetValue(name, out var column) ? column.Kind == ColumnKind.Text ? column.Texts[row] : null : null;

        public double Number(string name, int row) => _columns.TryGetValue(name, out var column) && column.Kind != ColumnKind.Text ? column.Numbers[row] : double.NaN;

        public int Whole(string name, int row) => (int)Number(name, row);
    }
}
