using System.Diagnostics;
using System.Globalization;
using Holdfast.Bench.Drift;

// Usage: EXECUTABLE [rows] [runs], or make FOLDER rows for the files alone. `holdfast drift` of two files beside a program that only reads both into columns of double, each as a process of its
// own, with all cores; CSV (Sylvan.Data.Csv, a thread a file) and Parquet (DuckDB). Wall and processor seconds, best of the runs.
if (args is ["read", var format, var first, var second])
    return Readers.Read(format, first, second);
if (args is ["make", var target, var many])
{
    Files.Make(Directory.CreateDirectory(target).FullName, int.Parse(many, CultureInfo.InvariantCulture));
    return 0;
}

if (args.Length == 0)
{
    Console.Error.WriteLine("usage: dotnet run --project bench/Drift -c Release -- EXECUTABLE [rows] [runs]");
    return 64;
}

var rows = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 1_000_000;
var runs = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 5;
var folder = Directory.CreateTempSubdirectory("holdfast-bench-").FullName;
try
{
    Files.Make(folder, rows);
    foreach (var kind in Files.Formats)
    {
        string[] files = [Path.Combine(folder, $"{Files.Name(0)}.{kind}"), Path.Combine(folder, $"{Files.Name(1)}.{kind}")];
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{kind}: two files of {rows:N0} rows x 25 columns, {files.Sum(f => new FileInfo(f).Length) / 1e6:0} MB, {Environment.ProcessorCount} cores, best of {runs}"));
        var read = Best(Environment.ProcessPath!, ["read", kind, .. files], 0);
        var drift = Best(args[0], ["drift", .. files, "--output", "json", "--memory", "4GiB"], 2);
        Print("read into columns of double (the limit)", read, read);
        Print("holdfast drift", drift, read);
    }
}
finally
{
    Directory.Delete(folder, recursive: true);
}

return 0;

(double Wall, double Processor) Best(string program, string[] arguments, int exit)
{
    double wall = double.PositiveInfinity, processor = double.PositiveInfinity;
    for (var run = 0; run < runs; run++)
    {
        var before = OfChildren();
        var watch = Stopwatch.StartNew();
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != exit && process.ExitCode != 0)
            throw new InvalidOperationException($"{program} ended with {process.ExitCode}.");
        wall = Math.Min(wall, watch.Elapsed.TotalSeconds);
        processor = Math.Min(processor, OfChildren() - before);
    }

    return (wall, processor);
}

// Processor seconds of all ended children: fields 16 and 17 of /proc/self/stat, in hundredths.
static double OfChildren()
{
    var fields = File.ReadAllText("/proc/self/stat").Split(") ")[1].Split(' ');
    return (double.Parse(fields[13], CultureInfo.InvariantCulture) + double.Parse(fields[14], CultureInfo.InvariantCulture)) / 100;
}

static void Print(string what, (double Wall, double Processor) time, (double Wall, double Processor) limit) =>
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {what,-42} {time.Wall,7:0.00} s   processor {time.Processor,7:0.00} s   {time.Wall / limit.Wall,5:0.00} x, processor {time.Processor / limit.Processor:0.00} x"));
