using Holdfast.Kernel;
using Holdfast.Storage;
using Holdfast.Storage.Blobs;
using Holdfast.Storage.Tables;

namespace Holdfast.Predictions;

/// <summary>
/// Turns closed segments into Parquet. The files come first, under names that a repetition uses again; then one commit says that the
/// segment is read there; then the lines go. A crash in between repeats or finishes the rest.
/// </summary>
internal sealed class Compactor(PartStore store, IBlobStore blobs, DataFolder data)
{
    private const long Memory = 512L << 20;

    /// <summary>The segments that are not written any more and wholly in the tables, with their last possible sequence number.</summary>
    public static List<(long Segment, long Last)> Closed(EndpointLog log)
    {
        var segments = log.Files.Segments();
        return [.. segments.Zip(segments.Skip(1), (s, next) => (s, next - 1)).TakeWhile(s => s.Item2 <= Volatile.Read(ref log.CommittedSeq))];
    }

    /// <summary>Moves one closed segment into Parquet, leaving lines out.</summary>
    public async Task Compact(EndpointLog log, long segment, long last, IReadOnlySet<long>? without, CancellationToken ct)
    {
        var scratch = Directory.CreateDirectory(Path.Combine(data.Temporary, "parts-" + Ids.Hex32()));
        try
        {
            var features = new FeatureColumns();
            var hours = new SortedDictionary<long, (long Lines, long Predictions, long Labels)>();
            foreach (var (_, entry) in Lines(log, segment, without))
            {
                if (entry is PredictionEntry prediction)
                    features.See(prediction);
                var hour = PartFile.HourOf(entry.At.ToUnixTimeMilliseconds());
                var (lines, predictions, labels) = hours.GetValueOrDefault(hour);
                hours[hour] = (lines + 1, predictions + (entry is PredictionEntry ? 1 : 0), labels + (entry is LabelEntry ? 1 : 0));
            }

            var parts = new List<NewPart>();
            if (hours.Count > 0)
            {
                using var connection = DuckEngine.Open([scratch.FullName], scratch.FullName, Memory);
                var table = new PartTable(connection, features);
                table.Append(Lines(log, segment, without));
                foreach (var (hour, count) in hours)
                {
                    ct.ThrowIfCancellationRequested();
                    var file = Path.Combine(scratch.FullName, "part.parquet");
                    table.Write(hour, file);
                    parts.Add(new NewPart(hour, PartFile.KeyOf(log.Key, segment, hour), count.Lines, count.Predictions, count.Labels, await Put(PartFile.KeyOf(log.Key, segment, hour), file, ct)));
                }
            }

            var compacted = await store.Add(log, segment, last, parts, [.. features.All.Select(f => f.Column)], ct);
            log.Parts = log.Parts.With(compacted);
            log.Files.Delete(segment);
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }

    /// <summary>Writes a part again without some lines.</summary>
    public async Task Rewrite(EndpointLog log, PartFile part, IReadOnlyCollection<long> without, string suffix, CancellationToken ct)
    {
        if (await blobs.LocalPath(part.Key, ct) is not { } path)
            return;
        var scratch = Directory.CreateDirectory(Path.Combine(data.Temporary, "parts-" + Ids.Hex32()));
        try
        {
            var file = Path.Combine(scratch.FullName, "part.parquet");
            long lines = 0, predictions = 0, labels = 0;
            using (var connection = DuckEngine.Open([scratch.FullName], scratch.FullName, Memory, files: [path]))
            {
                DuckEngine.Run(connection, "create table gone (seq bigint)", ct);
                using (var appender = DuckEngine.Appender(connection, "gone"))
                {
                    foreach (var seq in without)
                        appender.CreateRow().AppendValue(seq).EndRow();
                }

                DuckEngine.Run(connection, $"copy (select * from read_parquet({DuckEngine.Quote(path)}) where seq not in (select seq from gone) order by seq) to {DuckEngine.Quote(file)} ({PartTable.Format})", ct);
                DuckResults.Read(connection, $"select kind, count(*) as n from read_parquet({DuckEngine.Quote(file)}) group by kind", "", 10, table =>
                {
                    for (var row = 0; row < table.Rows; row++)
                    {
                        var count = (long)table.Find("n")!.Numbers[row];
                        lines += count;
                        predictions += table.Find("kind")!.Texts[row] == "prediction" ? count : 0;
                        labels += table.Find("kind")!.Texts[row] == "label" ? count : 0;
                    }
                });
            }

            if (lines == part.Lines)
                return;
            if (lines == 0)
            {
                await store.Drop(log, [part], ct);
                log.Parts = log.Parts.Without([part]);
                return;
            }

            var key = PartFile.KeyOf(log.Key, part.Segment, part.Hour, suffix);
            var next = part with { Key = key, Lines = lines, Predictions = predictions, Labels = labels, Bytes = await Put(key, file, ct) };
            await store.Replace(log, part, next, ct);
            log.Parts = log.Parts.Replace(next);
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }

    /// <summary>Removes the files that nothing refers to any more.</summary>
    public async Task EmptyTrash(CancellationToken ct)
    {
        for (List<string> keys; (keys = await store.Trash(ct)).Count > 0;)
        {
            foreach (var key in keys)
            {
                await blobs.Delete(key, ct);
                await store.Emptied(key, ct);
            }
        }
    }

    private static IEnumerable<(long Seq, LogEntry Entry)> Lines(EndpointLog log, long segment, IReadOnlySet<long>? without) =>
        log.Files.Read(segment).Where(l => without?.Contains(l.Seq) != true).Select(l => (l.Seq, l.Entry));

    private async Task<long> Put(string key, string file, CancellationToken ct)
    {
        await using var content = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, useAsync: true);
        return await blobs.Put(key, content, ct);
    }
}
