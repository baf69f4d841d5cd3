using System.Globalization;
using DuckDB.NET.Data;
using Holdfast.Storage.Tables;

namespace Holdfast.Predictions;

/// <summary>Entries of the log as a table of DuckDB: the way into Parquet, and how a query sees what is not there yet.</summary>
internal sealed class PartTable
{
    public const string FeaturePrefix = "features.";

    /// <summary>How parts are written. Row groups are small, so that single rows are found by the groups' statistics.</summary>
    public const string Format = "format parquet, compression zstd, row_group_size 16384";

    /// <summary>Column of the file, its type while it is written, and how it leaves the table.</summary>
    private static readonly (string Name, string Type, string? As)[] _fixed =
    [
        ("seq", "bigint", null), ("kind", "varchar", null), ("event_time", "bigint", "epoch_ms(event_time)::timestamptz"), ("id", "varchar", null), ("role", "varchar", null), ("model", "varchar", null),
        ("model_version", "integer", null), ("route_revision", "bigint", null), ("rollout_id", "varchar", null), ("candidate_weight", "double", null), ("unit", "varchar", null),
        ("has_key", "boolean", null), ("entity", "varchar", null), ("score", "double", null), ("prediction", "varchar", null), ("error", "varchar", null), ("fell_back", "boolean", null),
        ("latency_ms", "double", null), ("asked", "varchar", null), ("shadow.model", "varchar", null), ("shadow.model_version", "integer", null), ("shadow.score", "double", null), ("shadow.prediction", "varchar", null),
        ("shadow.error", "varchar", null), ("shadow.latency_ms", "double", null), ("prediction_id", "varchar", null), ("value", "varchar", null), ("label_seq", "bigint", null),
        ("reason", "varchar", null), ("shape", "varchar", null),
    ];

    private readonly DuckDBConnection _connection;
    private readonly FeatureColumns _features;

    /// <summary>Makes the table.</summary>
    public PartTable(DuckDBConnection connection, FeatureColumns features)
    {
        (_connection, _features) = (connection, features);
        var columns = _fixed.Select(c => $"{DuckEngine.Name(c.Name)} {c.Type}").Concat(features.All.Select(f => $"{DuckEngine.Name(FeaturePrefix + f.Column)} {(f.IsText ? "varchar" : "double")}"));
        DuckEngine.Execute(connection, $"create table recent ({string.Join(", ", columns)})");
    }

    /// <summary>The table as a file of the log has it.</summary>
    public string Select => $"select {string.Join(", ", _fixed.Select(c => c.As is null ? DuckEngine.Name(c.Name) : $"{c.As} as {DuckEngine.Name(c.Name)}").Concat(_features.All.Select(f => DuckEngine.Name(FeaturePrefix + f.Column))))} from recent";

    /// <summary>Takes in entries, which the columns must have seen.</summary>
    public long Append(IEnumerable<(long Seq, LogEntry Entry)> entries)
    {
        var count = 0L;
        using var appender = DuckEngine.Appender(_connection, "recent");
        foreach (var (seq, entry) in entries)
        {
            Append(appender.CreateRow(), seq, entry);
            count++;
        }

        return count;
    }

    /// <summary>Writes the lines of an hour in the order of the log.</summary>
    public void Write(long hour, string path) =>
        DuckEngine.Execute(_connection, string.Create(
            CultureInfo.InvariantCulture,
            $"copy ({Select} where recent.event_time >= {hour} and recent.event_time < {hour + PartFile.HourMs} order by seq) to {DuckEngine.Quote(path)} ({Format})"));

    private void Append(IDuckDBAppenderRow row, long seq, LogEntry entry)
    {
        var prediction = entry as PredictionEntry;
        var label = entry as LabelEntry;
        row.AppendValue(seq).AppendValue(prediction is not null ? "prediction" : label is not null ? "label" : "clock").AppendValue(entry.At.ToUnixTimeMilliseconds());
        if (prediction is not null)
            Append(row, prediction);
        else
            Nulls(row, 22);
        if (label is not null)
            row.AppendValue(label.PredictionId).AppendValue(label.Value).AppendValue(label.LabelSeq);
        else
            Nulls(row, 3);
        row.AppendValue((entry as ClockEntry)?.Reason);
        if (prediction is null)
        {
            Nulls(row, 1 + _features.Count);
        }
        else
        {
            row.AppendValue(_features.Shape(prediction.Features));
            Features(row, prediction.Features);
        }

        row.EndRow();
    }

    private static void Append(IDuckDBAppenderRow row, PredictionEntry p)
    {
        row.AppendValue(p.Id).AppendValue(p.Role).AppendValue(p.Model).AppendValue(p.ModelVersion).AppendValue(p.RouteRevision).AppendValue(p.RolloutId).AppendValue(p.CandidateWeight)
            .AppendValue(Hex(p.Unit)).AppendValue(p.HasKey).AppendValue(p.Entity is { } entity ? Hex(entity) : null).AppendValue(Known(p.Score)).AppendValue(p.Prediction).AppendValue(p.Error)
            .AppendValue(p.FellBack).AppendValue(Known(p.LatencyMs)).AppendValue(p.Asked);
        if (p.Shadow is { } s)
            row.AppendValue(s.Model).AppendValue(s.ModelVersion).AppendValue(Known(s.Score)).AppendValue(s.Prediction).AppendValue(s.Error).AppendValue(Known(s.LatencyMs));
        else
            Nulls(row, 6);
    }

    // Values by column: a row may lack features of others and have its own order.
    private void Features(IDuckDBAppenderRow row, IReadOnlyList<FeatureValue> features)
    {
        var at = new int[_features.Count];
        for (var f = 0; f < features.Count; f++)
            at[_features.IndexOf(features[f].Name)] = f + 1;
        for (var i = 0; i < at.Length; i++)
        {
            if (at[i] == 0 || features[at[i] - 1] is not { IsMissing: false } value)
                row.AppendNullValue();
            else if (_features.All[i].IsText)
                row.AppendValue(value.Text ?? value.Number.ToString("R", CultureInfo.InvariantCulture));
            else
                row.AppendValue(value.Number);
        }
    }

    private static double? Known(double value) => double.IsFinite(value) ? value : null;

    private static string Hex(ulong value) => value.ToString("x16", CultureInfo.InvariantCulture);

    private static void Nulls(IDuckDBAppenderRow row, int count)
    {
        for (; count > 0; count--)
            row.AppendNullValue();
    }
}
