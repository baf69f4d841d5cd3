using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Holdfast.Contracts;
using Holdfast.Executors;

namespace Holdfast.Commands.Capture;

/// <summary>
/// The command as a child: signals to this program are passed on, and it is given ten seconds to end by itself before it is killed
/// with everything that it started.
/// </summary>
internal sealed class ChildProcess : IDisposable
{
    private static readonly TimeSpan _grace = TimeSpan.FromSeconds(10);
    private readonly Process _process;
    private readonly PosixSignalRegistration[] _signals;
    private int _interrupted;

    private ChildProcess(Process process)
    {
        _process = process;
        _signals = OperatingSystem.IsWindows() ? [] : [On(PosixSignal.SIGINT), On(PosixSignal.SIGTERM), On(PosixSignal.SIGHUP)];
    }

    public int Id => _process.Id;

    public Stream Stdout => _process.StandardOutput.BaseStream;

    public Stream Stderr => _process.StandardError.BaseStream;

    /// <summary>Whether this program was told to stop.</summary>
    public bool Interrupted => Volatile.Read(ref _interrupted) > 0;

    public static ChildProcess Start(string[] words, Dictionary<string, string> variables)
    {
        var start = new ProcessStartInfo(words[0], words[1..]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var (name, value) in variables)
            start.Environment[name] = value;
        try
        {
            return new ChildProcess(Process.Start(start)!);
        }
        catch (Win32Exception e)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"'{words[0]}' cannot be started: {e.Message}", "Check the command after --.", e);
        }
    }

    /// <summary>Waits for its end; returns its exit code, 128 + signal when a signal ended it.</summary>
    /// <param name="ct">Stops it.</param>
    public async Task<int> Wait(CancellationToken ct)
    {
        try
        {
            await _process.WaitForExitAsync(ct);
        }
        catch (OperationCanceledException)
        {
            // Without a signal somebody inside this program wants the end; a signal is noticed here and there at the same time.
            await Task.Delay(200, CancellationToken.None);
            if (Interlocked.CompareExchange(ref _interrupted, 1, 0) == 0)
                ProcessSignal.Send(_process.Id, ProcessSignal.Interrupt);
            using var limit = new CancellationTokenSource(_grace);
            try
            {
                await _process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill(entireProcessTree: true);
                await _process.WaitForExitAsync(CancellationToken.None);
            }
        }

        return _process.ExitCode;
    }

    public void Dispose()
    {
        foreach (var signal in _signals)
            signal.Dispose();
        _process.Dispose();
    }

    private PosixSignalRegistration On(PosixSignal signal) => PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        var times = Interlocked.Increment(ref _interrupted);
        // Ctrl-C at a terminal reaches the child by itself; twice is taken for impatience by many programs.
        if (signal == PosixSignal.SIGINT && !Console.IsInputRedirected && times == 1)
            return;
        if (times > 2)
            _process.Kill(entireProcessTree: true);
        else
            ProcessSignal.Send(_process.Id, signal switch { PosixSignal.SIGINT => ProcessSignal.Interrupt, PosixSignal.SIGTERM => ProcessSignal.Terminate, _ => ProcessSignal.HangUp });
    });
}
