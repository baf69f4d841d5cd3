using System.Globalization;
using DuckDB.NET.Data;

namespace Holdfast.Bench.Drift;

/// <summary>Two files of 20 numeric and 5 categorical columns, as CSV and as Parquet; half of the numbers have all their digits, the others few decimals.</summary>
internal static class Files
{
    public static readonly string[] Formats = ["csv", "parquet"];

    public static void Make(string folder, int rows)
    {
        Parallel.For(0, 2, side => Csv(Path.Combine(folder, Name(side) + ".csv"), side + 1, rows, 0.05 * side));
        using var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        foreach (var side in new[] { 0, 1 })
        {
            using var command = connection.CreateCommand();
            command.CommandText = $"copy (select * from read_csv('{Path.Combine(folder, Name(side))}.csv')) to '{Path.Combine(folder, Name(side))}.parquet' (format parquet)";
            command.ExecuteNonQuery();
        }
    }

    public static string Name(int side) => side == 0 ? "reference" : "current";

    private static void Csv(string path, int seed, int rows, double shift)
    {
        var random = new Random(seed);
        using var file = new StreamWriter(path, append: false, new System.Text.UTF8Encoding(false), 1 << 16);
        file.WriteLine(string.Join(',', [.. Enumerable.Range(0, 20).Select(i => $"n{i}"), .. Enumerable.Range(0, 5).Select(i => $"c{i}")]));
        Span<char> room = stackalloc char[40];
        for (var row = 0; row < rows; row++)
        {
            for (var c = 0; c < 20; c++)
            {
                var value = Number(c, random, shift);
                if (!double.IsNaN(value) && value.TryFormat(room, out var written, provider: CultureInfo.InvariantCulture))
                    file.Write(room[..written]);
                file.Write(',');
            }

            for (var c = 0; c < 5; c++)
            {
                file.Write("level ");
                file.Write((int)(Levels(c) * Math.Pow(random.NextDouble(), 1.5 + shift)));
                file.Write(c == 4 ? '\n' : ',');
            }
        }
    }

    private static int Levels(int column) => column switch { 0 => 3, 1 => 8, 2 => 20, 3 => 60, _ => 200 };

    private static double Number(int column, Random random, double shift) => column switch
    {
        < 8 => Normal(random) + shift,
        < 12 => Math.Round(Math.Exp(Normal(random) + shift), 2),
        < 14 => random.NextDouble() < 0.6 ? 0 : Math.Round(100 * random.NextDouble(), 2),
        < 16 => random.Next(10),
        < 18 => random.NextDouble(),
        18 => random.NextDouble() < 0.05 ? double.NaN : Math.Round(Normal(random), 4),
        _ => 1.7e9 + random.Next(int.MaxValue),
    };

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
