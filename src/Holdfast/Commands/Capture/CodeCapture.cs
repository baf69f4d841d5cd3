using System.Text;

namespace Holdfast.Commands.Capture;

/// <summary>The version of the code, with what was not committed as a diff that <c>git apply</c> takes. Git's own index is not touched.</summary>
internal static class CodeCapture
{
    private const long LargestFile = 1 << 20;
    private const long LargestDiff = 20 << 20;

    /// <summary>The code's version and the diff; null outside of a repository with a commit.</summary>
    public static async Task<(CodeVersion Version, string? Diff)?> Take(string folder, bool withDiff)
    {
        if (await Git(folder, "rev-parse", "HEAD", "--show-toplevel") is not { } facts || facts.Split('\n') is not [var commit, var root])
            return null;
        var prefix = await Git(folder, "rev-parse", "--show-prefix") ?? "";
        var branch = await Git(folder, "rev-parse", "--abbrev-ref", "HEAD");
        var remote = await Git(folder, "remote", "get-url", "origin") ?? (await Git(folder, "remote") is { Length: > 0 } others ? await Git(folder, "remote", "get-url", others.Split('\n')[0]) : null);
        var changed = await Git(root, "status", "--porcelain", "-z", "--untracked-files=all") ?? "";
        var untracked = changed.Split('\0').Where(l => l.StartsWith("?? ", StringComparison.Ordinal)).Select(l => l[3..]).ToList();
        var taken = untracked.Where(f => new FileInfo(Path.Combine(root, f)) is { Exists: true, Length: <= LargestFile }).ToList();
        var diff = withDiff && changed.Length > 0 ? await Diff(root, taken) : null;
        var leftOut = untracked.Except(taken).ToList();
        if (diff?.Length > LargestDiff)
        {
            leftOut.Add($"the whole diff: it has {diff.Length} characters");
            diff = null;
        }

        return (new CodeVersion(commit, branch == "HEAD" ? null : branch, Plain(remote), prefix.TrimEnd('/'), changed.Length > 0, diff is null ? 0 : Encoding.UTF8.GetByteCount(diff), diff is null ? [] : taken, leftOut), diff);
    }

    /// <summary>An address without user and password.</summary>
    public static string? Plain(string? remote) =>
        remote is not null && Uri.TryCreate(remote, UriKind.Absolute, out var uri) && uri.UserInfo.Length > 0 && uri.Scheme is "http" or "https" or "ftp" or "ftps"
            ? new UriBuilder(uri) { UserName = "", Password = "", Port = uri.IsDefaultPort ? -1 : uri.Port }.Uri.ToString()
            : remote;

    // New files are named in a copy of the index without their content, which makes them part of the diff and stores nothing.
    private static async Task<string?> Diff(string root, List<string> untracked)
    {
        var index = await Git(root, "rev-parse", "--git-path", "index");
        if (index is null)
            return null;
        var copy = Path.GetTempFileName();
        try
        {
            var own = Path.Combine(root, index);
            if (File.Exists(own))
                File.Copy(own, copy, overwrite: true);
            else
                File.Delete(copy);
            var variables = new Dictionary<string, string> { ["GIT_INDEX_FILE"] = copy };
            if (untracked.Count > 0)
                await Tool.Ask("git", ["add", "--intent-to-add", "--pathspec-from-file=-", "--pathspec-file-nul"], root, variables: variables, input: string.Join('\0', untracked) + "\0");
            return await Tool.Ask("git", ["-c", "core.quotepath=off", "-c", "diff.noprefix=false", "-c", "diff.mnemonicPrefix=false", "diff", "--binary", "--no-color", "--no-ext-diff", "HEAD"], root, TimeSpan.FromMinutes(1), variables) is { Length: > 0 } diff ? diff : null;
        }
        finally
        {
            File.Delete(copy);
        }
    }

    private static async Task<string?> Git(string folder, params string[] words) => (await Tool.Ask("git", words, folder))?.TrimEnd('\n');
}
