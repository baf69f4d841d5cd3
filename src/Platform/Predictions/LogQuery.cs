using System.Globalization;
using System.Text.Json;
using DuckDB.NET.Data;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Storage;
using Holdfast.Storage.Tables;

namespace Holdfast.Predictions;

/// <summary>How the result of a query is written.</summary>
public enum QueryFormat
{
    /// <summary>An array of objects.</summary>
    Json,

    /// <summary>CSV with a header line.</summary>
    Csv,

    /// <summary>Apache Parquet.</summary>
    Parquet,
}

/// <summary>A query over an endpoint's log.</summary>
/// <param name="Sql">One SELECT over <c>predictions</c>, <c>labels</c> and <c>log</c>.</param>
/// <param name="Limit">Rows of the result, 1 to 1,000,000; default 10,000.</param>
/// <param name="From">Predictions of event time from here on; whole hours before are not even opened.</param>
/// <param name="Until">Predictions before this.</param>
public sealed record LogQuestion(string Sql, QueryFormat Format = QueryFormat.Json, int Limit = LogQuestion.DefaultLimit, DateTimeOffset? From = null, DateTimeOffset? Until = null)
{
    /// <summary>Rows of a result that asks for no number.</summary>
    public const int DefaultLimit = 10_000;
}

/// <summary>The result of a query as a file; disposing it removes the file.</summary>
/// <param name="Truncated">Whether there would have been more rows.</param>
public sealed record LogResult(string Path, long Rows, bool Truncated) : IDisposable
{
    /// <inheritdoc />
    public void Dispose() => Directory.Delete(System.IO.Path.GetDirectoryName(Path)!, recursive: true);
}

/// <summary>
/// SQL over one endpoint's log, by DuckDB: a throw-away instance that sees the endpoint's Parquet files, a copy of the lines that are
/// not there yet, and nothing else; the statement must be a single SELECT, because the engine could write what it may read.
/// </summary>
internal sealed class LogQuery(PartReader reader, DataFolder data) : IDisposable
{
    private const int MostRows = 1_000_000;
    private const long Memory = 1L << 30;
    private const long Spill = 4L << 30;
    private const int Patience = 60;
    private const string Hint = "The views are predictions (id, event_time, role, model, version, weight, score, prediction, error, latency_ms, features, shadow, label, correct, ...), labels and log; features.NAME is a feature.";
    private readonly SemaphoreSlim _turns = new(2, 2);

    public void Dispose() => _turns.Dispose();

    public async Task<LogResult> Run(EndpointLog log, LogQuestion question, CancellationToken ct)
    {
        if (string.IsNullOrWhiteSpace(question.Sql))
            throw new HoldfastException(ErrorCode.InvalidArgument, "There is no query.", Hint);
        if (question.Limit is < 1 or > MostRows)
            throw new HoldfastException(ErrorCode.InvalidArgument, $"The limit is {question.Limit:N0}.", $"Use 1 to {MostRows:N0}.");
        await _turns.WaitAsync(ct);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(TimeSpan.FromSeconds(Patience));
        var scratch = Directory.CreateDirectory(System.IO.Path.Combine(data.Temporary, "query-" + Ids.Hex32()));
        try
        {
            return await Run(log, question, scratch.FullName, patience.Token);
        }
        catch (Exception e)
        {
            scratch.Delete(recursive: true);
            if (patience.IsCancellationRequested && !ct.IsCancellationRequested)
                throw new HoldfastException(ErrorCode.Timeout, $"The query took longer than {Patience} s.", "Ask for a shorter time with from and until, or read the Parquet files yourself.", e);
            if (e is DuckDBException or InvalidDataException)
                throw new HoldfastException(ErrorCode.InvalidArgument, "The query was refused: " + e.Message.ReplaceLineEndings(" "), Hint, e);
            throw;
        }
        finally
        {
            _turns.Release();
        }
    }

    private async Task<LogResult> Run(EndpointLog log, LogQuestion question, string scratch, CancellationToken ct)
    {
        var (index, features, lines) = Recent(log);
        var parts = index.All.Where(p => InTime(p, question) || p.Labels > 0).ToList();
        var paths = await reader.Paths(parts, ct);
        using var connection = DuckEngine.Open([scratch], scratch, Memory, Spill, paths);
        Check(connection, question.Sql);
        var recent = new PartTable(connection, features);
        recent.Append(lines);
        var columns = features.All.Select(f => f.Column).Concat(parts.SelectMany(p => p.Columns)).Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        foreach (var view in Views(recent.Select, paths, columns, question))
            DuckEngine.Run(connection, view, ct);
        DuckEngine.Run(connection, $"create table result as select * from (\n{question.Sql.Trim().TrimEnd(';')}\n) limit {(question.Limit + 1).ToString(CultureInfo.InvariantCulture)}", ct);
        var rows = 0L;
        DuckResults.Read(connection, "select count(*) as n from result", "", 1, table => rows = table.Rows > 0 ? (long)table.Columns[0].Numbers[0] : rows);
        var (ending, how) = question.Format switch
        {
            QueryFormat.Csv => ("csv", "format csv, header"),
            QueryFormat.Parquet => ("parquet", "format parquet, compression zstd"),
            _ => ("json", "format json, array"),
        };
        var file = System.IO.Path.Combine(scratch, "result." + ending);
        DuckEngine.Run(connection, $"copy (select * from result limit {question.Limit.ToString(CultureInfo.InvariantCulture)}) to {DuckEngine.Quote(file)} ({how})", ct);
        return new LogResult(file, Math.Min(rows, question.Limit), rows > question.Limit);
    }

