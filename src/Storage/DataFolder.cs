using System.Security.Cryptography;
using System.Text.Json;
using Holdfast.Contracts;

namespace Holdfast.Storage;

/// <summary>Who owns a data folder: written beside the lock so that commands find the server.</summary>
public sealed record ServerInfo(int Pid, DateTimeOffset StartedAt, string Url);

/// <summary>
/// The one folder in which everything lies. One process owns it at a time: <c>lock</c> is held exclusively and freed by the
/// operating system even after <c>kill -9</c>; <c>server.json</c> says where the owner listens; <c>token</c> (0600) is the local
/// owner's token.
/// </summary>
public sealed class DataFolder : IDisposable
{
    private FileStream? _lock;

    private DataFolder(string path) => Root = path;

    /// <summary>Absolute path.</summary>
    public string Root { get; }

    /// <summary>The SQLite file.</summary>
    public string Database => Path.Combine(Root, "holdfast.db");

    /// <summary>Content of datasets and models.</summary>
    public string Blobs => Path.Combine(Root, "blobs");

    /// <summary>Artifacts of runs, laid out plainly.</summary>
    public string Artifacts => Path.Combine(Root, "artifacts");

    /// <summary>The prediction log.</summary>
    public string Predictions => Path.Combine(Root, "predictions");

    /// <summary>Check-outs and logs of pipeline runs.</summary>
    public string Work => Path.Combine(Root, "work");

    /// <summary>Copies of what lies in S3; may be emptied at any time.</summary>
    public string Cache => Path.Combine(Root, "cache");

    /// <summary>Scratch space, emptied at start.</summary>
    public string Temporary => Path.Combine(Root, "tmp");

    /// <summary>The token of whoever owns the folder.</summary>
    public string Token { get; private set; } = "";

    private string InfoFile => Path.Combine(Root, "server.json");

