using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Holdfast.Contracts;
using Holdfast.Registry;

namespace Holdfast.Serving.Backends.Remote;

/// <summary>
/// One process of a model, under a tiny wrapper that holds the other end of a pipe of ours: when this server ends, however it ends,
/// the pipe closes and the wrapper ends the process and all that it started.
/// </summary>
internal sealed class ModelProcess
{
    // The command's group is asked to end, and killed after five seconds; also what a command leaves behind when it ends itself.
    private const string Wrapper =
        """
        exec 3<&0
        "$@" 3<&- < /dev/null &
        child=$!
        (trap '' TERM; cat <&3 > /dev/null 2>&1; kill -s TERM -- -$$ 2> /dev/null; sleep 5; kill -s KILL -- -$$ 2> /dev/null) > /dev/null 2>&1 &
        watcher=$!
        trap '' TERM
        wait $child
        code=$?
        kill -s KILL $watcher 2> /dev/null
        kill -s TERM -- -$$ 2> /dev/null
        exit $code
        """;

    private static readonly string? SetSid = new[] { "/usr/bin/setsid", "/bin/setsid" }.FirstOrDefault(File.Exists);
    private readonly Process _process;

    private ModelProcess(Process process, int number, int port)
    {
        (_process, Number, Root) = (process, number, new Uri($"http://127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}/"));
        Ended = process.WaitForExitAsync();
    }

    /// <summary>Counts the processes of a model.</summary>
    public int Number { get; }

    public Uri Root { get; }

    public int Pid => _process.Id;

    /// <summary>Completes when it has ended.</summary>
    public Task Ended { get; }

    public bool HasEnded => Ended.IsCompleted;

    public int ExitCode => _process.ExitCode;

    /// <summary>Requests that it is answering; the fleet's own count.</summary>
    public int Busy { get; set; }

    public bool IsReady { get; set; }

    public long ReadySince { get; set; }

    /// <summary>Gets no more requests and ends with its last one.</summary>
    public bool IsLeaving { get; set; }

    public static ModelProcess Start(ProcessSpec spec, string folder, int number, ProcessLog log)
    {
        if (OperatingSystem.IsWindows())
            throw new HoldfastException(ErrorCode.Unsupported, "Process models run under /bin/sh, which Windows lacks.", "Run Holdfast on Linux or macOS, or inside WSL.");
        var port = FreePort();
        var start = new ProcessStartInfo
        {
            FileName = SetSid ?? "/bin/sh",
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (SetSid is not null)
            start.ArgumentList.Add("/bin/sh");
        foreach (var argument in (string[])["-c", Wrapper, "holdfast-model", .. spec.Command])
        {
            start.ArgumentList.Add(argument
                .Replace("{port}", port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
                .Replace("{package}", folder, StringComparison.Ordinal));
        }

        Fill(start.Environment, spec, port);
        try
        {
            var process = Process.Start(start) ?? throw new HoldfastException(ErrorCode.Internal, "The shell could not be started.", "Check that /bin/sh can be executed.");
            var made = new ModelProcess(process, number, port);
            _ = Copy(process.StandardOutput, log, number);
            _ = Copy(process.StandardError, log, number);
            return made;
        }
        catch (Win32Exception e)
        {
            throw new HoldfastException(ErrorCode.FailedPrecondition, $"The model's process cannot be started: {e.Message}", "Check that /bin/sh can be executed.", e);
        }
    }

    /// <summary>Asks it to end; its wrapper kills it after five seconds.</summary>
    public void End()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended already.
        }
    }

    private static async Task Copy(StreamReader from, ProcessLog log, int number)
    {
        try
        {
            while (await from.ReadLineAsync() is { } line)
                log.Add(number, line);
        }
        catch (IOException)
        {
            // The pipe broke with the process.
        }
    }

    // It sees what is declared, and of ours only what programs need to run: no token, no secret.
    private static void Fill(IDictionary<string, string?> environment, ProcessSpec spec, int port)
    {
        var kept = ((string[])["PATH", "HOME", "LANG", "TMPDIR"]).Select(name => (name, value: Environment.GetEnvironmentVariable(name))).Where(v => v.value is not null).ToList();
        environment.Clear();
        foreach (var (name, value) in kept)
            environment[name] = value;
        environment["PYTHONUNBUFFERED"] = "1";
        foreach (var (name, value) in spec.Environment ?? new Dictionary<string, string>())
            environment[name] = value;
        environment["PORT"] = port.ToString(CultureInfo.InvariantCulture);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
