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
            if (!IsSafe(form, decoded: i > 0) || i == MaxDecodings)
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

    // Names may hold percent signs that encode nothing: MLflow calls an image "k%step%23%timestamp%17…". A decoding is therefore
    // not refused for a sign that no file name should have, only for what would lead another reader elsewhere.
    private static bool IsSafe(string path, bool decoded)
    {
        if (!decoded && (path.Contains('\\') || path.Contains('#') || path.Any(char.IsControl)))
            return false;
        path = path.Replace('\\', '/');
        if (path[0] == '/' || path.Contains('\0') || path.Contains("//", StringComparison.Ordinal))
            return false;
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
