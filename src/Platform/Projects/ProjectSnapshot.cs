using System.Security.Cryptography;
using Holdfast.Contracts;
using Holdfast.Pipelines;
using Holdfast.Storage.Blobs;

namespace Holdfast.Projects;

/// <summary>The files of a project as one archive by content: what server-side runs check out.</summary>
public static class ProjectSnapshot
{
    private const long LargestArchive = 2L << 30;
    private static readonly string[] Skipped = [".git", ".holdfast", ".hg", ".svn", "__pycache__", "node_modules", ".venv", "venv", ".mypy_cache", ".pytest_cache", ".ipynb_checkpoints"];

    /// <summary>Packs a folder; without what pipelines write and without what tools keep.</summary>
    public static Task Pack(string folder, IReadOnlyList<PipelineSpec> pipelines, Stream target, CancellationToken ct = default)
    {
        var outs = pipelines.SelectMany(p => p.Stages).SelectMany(s => s.Outs).Where(o => !o.Persist).Select(o => o.Path).ToHashSet(StringComparer.Ordinal);
        return FolderArchive.Pack(folder, target, path => Skip(path, outs), ct);
    }

    internal static async Task<string> Store(string folder, IReadOnlyList<PipelineSpec> pipelines, IBlobStore blobs, string temporary, CancellationToken ct)
    {
        var scratch = Path.Combine(temporary, "snapshot-" + Kernel.Ids.Hex32());
        try
        {
            await using var zip = new FileStream(scratch, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, useAsync: true);
            await Pack(folder, pipelines, zip, ct);
            if (zip.Length > LargestArchive)
                throw new HoldfastException(ErrorCode.TooLarge, $"The project's files are {zip.Length >> 20} MB packed, more than {LargestArchive >> 20} MB.", "Keep large data out of the project folder: add it as a dataset (holdfast data add) and name it in `data:`.");
            zip.Position = 0;
            var key = Key(Convert.ToHexStringLower(await SHA256.HashDataAsync(zip, ct)));
            zip.Position = 0;
            if (await blobs.Stat(key, ct) is null)
                await blobs.Put(key, zip, ct);
            return key;
        }
        finally
        {
            File.Delete(scratch);
        }
    }

    /// <summary>The commit that is checked out where the folder lies; null outside of git. Read from the files: no command is run for it.</summary>
    public static string? GitCommit(string folder)
    {
        for (var at = new DirectoryInfo(folder); at is not null; at = at.Parent)
        {
            var git = Path.Combine(at.FullName, ".git");
            if (File.Exists(git) && File.ReadAllText(git).Trim() is ['g', 'i', 't', 'd', 'i', 'r', ':', ' ', .. var linked])
                return Head(Path.GetFullPath(Path.Combine(at.FullName, linked)));
            if (Directory.Exists(git))
                return Head(git);
        }

        return null;
    }

    private static string? Head(string git)
    {
        try
        {
            var head = File.ReadAllText(Path.Combine(git, "HEAD")).Trim();
            if (!head.StartsWith("ref: ", StringComparison.Ordinal))
                return head;
            var name = head[5..];
            // The branches of a linked work tree lie in the repository that it belongs to.
            var common = Path.Combine(git, "commondir") is var file && File.Exists(file) ? Path.GetFullPath(Path.Combine(git, File.ReadAllText(file).Trim())) : git;
            if (File.Exists(Path.Combine(common, name)))
                return File.ReadAllText(Path.Combine(common, name)).Trim();
            var packed = Path.Combine(common, "packed-refs");
            return File.Exists(packed) ? File.ReadLines(packed).FirstOrDefault(l => l.EndsWith(" " + name, StringComparison.Ordinal))?.Split(' ')[0] : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static string Key(string hash) => $"projects/sha256/{hash[..2]}/{hash}";

    private static bool Skip(string path, HashSet<string> outs)
    {
        var trimmed = path.TrimEnd('/');
        var name = trimmed[(trimmed.LastIndexOf('/') + 1)..];
        // .env holds secrets by custom; they belong in the server's environment or in its secrets folder.
        return outs.Contains(trimmed) || name == ".env" || (path.EndsWith('/') && (Skipped.Contains(name) || trimmed.EndsWith(".dvc/cache", StringComparison.Ordinal) || trimmed.EndsWith(".dvc/tmp", StringComparison.Ordinal)));
    }
}
