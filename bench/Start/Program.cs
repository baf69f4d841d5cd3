using System.Diagnostics;
using System.Globalization;
using Holdfast.Storage;

// Usage: EXECUTABLE [runs]. From the start of the process to the first 200 of /readyz, on a new folder and on one that is there;
// beside it the same executable printing its version, which is what any program of its size costs.
if (args.Length == 0)
{
    Console.Error.WriteLine("usage: dotnet run --project bench/Start -c Release -- EXECUTABLE [runs]");
    return 64;
}

var runs = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 10;
var version = new List<double>();
var fresh = new List<double>();
var known = new List<double>();
using var http = new HttpClient(new SocketsHttpHandler());
for (var i = 0; i < runs; i++)
{
    version.Add(await Version());
    var folder = Directory.CreateTempSubdirectory("holdfast-start-").FullName;
    fresh.Add(await Serve(folder));
    known.Add(await Serve(folder));
    Directory.Delete(folder, recursive: true);
}

Report("--version (the limit)", version);
Report("serve, new folder", fresh);
Report("serve, known folder", known);
return 0;

async Task<double> Version()
{
    var watch = Stopwatch.StartNew();
    using var process = Process.Start(new ProcessStartInfo(args[0], ["--version"]) { RedirectStandardOutput = true })!;
    await process.WaitForExitAsync();
    return watch.Elapsed.TotalMilliseconds;
}

async Task<double> Serve(string folder)
{
    var watch = Stopwatch.StartNew();
    using var process = Process.Start(new ProcessStartInfo(args[0], ["serve", "--data", folder, "--port", "0"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
    process.BeginErrorReadLine();
    process.BeginOutputReadLine();
    while (DataFolder.RunningServer(folder) is null)
        await Task.Delay(2);
    (await http.GetAsync(new Uri(new Uri(DataFolder.RunningServer(folder)!.Url), "/readyz"))).EnsureSuccessStatusCode();
    var took = watch.Elapsed.TotalMilliseconds;
    using var kill = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]);
    await process.WaitForExitAsync();
    return took;
}

void Report(string what, List<double> times)
{
    times.Sort();
    var limit = version[version.Count / 2];
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what,-24} median {times[times.Count / 2],6:0} ms   best {times[0],6:0} ms   worst {times[^1],6:0} ms   {times[times.Count / 2] / limit,5:0.0} x the limit"));
}
