using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Holdfast.Storage;

namespace Holdfast.Platform.Tests;

/// <summary>The built executable as a process of its own, for what only a real process can show: kill -9, signals, system calls.</summary>
public sealed class ServerProcess : IAsyncDisposable
{
    private readonly StringBuilder _log = new();
    private readonly Process _process;

    private ServerProcess(Process process, string data)
    {
        _process = process;
        Data = data;
        process.ErrorDataReceived += (_, line) =>
        {
            lock (_log)
                _log.AppendLine(line.Data);
        };
        process.OutputDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
    }

    public string Data { get; }

    public HttpClient Http { get; private set; } = null!;

    public string Log
    {
        get
        {
            lock (_log)
                return _log.ToString();
        }
    }

    public static string Executable => Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "holdfast.exe" : "holdfast");

    /// <summary>A port that is free now.</summary>
    public static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    /// <summary>Starts <c>holdfast serve</c> on a folder and waits until it is ready. <paramref name="wrap"/> may put another program around it.</summary>
    public static async Task<ServerProcess> Start(string data, CancellationToken ct, Func<string[], string[]>? wrap = null, int port = 0)
    {
        string[] command = [Executable, "serve", "--data", data, "--port", port.ToString(CultureInfo.InvariantCulture)];
        command = wrap?.Invoke(command) ?? command;
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardError = true, RedirectStandardOutput = true, WorkingDirectory = Path.GetTempPath() };
        var server = new ServerProcess(Process.Start(start)!, data);
        var patience = Stopwatch.StartNew();
        while (DataFolder.RunningServer(data) is null)
        {
            if (server._process.HasExited || patience.Elapsed > TimeSpan.FromSeconds(60))
                throw new InvalidOperationException("The server did not start: " + server.Log);
            await Task.Delay(20, ct);
        }

        var url = DataFolder.RunningServer(data)!.Url;
        server.Http = new HttpClient(new SocketsHttpHandler()) { BaseAddress = new Uri(url), Timeout = TimeSpan.FromMinutes(2) };
        server.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", DataFolder.ReadToken(data));
        return server;
    }

    /// <summary>kill -9.</summary>
    public async Task Kill()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGTERM to the server itself, also where another program stands around it; returns the exit code.</summary>
    public async Task<int> Terminate(CancellationToken ct)
    {
        var pid = DataFolder.RunningServer(Data)?.Pid ?? _process.Id;
        using var kill = Process.Start("kill", ["-TERM", pid.ToString(CultureInfo.InvariantCulture)]);
        await _process.WaitForExitAsync(ct);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        Http?.Dispose();
        if (!_process.HasExited)
            await Kill();
        _process.Dispose();
    }
}
