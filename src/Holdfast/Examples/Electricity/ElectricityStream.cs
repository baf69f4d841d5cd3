using Holdfast.Contracts;
using Holdfast.Registry;
using Holdfast.Storage.Tables;

namespace Holdfast.Examples.Electricity;

/// <summary>
/// The Elec2 stream (Harries 1999): half-hours of the New South Wales market from 7 May 1996. The label, whether the price stands
/// above its mean of the last 24 hours, is known a day later.
/// </summary>
internal sealed class ElectricityStream
{
    /// <summary>Half-hours until a label is known.</summary>
    public const int LabelDelay = 48;

    public const string Label = "class";

    private static readonly DateTimeOffset First = new(1996, 5, 7, 0, 0, 0, TimeSpan.Zero);

    public ElectricityStream(string path, int? rows = null)
    {
        var table = TableReader.Read(path);
        Table = rows is { } few && few < table.Rows ? Part(table, Enumerable.Range(0, few), false) : table;
        Data = new ExampleData(Table, [.. Features.Select(f => new SignatureField(f, "FP64"))], Label, path);
        if (Rows < 5000)
            throw new HoldfastException(ErrorCode.InvalidArgument, $"{path} has {Rows} usable rows.", "Give at least 5,000 half-hours; the whole stream has 45,312.");
    }

    public static IReadOnlyList<string> Features { get; } = ["period", "nswprice", "nswdemand", "vicprice", "vicdemand", "transfer"];

    public Table Table { get; }

    public ExampleData Data { get; }

    public int Rows => Data.Rows;

    /// <summary>First row after the history that the first model learns from: a fifth of the stream.</summary>
    public int Start => Rows / 5;

    public static DateTimeOffset At(int row) => First.AddMinutes(30 * row);

    public double Value(int feature, int row) => Table.Find(Features[feature])!.Numbers[row];

    /// <summary>The history as two files: every tenth row is held out for the gate.</summary>
    public void WriteHistory(string folder)
    {
        Directory.CreateDirectory(folder);
        TableWriter.WriteCsv(Path.Combine(folder, "history.csv"), Part(Table, Enumerable.Range(0, Start).Where(row => row % 10 != 9), true));
        TableWriter.WriteCsv(Path.Combine(folder, "holdout.csv"), Part(Table, Enumerable.Range(0, Start).Where(row => row % 10 == 9), true));
    }

    private static Table Part(Table table, IEnumerable<int> rows, bool withTime)
    {
        var chosen = rows.ToArray();
        List<Column> columns = [.. table.Columns.Select(c => c.Kind == ColumnKind.Text ? new Column(c.Name, [.. chosen.Select(r => c.Texts[r])]) : new Column(c.Name, [.. chosen.Select(r => c.Numbers[r])], c.Kind))];
        if (withTime)
            columns.Insert(0, new Column("event_time", [.. chosen.Select(r => (double)At(r).ToUnixTimeMilliseconds())], ColumnKind.Time));
        return new Table(columns);
    }
}
