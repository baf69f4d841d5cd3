using System.Text.RegularExpressions;
using Holdfast.Contracts;
using Holdfast.Tracking;

namespace Holdfast.Registry;

/// <summary>
/// Whether a client may name an address as the content of a model version. An unchecked source would let a reader of the
/// registry make servers open any file: MLflow's CVE-2023-6014, 2024-1560 and 2025-11201 were of this kind.
/// </summary>
public static partial class ModelSource
{
    /// <summary>Checks a source.</summary>
    /// <param name="runArtifacts">Artifact address of the run that the request names; null without a run.</param>
    public static void Check(string source, string? runArtifacts)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (IsLocal(source))
        {
            if (runArtifacts is not null && IsLocal(runArtifacts) && ArtifactPlace.LocalPath(source) is { } path && ArtifactPlace.LocalPath(runArtifacts) is { } root)
            {
                var full = Path.GetFullPath(path);
                if (!full.Contains('\0') && (full == root || full.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal)))
                    return;
            }

            throw Invalid(
                $"Invalid model version source: '{source}'. To use a local path as a model version source, the run_id request parameter has to be specified and the local path has to be contained within the artifact directory of the run specified by the run_id.");
        }

        var decoded = source;
        for (var i = 0; i < 10; i++)
            decoded = Uri.UnescapeDataString(decoded.Replace('+', ' '));
        var afterScheme = decoded[(decoded.IndexOf(':', StringComparison.Ordinal) + 1)..];
        var pathPart = AfterHost(afterScheme);
        var end = pathPart.AsSpan().IndexOfAny('?', '#');
        pathPart = Slashes().Replace((end < 0 ? pathPart : pathPart[..end]).TrimEnd('/'), "/");
        var broken = decoded.Contains('\0') || decoded.Contains('\\') || decoded.Split('/', '?', '#', ';').Contains("..")
            || (pathPart.Length > 0 && KeyRules.Normalize(pathPart) != pathPart);
        if (broken)
        {
            throw Invalid(
                $"Invalid model version source: '{source}'. If supplying a source as an http, https, local file path, ftp, objectstore, or mlflow-artifacts uri, an absolute path must be provided without relative path references present. Please provide an absolute path.");
        }
    }

    private static bool IsLocal(string source)
    {
        if (!ArtifactPlace.HasScheme(source))
            return true;
        if (!source.StartsWith("file:", StringComparison.OrdinalIgnoreCase))
            return false;
        return Uri.TryCreate(source, UriKind.Absolute, out var uri) && uri.Host is "" or "." or "localhost" or "127.0.0.1"
            ? true
            : throw Invalid($"{source} is not a valid remote uri. For remote access on windows, please consider using a different scheme such as SMB (e.g. smb://<hostname>/<path>).");
    }

    private static string AfterHost(string text)
    {
        if (!text.StartsWith("//", StringComparison.Ordinal))
            return text;
        var slash = text.IndexOf('/', 2);
        return slash < 0 ? "" : text[slash..];
    }

    private static HoldfastException Invalid(string message) => new(ErrorCode.InvalidArgument, message);

    [GeneratedRegex("/+")]
    private static partial Regex Slashes();
}
