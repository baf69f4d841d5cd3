using Holdfast.Contracts;

namespace Holdfast.Tracking;

/// <summary>
/// Paths that come from outside. The check looks at the path as it is and at every percent-decoding of it, so that no later
/// decoder can find another path in it than the one that was checked.
/// </summary>
public static class ArtifactPath
{
    private const int MaxDecodings = 10;

    /// <summary>Checks a relative path; the empty path is the root. Returns it without a trailing slash.</summary>
    /// <exception cref="HoldfastException">It could leave its root, or be read as another path.</exception>
    public static string Check(string? path)
    {
        if (string.IsNullOrEmpty(path))
            return "";
        var form = path;
        for (var i = 0; ; i++)
        {
            if (!IsSafe(form) || i == MaxDecodings)
                throw Invalid(path);
            string decoded;
            try
            {
                decoded = Uri.UnescapeDataString(form);
            }
            catch (UriFormatException)
            {
                throw Invalid(path);
            }

            if (decoded == form)
                break;
            form = decoded;
        }

        var parts = path.Split('/').Where(p => p is not ("" or ".")).ToArray();
        return string.Join('/', parts);
    }

    /// <summary>Checks the path of a file: not empty.</summary>
    public static string CheckFile(string? path)
    {
        var checkedPath = Check(path);
        return checkedPath.Length > 0 ? checkedPath : throw Invalid(path ?? "");
    }

    private static bool IsSafe(string path)
    {
        if (path[0] == '/' || path.Contains('\\') || path.Contains('#') || path.Contains("//", StringComparison.Ordinal))
            return false;
        foreach (var c in path)
        {
            if (char.IsControl(c))
                return false;
        }

        if (path.Length >= 2 && char.IsAsciiLetter(path[0]) && path[1] == ':')
            return false;
        if (path.StartsWith("file:", StringComparison.OrdinalIgnoreCase))
            return false;
        foreach (var part in path.Split('/'))
        {
            // "..;" and ".. " are ".." to some readers.
            if (part.TrimEnd(' ', ';') == ".." || part.StartsWith("..;", StringComparison.Ordinal))
                return false;
        }

        return true;
    }

    private static HoldfastException Invalid(string path) =>
        new(ErrorCode.InvalidArgument, "Invalid path", $"'{path}' is not a plain relative path: write folders and file separated by '/', without '..', '#', backslashes or a leading '/'.");
}
