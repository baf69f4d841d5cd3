using System.Diagnostics;
using System.Globalization;
using Holdfast.Storage;

namespace Holdfast.Bench.Tracking;

/// <summary>A server under measurement: one that this program starts, or a peer that runs already.</summary>
internal sealed class Server : IAsyncDisposable
{
    private readonly Process? _process;

    private Server(string name, string url, int pid, Process? process)
    {
        (Name, Url, Pid, _process) = (name, new Uri(url), pid, process);
    }

    public string Name { get; }

    public Uri Url { get; }

    public int Pid { get; }

    public static Server Peer(string url, int pid) => new("peer", url, pid, null);

    /// <summary>Starts the executable on a data folder and waits for the first 200.</summary>
    public static async Task<(Server Server, double StartMs)> Start(string exe, string data)
    {
        var watch = Stopwatch.StartNew();
        var process = Process.Start(new ProcessStartInfo(exe, ["serve", "--data", data, "--port", "0", "--log-level", "warning"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        using var http = new HttpClient(new SocketsHttpHandler());
        while (true)
        {
            if (process.HasExited)
                throw new InvalidOperationException($"{exe} ended with {process.ExitCode}.");
            if (DataFolder.RunningServer(data) is { } found)
            {
                try
                {
                    (await http.GetAsync(new Uri(new Uri(found.Url), "/readyz"))).EnsureSuccessStatusCode();
                    return (new Server("Holdfast", found.Url, process.Id, process), watch.Elapsed.TotalMilliseconds);
                }
                catch (HttpRequestException)
                {
                    // Not yet.
                }
            }

            await Task.Delay(2);
        }
    }

    /// <summary>Processor seconds of the server and its children, user and system.</summary>
    public double Cpu() => Tree().Sum(pid => Stat(pid) is { } fields ? (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / 100 : 0);

    /// <summary>Resident megabytes of the server and its children.</summary>
    public double MemoryMb() => Tree().Sum(pid =>
    {
        try
        {
            var line = File.ReadLines($"/proc/{pid}/status").FirstOrDefault(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
            return line is null ? 0 : double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
        }
        catch (IOException)
        {
            return 0;
        }
    });

    public async ValueTask DisposeAsync()
    {
        if (_process is null)
            return;
        using (var kill = Process.Start("kill", ["-TERM", Pid.ToString(CultureInfo.InvariantCulture)]))
            await kill.WaitForExitAsync();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private List<int> Tree()
    {
        var children = Directory.GetDirectories("/proc").Select(Path.GetFileName).Where(n => int.TryParse(n, out _)).Select(n => int.Parse(n!, CultureInfo.InvariantCulture))
            .Select(pid => (Pid: pid, Fields: Stat(pid))).Where(p => p.Fields is not null).ToLookup(p => int.Parse(p.Fields![1], CultureInfo.InvariantCulture), p => p.Pid);
        var tree = new List<int> { Pid };
        for (var i = 0; i < tree.Count; i++)
            tree.AddRange(children[tree[i]]);
        return tree;
    }

    // The fields after the name, which may hold blanks.
    private static string[]? Stat(int pid)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{pid}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return null;
        }
    }
}
