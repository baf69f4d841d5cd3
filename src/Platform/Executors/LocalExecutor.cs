using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Holdfast.Contracts;

namespace Holdfast.Executors;

/// <summary>A command to run.</summary>
/// <param name="Folder">Where the job keeps its log, its process number and its exit file; one folder a job.</param>
/// <param name="WorkingDirectory">Where the command runs.</param>
/// <param name="Commands">Shell commands, one after the other; the first that fails ends the job.</param>
/// <param name="Environment">All variables the command sees.</param>
public sealed record Job(string Folder, string WorkingDirectory, IReadOnlyList<string> Commands, IReadOnlyDictionary<string, string> Environment);

/// <summary>How far a job is.</summary>
public enum JobPhase
{
    /// <summary>It never began.</summary>
    Absent,

    /// <summary>Its process lives.</summary>
    Running,

    /// <summary>It ended and left its exit code.</summary>
    Exited,

    /// <summary>Its process is gone without a word: killed, or the machine went down.</summary>
    Lost,
}

/// <summary>State of a job.</summary>
public readonly record struct JobState(JobPhase Phase, int ExitCode = 0, int Pid = 0);

/// <summary>
/// Runs jobs as processes of this machine that outlive this one: each is a session of its own under a tiny wrapper, which notes
/// process number and start time before the command begins and writes the exit code to a file when it ends. Whoever looks later,
/// also a new process after a crash, reads the same answer.
/// </summary>
public sealed partial class LocalExecutor
{
    private const int Terminate = 15;
    private const int Kill = 9;
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    // "begun" is made by mkdir, which only one can win: the wrapper, or somebody who gave the job up before it came to life.
    // The wrapper may outlive the server, so it must not hold on to the server's own output: whoever reads that waits for its end.
    private const string Wrapper =
        """
        exec > /dev/null 2>&1 < /dev/null
        cd "$1" && mkdir begun 2>/dev/null || exit 0
        start=0
        [ -r /proc/$$/stat ] && start=$(cut -d ' ' -f 22 /proc/$$/stat)
        echo "$$ $start" > pid.new && mv pid.new pid
        folder=$(pwd)
        (cd "$2" && exec /bin/sh "$folder/command.sh") > log 2>&1
        echo $? > "$folder/exit.new" && mv "$folder/exit.new" "$folder/exit"
        """;

    /// <summary>File of a job's output.</summary>
    public static string LogFile(string folder) => Path.Combine(folder, "log");

    /// <summary>Starts a job. Its folder must be new.</summary>
    public void Start(Job job)
    {
        ArgumentNullException.ThrowIfNull(job);
        if (OperatingSystem.IsWindows())
            throw new HoldfastException(ErrorCode.Unsupported, "Pipelines run their commands through /bin/sh, which Windows lacks.", "Run Holdfast on Linux or macOS, or inside WSL.");
        Directory.CreateDirectory(job.Folder);
        File.WriteAllText(Path.Combine(job.Folder, "command.sh"), "set -e\n" + string.Join('\n', job.Commands) + "\n");
        File.WriteAllText(LogFile(job.Folder), "");
        var start = new ProcessStartInfo { FileName = SetSid ?? "/bin/sh", UseShellExecute = false, WorkingDirectory = job.Folder };
        if (SetSid is not null)
            start.ArgumentList.Add("/bin/sh");
        foreach (var argument in new[] { "-c", Wrapper, "holdfast-job", job.Folder, job.WorkingDirectory })
            start.ArgumentList.Add(argument);
        start.Environment.Clear();
        foreach (var (name, value) in job.Environment)
            start.Environment[name] = value;
        // Disposing only lets go of the handle: the job lives on, and its state is read from its folder.
        using var process = Process.Start(start) ?? throw new HoldfastException(ErrorCode.Internal, "The shell could not be started.", "Check that /bin/sh can be executed.");
    }

