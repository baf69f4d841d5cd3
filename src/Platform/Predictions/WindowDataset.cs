using System.Globalization;
using System.Text;
using Holdfast.Contracts;
using Holdfast.Data;
using Holdfast.Kernel;
using Holdfast.Storage;

namespace Holdfast.Predictions;

/// <summary>A window of the log as a dataset version.</summary>
/// <param name="Rows">Rows of the version: labelled and not set aside.</param>
/// <param name="Labelled">Labelled predictions of the window, those set aside included.</param>
/// <param name="LabelCoverage"><paramref name="Rows"/> over all predictions of the window that are not set aside.</param>
/// <param name="Quarantined">Predictions of the window that are set aside.</param>
public sealed record MaterializedWindow(DatasetVersion Version, long Rows, long Labelled, double LabelCoverage, long Quarantined);

/// <summary>Writes labelled, unquarantined predictions as CSV: <c>event_time</c>, the features, the label; ordered by event time.</summary>
internal sealed class WindowDataset(PredictionStore store, DataService data, DataFolder folder)
{
    private const int RowsPerRead = 2_000;

    public async Task<MaterializedWindow> Write(
        Principal p, EndpointLog log, DateTimeOffset from, DateTimeOffset until, string dataset, MaterializeOptions options, IReadOnlyList<Quarantine> quarantines, DateTimeOffset clock, CancellationToken ct)
    {
        var standing = quarantines.Where(q => q.ReleasedAt is null).ToList();
        // In a folder of its own: the file's name is kept with the version.
        var scratch = Directory.CreateDirectory(Path.Combine(folder.Temporary, "window-" + Ids.Hex32()));
        var path = Path.Combine(scratch.FullName, log.Key.Name + ".csv");
        try
        {
            var columns = options.Features?.ToList() ?? [];
            Count count;
            // A feature that first appears late adds a column; the file is then begun again, which is rare.
            while ((count = await TryWrite(path, log, from, until, options, columns, standing, ct)).Restart)
            {
            }

            if (count.Rows == 0)
            {
                throw new HoldfastException(
                    ErrorCode.FailedPrecondition,
                    $"The window {from:O} to {until:O} of '{log.Key.Name}' has no labelled row that is not set aside: {count.Seen} predictions, {count.Labelled} with labels, {count.Quarantined} in quarantine.",
                    "Post labels to /api/v1/endpoints/{name}/labels, or take an earlier window.");
            }

            var version = await data.Add(p, dataset, path, string.Create(CultureInfo.InvariantCulture, $"predictions/{log.Key.Name} {from.UtcDateTime:O}/{until.UtcDateTime:O}"), clock, ct);
            return new MaterializedWindow(version, count.Rows, count.Labelled, (double)count.Rows / (count.Seen - count.Quarantined), count.Quarantined);
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }

    private readonly record struct Count(long Seen, long Labelled, long Quarantined, long Rows, bool Restart = false);

    private async Task<Count> TryWrite(
        string path, EndpointLog log, DateTimeOffset from, DateTimeOffset until, MaterializeOptions options, List<string> columns, List<Quarantine> standing, CancellationToken ct)
    {
        await using var csv = new StreamWriter(path, append: false, new UTF8Encoding(false), 1 << 16);
        await csv.WriteAsync($"{string.Join(',', ((string[])["event_time", .. columns, options.LabelColumn]).Select(Quoted))}\n");
        var count = default(Count);
        var index = columns.Select((name, i) => (name, i)).ToDictionary(c => c.name, c => c.i, StringComparer.Ordinal);
        var cells = new string[columns.Count];
        (long, long)? after = null;
        while (true)
        {
            var rows = await store.Rows(log, new RowFilter(from, until), after, RowsPerRead, ct);
            var wanted = rows.Where(r => r.Label is not null && !standing.Exists(q => q.Holds(DateTimeOffset.FromUnixTimeMilliseconds(r.Place.At)))).ToList();
            foreach (var (row, read) in wanted.Zip(await log.ReadAt([.. wanted.Select(r => r.Place)], ct)))
            {
                // Deleted while this was read.
                if (read is not { } entry)
                    continue;
                Array.Fill(cells, "");
                foreach (var feature in entry.Features)
                {
                    if (index.TryGetValue(feature.Name, out var column))
                        cells[column] = feature.Text is { } text ? Quoted(text) : double.IsNaN(feature.Number) ? "" : feature.Number.ToString("R", CultureInfo.InvariantCulture);
                    else if (options.Features is null)
                    {
                        columns.AddRange(entry.Features.Select(f => f.Name).Where(n => !index.ContainsKey(n)));
                        return count with { Restart = true };
                    }
                }

                await csv.WriteAsync($"{entry.At.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fff}Z,{string.Concat(cells.Select(c => c + ","))}{Quoted(row.Label!)}\n");
            }

            var held = rows.Count(r => standing.Exists(q => q.Holds(DateTimeOffset.FromUnixTimeMilliseconds(r.Place.At))));
            count = new Count(count.Seen + rows.Count, count.Labelled + rows.Count(r => r.Label is not null), count.Quarantined + held, count.Rows + wanted.Count);
            if (rows.Count < RowsPerRead)
                return count;
            after = (rows[^1].Place.At, rows[^1].Place.Seq);
        }
    }

    private static string Quoted(string text) =>
        text.AsSpan().IndexOfAny(",\"\r\n") < 0 && text.Length > 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
