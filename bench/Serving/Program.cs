using System.Diagnostics;
using System.Globalization;
using Holdfast.Bench.Serving;

// The servers are this program again, each a process of its own: its processor time is counted apart from the load's.
if (args is ["serve", _, _, _])
{
    var features = int.Parse(args[3], CultureInfo.InvariantCulture);
    await (args[1] == "bare" ? BareServer.Run(args[2], features) : HoldfastUnderLoad.Run(args[1], args[2], features));
    return;
}

if (args is ["backends", ..])
{
    await BackendBench.Run();
    return;
}

if (args is ["upstream", ..])
{
    await UpstreamBench.Run(args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 16, args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 10);
    return;
}

// Usage: backends | upstream [connections] [seconds] | [connections] [seconds] [features,features] [kind,kind]
var connections = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 32;
var seconds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 10;
var widths = (args.Length > 2 ? args[2] : "20,200").Split(',').Select(w => int.Parse(w, CultureInfo.InvariantCulture));
var kinds = (args.Length > 3 ? args[3] : "bare,plain,watched,split,shadow").Split(',');
var work = Directory.CreateTempSubdirectory("holdfast-bench-");
try
{
    Console.WriteLine($"{connections} connections, {seconds} s a row, {Environment.ProcessorCount} cores; processor time (user + system) of the server alone");
    foreach (var width in widths)
    {
        BenchModel.Write(Path.Combine(work.FullName, $"model-{width}"), width);
        double? bare = null;
        foreach (var kind in kinds)
        {
            var result = await Row(kind, width);
            bare ??= result.Microseconds;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{width,4} features  {Words(kind),-52} {result.Microseconds,7:0.0} us a request  {result.Microseconds / bare,5:0.00} x   {result.Load.Rate,8:N0} requests/s   p50 {result.Load.P50,6:0.00} ms   p99 {result.Load.P99,6:0.00} ms{result.Note}"));
        }
    }
}
finally
{
    work.Delete(recursive: true);
}

async Task<(double Microseconds, LoadResult Load, string Note)> Row(string kind, int width)
{
    var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true };
    if (Environment.ProcessPath!.EndsWith("dotnet", StringComparison.Ordinal))
        start.ArgumentList.Add(typeof(BenchModel).Assembly.Location);
    foreach (var argument in new[] { "serve", kind, work.FullName, width.ToString(CultureInfo.InvariantCulture) })
        start.ArgumentList.Add(argument);
    using var server = Process.Start(start)!;
    var url = await server.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The server did not start.");
    var load = new Load(new Uri(url), width, connections, labels: kind is not ("bare" or "plain"));
    await load.Run(3);
    server.Refresh();
    var before = server.TotalProcessorTime;
    var result = await load.Run(seconds);
    server.Refresh();
    var spent = (server.TotalProcessorTime - before).TotalMicroseconds;
    server.StandardInput.Close();
    var note = (await server.StandardOutput.ReadToEndAsync()).Trim();
    await server.WaitForExitAsync();
    return (spent / result.Requests, result, note.Length > 0 ? "   " + note : "");
}

static string Words(string kind) => kind switch
{
    "bare" => "bare Kestrel + JSON + ONNX Runtime",
    "plain" => "Holdfast: routing and the log",
    "watched" => "the same, 4 windows, labels for 10 %",
    "split" => "the same, split 95/5",
    "shadow" => "the same, shadow",
    _ => kind,
};