    /// <summary>What has become of a job.</summary>
    public JobState Look(string folder)
    {
        if (ReadExit(folder) is { } code)
            return new JobState(JobPhase.Exited, code);
        if (!Directory.Exists(Path.Combine(folder, "begun")))
            return new JobState(JobPhase.Absent);
        if (ReadPid(folder) is not { } process)
            return new JobState(File.Exists(Path.Combine(folder, "given-up")) ? JobPhase.Lost : JobPhase.Running);
        if (Lives(process))
            return new JobState(JobPhase.Running, Pid: process.Pid);
        // The exit file may have come between the two looks.
        return ReadExit(folder) is { } late ? new JobState(JobPhase.Exited, late) : new JobState(JobPhase.Lost);
    }

    /// <summary>Makes sure that a job that has not begun never will; false when it has begun.</summary>
    public bool GiveUp(string folder)
    {
        Directory.CreateDirectory(folder);
        if (Mkdir(Path.Combine(folder, "begun"), 0x1C0) != 0)
            return false;
        File.WriteAllText(Path.Combine(folder, "given-up"), "");
        return true;
    }

    /// <summary>Waits until a job has ended.</summary>
    public async Task<JobState> Wait(string folder, TimeProvider time, CancellationToken ct)
    {
        var pause = 5;
        // A wrapper that was killed in its first instant leaves "begun" and no process number.
        var nameless = 0;
        while (true)
        {
            var state = Look(folder);
            if (state.Phase is JobPhase.Exited or JobPhase.Lost)
                return state;
            if (state is { Phase: JobPhase.Running, Pid: 0 } && ++nameless > 100)
                return new JobState(JobPhase.Lost);
            await Task.Delay(TimeSpan.FromMilliseconds(pause), time, ct);
            pause = Math.Min(pause * 2, 100);
        }
    }

    /// <summary>Ends a job and everything that it started: asked first, killed after five seconds.</summary>
    public async Task End(string folder, TimeProvider time, CancellationToken ct = default)
    {
        if (GiveUp(folder))
            return;
        var asked = time.GetTimestamp();
        if (!Signal(folder, Terminate))
            return;
        while (Look(folder).Phase == JobPhase.Running && time.GetElapsedTime(asked) < Grace)
            await Task.Delay(TimeSpan.FromMilliseconds(20), time, ct);
        // Also when the wrapper is gone: children that ignored the first signal are still in its session.
        Signal(folder, Kill, checkLeader: false);
    }

    /// <summary>The last lines of a job's output.</summary>
    public static string Tail(string folder, int lines = 15)
    {
        var file = LogFile(folder);
        if (!File.Exists(file))
            return "";
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        stream.Seek(-Math.Min(stream.Length, 16_384), SeekOrigin.End);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return string.Join('\n', reader.ReadToEnd().TrimEnd().Split('\n').TakeLast(lines));
    }

    private static bool Signal(string folder, int signal, bool checkLeader = true)
    {
        if (ReadPid(folder) is not { } process || (checkLeader && !Lives(process)))
            return false;
        // Without setsid the wrapper leads no group of its own.
        return (SetSid is null ? Send(process.Pid, signal) : Send(-process.Pid, signal)) == 0;
    }

    private static int? ReadExit(string folder) =>
        ReadSmall(Path.Combine(folder, "exit")) is { } text && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var code) ? code : null;

    private static (int Pid, long Start)? ReadPid(string folder) =>
        ReadSmall(Path.Combine(folder, "pid"))?.Split(' ') is [var pid, var start] ? (int.Parse(pid, CultureInfo.InvariantCulture), long.Parse(start, CultureInfo.InvariantCulture)) : null;

    private static string? ReadSmall(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (IOException)
        {
            return null;
        }
    }

    // A process number alone proves nothing, they come round again; with the start time it is unique until the next boot.
    private static bool Lives((int Pid, long Start) process)
    {
        if (process.Start == 0)
            return Send(process.Pid, 0) == 0;
        var stat = ReadSmall($"/proc/{process.Pid}/stat");
        if (stat is null)
            return false;
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return fields[0] != "Z" && long.Parse(fields[19], CultureInfo.InvariantCulture) == process.Start;
    }

    private static string? SetSid { get; } = new[] { "/usr/bin/setsid", "/bin/setsid" }.FirstOrDefault(File.Exists);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Send(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "mkdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Mkdir(string path, uint mode);
}
