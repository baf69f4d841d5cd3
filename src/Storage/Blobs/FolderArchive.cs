using System.IO.Compression;
using Holdfast.Contracts;

namespace Holdfast.Storage.Blobs;

/// <summary>
/// A folder as a zip archive that depends on nothing but the names and the bytes in it (no times, one order), so that its hash
/// names the content. Unpacking trusts nothing: no entry may leave the folder, be a link, or unfold without limit.
/// </summary>
public static class FolderArchive
{
    private const long LargestContent = 4L << 30;
    private const int MostEntries = 200_000;
    private const int UnixTypeMask = 0xF000;
    private const int UnixLink = 0xA000;
    private static readonly DateTimeOffset Epoch = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Packs the files of a folder.</summary>
    /// <param name="skip">Told a relative path (forward slashes), folders with a slash at the end: true leaves it out.</param>
    public static async Task Pack(string folder, Stream target, Func<string, bool>? skip = null, CancellationToken ct = default)
    {
        await using var zip = new ZipArchive(target, ZipArchiveMode.Create, leaveOpen: true);
        foreach (var relative in Files(folder, "", skip).Order(StringComparer.Ordinal))
        {
            var file = Path.Combine(folder, relative);
            var entry = zip.CreateEntry(relative, CompressionLevel.Fastest);
            entry.LastWriteTime = Epoch;
            var executable = !OperatingSystem.IsWindows() && (File.GetUnixFileMode(file) & UnixFileMode.UserExecute) != 0;
            entry.ExternalAttributes = (executable ? 0x81ED : 0x81A4) << 16;
            await using var content = await entry.OpenAsync(ct);
            await using var source = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, useAsync: true);
            await source.CopyToAsync(content, ct);
        }
    }

    /// <summary>The files below a folder as relative paths; links are followed to files, never to folders (they could lead round in a circle).</summary>
    public static IEnumerable<string> Files(string root, string below = "", Func<string, bool>? skip = null)
    {
        foreach (var entry in new DirectoryInfo(Path.Combine(root, below)).EnumerateFileSystemInfos())
        {
            var relative = below.Length == 0 ? entry.Name : $"{below}/{entry.Name}";
            if (entry is DirectoryInfo directory)
            {
                if (directory.LinkTarget is not null || skip?.Invoke(relative + "/") == true)
                    continue;
                foreach (var file in Files(root, relative, skip))
                    yield return file;
            }
            else if (skip?.Invoke(relative) != true)
            {
                yield return relative;
            }
        }
    }

    /// <summary>Unpacks into a folder, which is created.</summary>
    /// <exception cref="HoldfastException">Not a zip archive, or one that means harm; nothing is left outside the folder.</exception>
    public static async Task Unpack(Stream source, string folder, CancellationToken ct = default)
    {
        var root = Path.GetFullPath(folder);
        Directory.CreateDirectory(root);
        try
        {
            await using var zip = new ZipArchive(source, ZipArchiveMode.Read, leaveOpen: true);
            if (zip.Entries.Count > MostEntries)
                throw Refused($"it holds {zip.Entries.Count} entries, more than {MostEntries}");
            var left = LargestContent;
            foreach (var entry in zip.Entries)
                left -= await Unpack(entry, root, left, ct);
        }
        catch (InvalidDataException e)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"The archive is not a readable zip file: {e.Message}", "Send the project folder as a zip archive.", e);
        }
    }

    private static async Task<long> Unpack(ZipArchiveEntry entry, string root, long left, CancellationToken ct)
    {
        var name = entry.FullName;
        if (name.Length == 0 || name.Contains('\\') || name.Contains('\0') || name.Contains(':') || Path.IsPathRooted(name) || name.TrimEnd('/').Split('/').Any(s => s is "" or "." or ".."))
            throw Refused($"the entry '{name}' leaves the folder");
        var mode = entry.ExternalAttributes >> 16;
        if ((mode & UnixTypeMask) == UnixLink)
            throw Refused($"the entry '{name}' is a link");
        var path = Path.GetFullPath(Path.Combine(root, name));
        if (!path.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            throw Refused($"the entry '{name}' leaves the folder");
        if (name.EndsWith('/'))
        {
            Directory.CreateDirectory(path);
            return 0;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Options = FileOptions.Asynchronous };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead | ((mode & 0x40) != 0 ? UnixFileMode.UserExecute : 0);
        await using var file = new FileStream(path, options);
        await using var content = await entry.OpenAsync(ct);
        // The declared size is the archive's word; what comes out is counted.
        var buffer = new byte[1 << 16];
        var written = 0L;
        for (int read; (read = await content.ReadAsync(buffer, ct)) > 0;)
        {
            if ((written += read) > left)
                throw Refused($"it unfolds to more than {LargestContent >> 30} GB");
            await file.WriteAsync(buffer.AsMemory(0, read), ct);
        }

        return written;
    }

    private static HoldfastException Refused(string why) => new(ErrorCode.InvalidArgument, $"The archive is refused: {why}.", "Pack the project folder itself, with relative paths and without links.");
}