    /// <summary>Where the folder lies: the option, else <c>HOLDFAST_DATA</c>, else the user's data folder.</summary>
    public static string Locate(string? option)
    {
        if (!string.IsNullOrEmpty(option))
            return Path.GetFullPath(option);
        if (Environment.GetEnvironmentVariable("HOLDFAST_DATA") is { Length: > 0 } variable)
            return Path.GetFullPath(variable);
        var data = Environment.GetEnvironmentVariable("XDG_DATA_HOME") is { Length: > 0 } xdg
            ? xdg
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "share");
        return Path.Combine(data, "holdfast");
    }

    /// <summary>Takes the folder for this process; creates it when it is not there.</summary>
    /// <exception cref="HoldfastException">No rights, a network file system, or another process owns it.</exception>
    public static DataFolder Open(string path)
    {
        var folder = new DataFolder(Path.GetFullPath(path));
        try
        {
            Directory.CreateDirectory(folder.Root);
            RefuseNetworkFileSystem(folder.Root);
            folder._lock = Lock(folder.Root);
            // A killed owner leaves its address behind; until this one has announced its own, nobody is to be found.
            File.Delete(folder.InfoFile);
            folder.Token = OwnerToken(folder.Root);
            if (Directory.Exists(folder.Temporary))
                Directory.Delete(folder.Temporary, recursive: true);
            foreach (var part in new[] { folder.Blobs, folder.Artifacts, folder.Predictions, folder.Work, folder.Temporary })
                Directory.CreateDirectory(part);
            return folder;
        }
        catch (UnauthorizedAccessException e)
        {
            folder.Dispose();
            throw new HoldfastException(ErrorCode.FailedPrecondition, $"The data folder {folder.Root} cannot be written: {e.Message}", "Give this user rights on it, or name another folder with --data.", e);
        }
        catch (IOException e) when (folder._lock is null && Directory.Exists(folder.Root))
        {
            var owner = RunningServer(folder.Root);
            folder.Dispose();
            throw new HoldfastException(
                ErrorCode.FailedPrecondition,
                owner is null ? $"The data folder {folder.Root} cannot be locked: {e.Message}" : $"The data folder {folder.Root} is in use by process {owner.Pid} at {owner.Url}.",
                owner is null ? "Name another folder with --data." : "Use that server, stop it, or name another folder with --data.",
                e);
        }
        catch (IOException e)
        {
            folder.Dispose();
            throw new HoldfastException(ErrorCode.FailedPrecondition, $"The data folder {folder.Root} cannot be made: {e.Message}", "Name another folder with --data.", e);
        }
    }

    /// <summary>The server that owns a folder now; null when the folder is free. <c>server.json</c> alone proves nothing: the process and its lock are checked.</summary>
    public static ServerInfo? RunningServer(string root)
    {
        var file = Path.Combine(root, "server.json");
        if (!File.Exists(file) || !IsLocked(root))
            return null;
        try
        {
            // A new owner holds the lock a moment before it takes a killed one's address away.
            return JsonSerializer.Deserialize<ServerInfo>(File.ReadAllText(file), HoldfastJson.Options) is { } info && Lives(info.Pid) ? info : null;
        }
        catch (Exception e) when (e is JsonException or FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>The owner's token of a folder; null where it is not readable by this user.</summary>
    public static string? ReadToken(string root)
    {
        try
        {
            return File.ReadAllText(Path.Combine(root, "token")).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Says where this process listens.</summary>
    public Task Announce(string url, DateTimeOffset startedAt)
    {
        Url = url;
        return DurableFile.Write(InfoFile, JsonSerializer.Serialize(new ServerInfo(Environment.ProcessId, startedAt, url), HoldfastJson.Options));
    }

    /// <summary>The address that this process announced; null before.</summary>
    public string? Url { get; private set; }

    /// <summary>Frees the folder.</summary>
    public void Dispose()
    {
        if (_lock is null)
            return;
        File.Delete(InfoFile);
        _lock.Dispose();
        _lock = null;
    }

    // Whoever asks whether the folder is free holds the lock for an instant; that is no owner.
    private static FileStream Lock(string root)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return new FileStream(Path.Combine(root, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (attempt < 20 && Directory.Exists(root) && RunningServer(root) is null)
            {
                Thread.Sleep(10);
            }
        }
    }

    private static bool Lives(int pid)
    {
        try
        {
            using var process = System.Diagnostics.Process.GetProcessById(pid);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static bool IsLocked(string root)
    {
        try
        {
            using var probe = new FileStream(Path.Combine(root, "lock"), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return false;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    private static string OwnerToken(string root)
    {
        var file = Path.Combine(root, "token");
        if (File.Exists(file) && File.ReadAllText(file).Trim() is { Length: >= 40 } kept)
            return kept;
        var token = "hf_" + RandomNumberGenerator.GetHexString(48, lowercase: true);
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var writer = new StreamWriter(file, options);
        writer.Write(token);
        return token;
    }

    // WAL needs shared memory and working locks; NFS, SMB, Lustre and GPFS promise neither.
    private static void RefuseNetworkFileSystem(string root)
    {
        if (!OperatingSystem.IsLinux())
            return;
        var drive = DriveInfo.GetDrives()
            .Where(d => root.StartsWith(d.RootDirectory.FullName, StringComparison.Ordinal))
            .MaxBy(d => d.RootDirectory.FullName.Length);
        if (drive is null)
            return;
        string format;
        try
        {
            format = drive.DriveFormat;
        }
        catch (IOException)
        {
            return;
        }

        if (format is "nfs" or "nfs4" or "cifs" or "smb2" or "smb3" or "lustre" or "gpfs" or "beegfs")
            throw new HoldfastException(ErrorCode.FailedPrecondition, $"The data folder {root} lies on {format}, where locks and write-ahead logs are not safe.", "Name a folder on a local disk with --data, or use PostgreSQL.");
    }
}
