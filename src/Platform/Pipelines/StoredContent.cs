using System.Security.Cryptography;
using System.Text;
using Holdfast.Storage.Blobs;

namespace Holdfast.Pipelines;

/// <summary>Files and folders by the SHA-256 of their content.</summary>
public static class StoredContent
{
    /// <summary>Key of a file in the blob store.</summary>
    public static string BlobKey(string hash)
    {
        ArgumentNullException.ThrowIfNull(hash);
        if (hash.Length != 64 || !hash.All(char.IsAsciiHexDigitLower))
            throw new Contracts.HoldfastException(Contracts.ErrorCode.InvalidArgument, $"'{hash}' is not a SHA-256 hash.", "Write 64 lowercase hex digits.");
        return $"outs/sha256/{hash[..2]}/{hash}";
    }

    /// <summary>What lies at a path of the project; null when nothing does.</summary>
    public static async Task<StoredOut?> Look(string project, string path, CancellationToken ct)
    {
        var full = Path.Combine(project, path);
        if (File.Exists(full))
        {
            var file = await LookFile(full, "", ct);
            return new StoredOut(path, false, file.Hash, [file]);
        }

        if (!Directory.Exists(full))
            return null;
        var files = new List<StoredFile>();
        foreach (var relative in FolderArchive.Files(full, skip: IsNoise).Order(StringComparer.Ordinal))
            files.Add(await LookFile(Path.Combine(full, relative), relative, ct));
        var manifest = string.Concat(files.Select(f => $"{f.Path}\0{f.Hash}\0{(f.IsExecutable ? "x" : "-")}\n"));
        return new StoredOut(path, true, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(manifest))), files);
    }

    /// <summary>Removes what lies at a path.</summary>
    public static void Remove(string project, string path)
    {
        var full = Path.Combine(project, path);
        if (Directory.Exists(full))
            Directory.Delete(full, recursive: true);
        else if (File.Exists(full))
            File.Delete(full);
    }

    /// <summary>Puts an output back to its place; <paramref name="open"/> gives a file's content by hash.</summary>
    /// <param name="target">Where it goes instead of its own path.</param>
    public static async Task Restore(string project, StoredOut output, Func<string, CancellationToken, Task<Stream>> open, CancellationToken ct, string? target = null)
    {
        ArgumentNullException.ThrowIfNull(output);
        var path = target ?? output.Path;
        Remove(project, path);
        if (output.IsFolder)
            Directory.CreateDirectory(Path.Combine(project, path));
        foreach (var file in output.Files)
        {
            if (file.Path.Split('/').Contains(".."))
                throw new Contracts.HoldfastException(Contracts.ErrorCode.InvalidArgument, $"The output '{file.Path}' leaves its folder.");
            var full = Path.Combine(project, path, file.Path).TrimEnd('/');
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            await using (var content = await open(file.Hash, ct))
            await using (var copy = new FileStream(full, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16, useAsync: true))
                await content.CopyToAsync(copy, ct);
            if (file.IsExecutable && !OperatingSystem.IsWindows())
                File.SetUnixFileMode(full, File.GetUnixFileMode(full) | UnixFileMode.UserExecute);
        }
    }

    // What tools leave behind without being asked; it changes from run to run.
    private static bool IsNoise(string path) => path.EndsWith("__pycache__/", StringComparison.Ordinal) || path.EndsWith(".DS_Store", StringComparison.Ordinal);

    private static async Task<StoredFile> LookFile(string full, string relative, CancellationToken ct)
    {
        await using var file = new FileStream(full, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, useAsync: true);
        var hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, ct));
        return new StoredFile(relative, hash, file.Length, !OperatingSystem.IsWindows() && (File.GetUnixFileMode(full) & UnixFileMode.UserExecute) != 0);
    }
}
