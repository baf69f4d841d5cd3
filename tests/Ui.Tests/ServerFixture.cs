using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Holdfast.Ui.Tests;

/// <summary>The built executable, started alone from an empty folder on a data folder of its own.</summary>
public sealed class ServerFixture : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("holdfast-ui-").FullName;
    private readonly StringBuilder _log = new();
    private Process? _process;

    public string Url { get; private set; } = "";

    internal string Database => Path.Combine(_folder, "data", "holdfast.db");

    public HttpClient Http { get; } = new(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None });

    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    public async ValueTask InitializeAsync() => await StartAsync(Executable(), FreePort());

    internal async Task StartAsync(string executable, int port)
    {
        Url = $"http://127.0.0.1:{port}";
        Http.BaseAddress ??= new Uri(Url);
        var empty = Directory.CreateDirectory(Path.Combine(_folder, "empty")).FullName;
        var start = new ProcessStartInfo(executable, ["serve", "--data", Path.Combine(_folder, "data"), "--urls", Url])
        {
            WorkingDirectory = empty,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        start.Environment["DOTNET_BUNDLE_EXTRACT_BASE_DIR"] = Path.Combine(_folder, "unpacked");
        start.Environment["DOTNET_ENVIRONMENT"] = "Production";
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Note(line.Data);
        _process.ErrorDataReceived += (_, line) => Note(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();

        var patience = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                using var answer = await Http.GetAsync(new Uri("/", UriKind.Relative));
                return;
            }
            catch (HttpRequestException error)
            {
                if (patience.Elapsed > TimeSpan.FromSeconds(60) || _process.HasExited)
                {
                    throw new InvalidOperationException("The server does not answer; it said: " + Log, error);
                }

                await Task.Delay(50);
            }
        }
    }

    public async Task StopAsync()
    {
        if (_process is { HasExited: false } process)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }

        _process?.Dispose();
        _process = null;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    internal static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    internal static string Executable()
    {
        var configuration = AppContext.BaseDirectory.Contains("release", StringComparison.OrdinalIgnoreCase) ? "release" : "debug";
        return Path.Combine(Root(), "artifacts", "bin", "Holdfast", configuration, OperatingSystem.IsWindows() ? "holdfast.exe" : "holdfast");
    }

    internal static string Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Holdfast.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("Holdfast.slnx lies in no folder above the tests.");
    }

    private void Note(string? line)
    {
        lock (_log)
        {
            _log.AppendLine(line);
        }
    }
}
