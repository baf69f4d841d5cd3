using System.Globalization;
using System.Text;
using System.Text.Json;
using Holdfast.Contracts;

namespace Holdfast.Client;

/// <summary>
/// The lines that one process could not tell the server, in order, one JSON document each. A line that was written has reached the
/// disk. The file is locked while somebody works on it, so that a living process and <c>holdfast sync</c> never tell at once.
/// </summary>
internal sealed class SpoolFile : IDisposable
{
    private const string Extension = ".ndjson";
    private readonly FileStream _file;
    private long _told;
    private int _saved;

    private SpoolFile(FileStream file)
    {
        _file = file;
        RunId = System.IO.Path.GetFileName(file.Name)[..32];
        _told = File.Exists(PositionFile) && long.TryParse(File.ReadAllText(PositionFile), NumberStyles.None, CultureInfo.InvariantCulture, out var position) && position <= file.Length ? position : 0;
    }

    public string RunId { get; }

    public string Path => _file.Name;

    /// <summary>Where contents of files wait that may change or go meanwhile.</summary>
    public string Folder => _file.Name + ".files";

    /// <summary>Lines that the server will never take, with the reason.</summary>
    public string RefusedFile => _file.Name + ".refused";

    private string PositionFile => _file.Name + ".told";

    public static SpoolFile Create(string folder, string runId, TimeProvider time)
    {
        Directory.CreateDirectory(folder);
        var name = string.Create(CultureInfo.InvariantCulture, $"{runId}-{time.GetUtcNow().ToUnixTimeMilliseconds()}-{Environment.ProcessId}{Extension}");
        return new SpoolFile(new FileStream(System.IO.Path.Combine(folder, name), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16));
    }

    /// <summary>The files of a folder, oldest first.</summary>
    public static IReadOnlyList<string> List(string folder) => Directory.Exists(folder)
        ? [.. Directory.EnumerateFiles(folder, "*" + Extension).Where(f => System.IO.Path.GetFileName(f).Length > 33).OrderBy(File.GetCreationTimeUtc).ThenBy(f => f, StringComparer.Ordinal)]
        : [];

    /// <summary>Opens a file that a process left; null when a process still works on it.</summary>
    public static SpoolFile? Open(string path)
    {
        try
        {
            return new SpoolFile(new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1 << 16));
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Writes a line; it is on the disk when this returns.</summary>
    public void Append(SpoolLine line)
    {
        if (line.Op == "file")
            line = line with { File = Keep(line.File!) };
        _file.Seek(0, SeekOrigin.End);
        _file.Write(JsonSerializer.SerializeToUtf8Bytes(line, HoldfastJson.Options));
        _file.WriteByte((byte)'\n');
        _file.Flush(flushToDisk: true);
    }

    /// <summary>The next line that was not told; null at the end, and for a line whose writer was killed within it.</summary>
    public (SpoolLine Line, long End)? Next()
    {
        _file.Seek(_told, SeekOrigin.Begin);
        using var line = new MemoryStream();
        var buffer = new byte[1 << 16];
        for (int count; (count = _file.Read(buffer)) > 0;)
        {
            var end = buffer.AsSpan(0, count).IndexOf((byte)'\n');
            line.Write(buffer.AsSpan(0, end < 0 ? count : end));
            if (end < 0)
                continue;
            var next = _told + line.Length + 1;
            try
            {
                return (JsonSerializer.Deserialize<SpoolLine>(line.ToArray(), HoldfastJson.Options)!, next);
            }
            catch (JsonException e)
            {
                throw new HoldfastException(ErrorCode.FailedPrecondition, $"{Path} is damaged at byte {_told}: {e.Message}", "Mend or remove the line, or move the file away; the rest of the folder is not touched.", e);
            }
        }

        return null;
    }

    /// <summary>The line that names the server, and whether the end of the run was written.</summary>
    public (SpoolStart? Start, bool Ended) Frame()
    {
        var told = _told;
        var (start, ended) = ((SpoolStart?)null, false);
        for (_told = 0; Next() is var (line, end); _told = end)
            (start, ended) = (start ?? line.Start, ended || line.Op == "end");
        _told = told;
        return (start, ended);
    }

    /// <summary>Notes that a line was told. After a crash some lines are told again, which adds nothing.</summary>
    public void Told(long end)
    {
        _told = end;
        if (++_saved % 20 == 0)
            Save();
    }

    public void Refused(SpoolLine line, string reason) =>
        File.AppendAllText(RefusedFile, JsonSerializer.Serialize(new { reason, line }, HoldfastJson.Options) + "\n", Encoding.UTF8);

    public void Save() => File.WriteAllText(PositionFile, _told.ToString(CultureInfo.InvariantCulture));

    /// <summary>All is told: the file goes. What was refused stays beside it.</summary>
    public void Delete()
    {
        File.Delete(_file.Name);
        File.Delete(PositionFile);
        if (Directory.Exists(Folder))
            Directory.Delete(Folder, recursive: true);
    }

    public void Dispose() => _file.Dispose();

    private string Keep(string file)
    {
        Directory.CreateDirectory(Folder);
        var name = string.Create(CultureInfo.InvariantCulture, $"{Directory.GetFiles(Folder).Length:000000}");
        var copy = System.IO.Path.Combine(Folder, name);
        using (var from = File.OpenRead(file))
        using (var to = new FileStream(copy, FileMode.Create, FileAccess.Write))
        {
            from.CopyTo(to);
            to.Flush(flushToDisk: true);
        }

        return name;
    }
}