    // What is in Parquet and, bounded by what was committed, the lines of the other segments. A segment that goes into Parquet meanwhile begins it anew.
    private static (PartIndex Index, FeatureColumns Features, List<(long Seq, LogEntry Entry)> Lines) Recent(EndpointLog log)
    {
        while (true)
        {
            var index = log.Parts;
            var last = Volatile.Read(ref log.CommittedSeq);
            var features = new FeatureColumns();
            var lines = new List<(long, LogEntry)>();
            try
            {
                foreach (var segment in log.Files.Segments().Where(s => !index.Segments.ContainsKey(s)))
                {
                    foreach (var (seq, entry, _) in log.Files.Read(segment).TakeWhile(l => l.Seq <= last))
                    {
                        if (entry is PredictionEntry prediction)
                            features.See(prediction);
                        lines.Add((seq, entry));
                    }
                }

                return (index, features, lines);
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException && log.Parts != index)
            {
                // Once more, with the parts that it became.
            }
        }
    }

    private static IEnumerable<string> Views(string recent, IReadOnlyList<string> paths, List<string> columns, LogQuestion question)
    {
        var parquet = paths.Count == 0 ? "" : $" union all by name select * from read_parquet([{string.Join(", ", paths.Select(DuckEngine.Quote))}], union_by_name = true)";
        yield return $"create view log as {recent}{parquet}";
        yield return "create view labels as select prediction_id, value, event_time as label_at, label_seq from log where kind = 'label'";
        var features = columns.Count == 0 ? "null" : $"{{{string.Join(", ", columns.Select(c => $"{DuckEngine.Quote(c)}: {DuckEngine.Name(PartTable.FeaturePrefix + c)}"))}}}";
        var time = (question.From is { } from ? $" and event_time >= {Moment(from)}" : "") + (question.Until is { } until ? $" and event_time < {Moment(until)}" : "");
        yield return $$"""
            create view predictions as
            select p.id, p.event_time, p.role, p.model, p.model_version as version, p.route_revision, p.rollout_id, p.candidate_weight as weight, p.score, p.prediction, p.error, p.fell_back, p.latency_ms, p.asked,
                {{features}} as features,
                case when p."shadow.model" is not null then {'model': p."shadow.model", 'version': p."shadow.model_version", 'score': p."shadow.score", 'prediction': p."shadow.prediction", 'error': p."shadow.error", 'latency_ms': p."shadow.latency_ms"} end as shadow,
                l.label, l.label_at,
                case when l.label is not null then l.label = p.prediction or coalesce(try_cast(l.label as double) = try_cast(p.prediction as double), false) end as correct
            from (select * from log where kind = 'prediction'{{time}}) p
            left join (select prediction_id, arg_max(value, label_seq) as label, arg_max(label_at, label_seq) as label_at from labels group by prediction_id) l on l.prediction_id = p.id
            """;
    }

    // The parser's own word: only a SELECT can be written as JSON.
    private static void Check(DuckDBConnection connection, string sql)
    {
        var told = "";
        DuckResults.Read(connection, $"select json_serialize_sql({DuckEngine.Quote(sql)})::varchar as told", "", 1, table => told = table.Rows > 0 ? table.Columns[0].Texts[0] ?? "" : told);
        using var document = JsonDocument.Parse(told);
        if (document.RootElement.TryGetProperty("error", out var error) && error.GetBoolean())
            throw new HoldfastException(ErrorCode.InvalidArgument, "The query was refused: " + document.RootElement.GetProperty("error_message").GetString()?.ReplaceLineEndings(" ").Replace("serialized to json", "asked", StringComparison.Ordinal), Hint);
        if (document.RootElement.GetProperty("statements").GetArrayLength() != 1)
            throw new HoldfastException(ErrorCode.InvalidArgument, "The query holds more than one statement.", "Send a single SELECT.");
    }

    private static bool InTime(PartFile part, LogQuestion question) =>
        (question.From is not { } from || part.Hour + PartFile.HourMs > from.ToUnixTimeMilliseconds()) && (question.Until is not { } until || part.Hour < until.ToUnixTimeMilliseconds());

    private static string Moment(DateTimeOffset at) => string.Create(CultureInfo.InvariantCulture, $"timestamptz '{at.UtcDateTime:yyyy-MM-dd HH:mm:ss.fff}+00'");
}
