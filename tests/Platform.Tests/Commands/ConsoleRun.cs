using System.Globalization;
using System.Text;
using Holdfast.Commands;

namespace Holdfast.Platform.Tests.Commands;

/// <summary>A command's exit code and what it wrote; for tests of the collection "console", which have the console for themselves.</summary>
internal sealed record ConsoleRun(int Code, string Output, string Error)
{
    public static async Task<ConsoleRun> Of(params string[] args)
    {
        var (output, error) = (Console.Out, Console.Error);
        using var written = new StringWriter(CultureInfo.InvariantCulture);
        using var told = new StringWriter(CultureInfo.InvariantCulture);
        Console.SetOut(written);
        Console.SetError(told);
        try
        {
            return new ConsoleRun(await Cli.Run(args, TestContext.Current.CancellationToken), written.ToString(), told.ToString());
        }
        finally
        {
            Console.SetOut(output);
            Console.SetError(error);
        }
    }
}

/// <summary>Tables of known content, made from a seed.</summary>
internal sealed class MadeTable(int seed)
{
    private readonly Random _random = new(seed);
    private readonly List<(string Name, Func<int, string> Cell)> _columns = [];

    /// <summary>Normal values about 50, changed by a function; null is missing.</summary>
    public MadeTable Normal(string name, Func<int, double, double?>? change = null) => Add(name, i =>
    {
        var value = 50 + (10 * Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble()));
        return (change is null ? value : change(i, value)) is { } number ? Math.Round(number, 4).ToString(CultureInfo.InvariantCulture) : "";
    });

    /// <summary>One of some words.</summary>
    public MadeTable Words(string name, params string[] words) => Add(name, _ => words[_random.Next(words.Length)]);

    /// <summary>A chance in [0, 1).</summary>
    public double Chance() => _random.NextDouble();

    public MadeTable Add(string name, Func<int, string> cell)
    {
        _columns.Add((name, cell));
        return this;
    }

    public string Csv(string path, int rows)
    {
        var text = new StringBuilder(string.Join(',', _columns.Select(c => c.Name)) + "\n");
        for (var i = 0; i < rows; i++)
            text.AppendJoin(',', _columns.Select(c => c.Cell(i))).Append('\n');
        File.WriteAllText(path, text.ToString());
        return path;
    }
}
