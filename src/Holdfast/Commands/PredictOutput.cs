using System.Globalization;
using System.Text;
using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Storage.Tables;

namespace Holdfast.Commands;

/// <summary>
/// The answers of <c>predict</c>. They grow as CSV in <c>FILE.part</c>, a line a row, so that an interrupted run can go on; in the end
/// that becomes the file, in the form that its name asks for.
/// </summary>
internal sealed class PredictOutput : IDisposable
{
    private static readonly string[] _columns = ["row", "prediction", "score", "prediction_id", "variant", "model_version", "error"];
    private readonly string? _path;
    private readonly IReadOnlyList<string> _keep;
    private readonly TextWriter _writer;

    private PredictOutput(string? path, IReadOnlyList<string> keep, TextWriter writer, long before, long failedBefore) =>
        (_path, _keep, _writer, Before, FailedBefore) = (path, keep, writer, before, failedBefore);

    /// <summary>Rows that an earlier run has written.</summary>
    public long Before { get; }

    /// <summary>Those of them without an answer.</summary>
    public long FailedBefore { get; }

    public static PredictOutput Open(string? path, IReadOnlyList<string> keep, bool resume)
    {
        var header = string.Join(',', _columns.Concat(keep).Select(Field));
        if (path is null)
        {
            if (resume)
                throw new HoldfastException(ErrorCode.InvalidArgument, "There is nothing to go on with: the answers went to stdout.", "Use --resume together with --out.");
            Console.Out.WriteLine(header);
            return new PredictOutput(null, keep, Console.Out, 0, 0);
        }

        if (Path.GetExtension(path) is not (".csv" or ".jsonl" or ".ndjson" or ".parquet"))
            throw new HoldfastException(ErrorCode.InvalidArgument, $"The form of '{path}' is not known.", "Name a file that ends with .csv, .jsonl or .parquet.");
        var part = path + ".part";
        if (File.Exists(part) && !resume)
            throw new HoldfastException(ErrorCode.FailedPrecondition, $"{part} of an interrupted run is there.", "Go on with --resume, or delete it.");
        var (before, failed, end) = File.Exists(part) ? Whole(part, header) : (0, 0, 0L);
        var file = new FileStream(part, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
        file.SetLength(end);
        file.Position = end;
        var writer = new StreamWriter(file, new UTF8Encoding(false), 1 << 16) { NewLine = "\n" };
        if (end == 0)
            writer.WriteLine(header);
        return new PredictOutput(path, keep, writer, before, failed);
    }

    /// <summary>Writes one answer; false when it is an error.</summary>
    public bool Write(long row, JsonElement answer, Table input, int at)
    {
        _writer.Write(row.ToString(CultureInfo.InvariantCulture));
        for (var i = 1; i < _columns.Length; i++)
        {
            _writer.Write(',');
            _writer.Write(answer.TryGetProperty(_columns[i], out var value) ? Field(value.ToString()) : "");
        }

        foreach (var name in _keep)
        {
            var column = input.Find(name) ?? throw new HoldfastException(ErrorCode.InvalidArgument, $"The file has no column '{name}'.", $"Its columns are {string.Join(", ", input.Names)}.");
            _writer.Write(',');
            _writer.Write(Field(column.Format(at)));
        }

        _writer.WriteLine();
        return !answer.TryGetProperty("error", out _);
    }

    public void Flush() => _writer.Flush();

    /// <summary>All rows are there: makes the file.</summary>
    public void Finish()
    {
        _writer.Flush();
        if (_path is null)
            return;
        _writer.Dispose();
        var part = _path + ".part";
        if (_path.EndsWith(".csv", StringComparison.Ordinal))
        {
            File.Move(part, _path, overwrite: true);
            return;
        }

        var folder = Path.GetDirectoryName(Path.GetFullPath(_path))!;
        using var engine = DuckEngine.Open([folder]);
        DuckEngine.Execute(
            engine,
            $"copy (select * from read_csv({DuckEngine.Quote(Path.GetFullPath(part))}, header = true, delim = ',', quote = '\"', escape = '\"', "
            + "types = {'row': 'BIGINT', 'prediction': 'VARCHAR', 'score': 'DOUBLE', 'prediction_id': 'VARCHAR', 'variant': 'VARCHAR', 'model_version': 'BIGINT', 'error': 'VARCHAR'})) "
            + $"to {DuckEngine.Quote(Path.GetFullPath(_path))} (format {(_path.EndsWith(".parquet", StringComparison.Ordinal) ? "parquet" : "json")})");
        File.Delete(part);
    }

    public void Dispose()
    {
        if (_path is not null)
            _writer.Dispose();
    }

    /// <summary>What a part holds in whole lines, and where they end; a torn last line is cut.</summary>
    private static (long Rows, long Failed, long End) Whole(string part, string header)
    {
        using var file = new FileStream(part, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
        var (lines, failed, end, position) = (0L, 0L, 0L, 0L);
        var (quoted, commas, inError) = (false, 0, false);
        using var first = new MemoryStream();
        for (int b; (b = file.ReadByte()) >= 0;)
        {
            position++;
            if (b == '"')
                quoted = !quoted;
            if (b == ',' && !quoted)
                commas++;
            else if (b != '\n' && commas == _columns.Length - 1)
                inError = true;
            if (b != '\n' || quoted)
            {
                if (lines == 0)
                    first.WriteByte((byte)b);
                continue;
            }

            failed += lines > 0 && inError ? 1 : 0;
            (commas, inError) = (0, false);
            lines++;
            end = position;
        }

        return lines == 0 || Encoding.UTF8.GetString(first.ToArray()) == header
            ? (Math.Max(0, lines - 1), failed, end)
            : throw new HoldfastException(ErrorCode.FailedPrecondition, $"{part} has other columns than this run would write.", "Give the same --keep, or delete it.");
    }

    private static string Field(string text) =>
        text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
