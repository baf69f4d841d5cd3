using System.Runtime.InteropServices;

namespace Holdfast.Executors;

/// <summary>Signals to processes of this machine.</summary>
public static partial class ProcessSignal
{
    /// <summary>Ctrl-C.</summary>
    public const int Interrupt = 2;

    /// <summary>A polite end.</summary>
    public const int Terminate = 15;

    /// <summary>The terminal went away.</summary>
    public const int HangUp = 1;

    /// <summary>Sends a signal; false when there is no such process, and always on Windows.</summary>
    public static bool Send(int pid, int signal) => !OperatingSystem.IsWindows() && Kill(pid, signal) == 0;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
