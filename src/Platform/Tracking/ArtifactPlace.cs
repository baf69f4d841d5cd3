using System.Buffers;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Storage.Blobs;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Tracking;

/// <summary>Where a stored address of artifacts can be reached by this server: a blob store and the key of the folder in it.</summary>
public sealed record ArtifactFolder(IBlobStore Store, string Key)
{
    /// <summary>The key of something below.</summary>
    public string Of(string path) => Key.Length == 0 ? path : path.Length == 0 ? Key : Key + "/" + path;
}

/// <summary>
/// Turns addresses (<c>mlflow-artifacts:/1/…</c>, <c>file:///root/…</c>) into places. Local files are served only below the
/// artifact root that the operator named: an experiment's location is user input and must not open the server's disk.
/// </summary>
public sealed class ArtifactPlace([FromKeyedServices("artifacts")] IBlobStore artifacts, TrackingOptions options)
{
    private const string ProxyPath = "/mlflow-artifacts/artifacts";
    private static readonly SearchValues<char> _schemeLetters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");
    private readonly string? _proxy = options.ArtifactRoot.StartsWith("http", StringComparison.OrdinalIgnoreCase) && options.ArtifactRoot.TrimEnd('/').EndsWith(ProxyPath, StringComparison.Ordinal)
        ? options.ArtifactRoot.TrimEnd('/')
        : null;

    private readonly string? _root = LocalPath(options.AbsoluteArtifactRoot);

    /// <summary>The proxied tree of a workspace: plain for the default one, below <c>@id</c> for others.</summary>
    public ArtifactFolder Proxied(Principal p)
    {
        ArgumentNullException.ThrowIfNull(p);
        return new ArtifactFolder(artifacts, p.WorkspaceId == Principal.DefaultWorkspaceId ? "" : "@" + p.WorkspaceId);
    }

    /// <summary>Checks a path in the proxied tree; the default workspace may not enter another's.</summary>
    public static string CheckProxied(Principal p, string? path)
    {
        var safe = ArtifactPath.Check(path);
        return p.WorkspaceId == Principal.DefaultWorkspaceId && safe.StartsWith('@')
            ? throw new HoldfastException(ErrorCode.InvalidArgument, "Invalid path", "The first folder must not begin with '@'.")
            : safe;
    }

    /// <summary>The place of an address; null when this server does not hold it.</summary>
    public ArtifactFolder? Find(Principal p, string uri)
    {
        ArgumentNullException.ThrowIfNull(uri);
        var plain = WithoutQuery(uri);
        // An artifact root may spell out this server's own proxy.
        if (_proxy is not null && (plain == _proxy || plain.StartsWith(_proxy + "/", StringComparison.Ordinal)))
            plain = "mlflow-artifacts:/" + Uri.UnescapeDataString(plain[_proxy.Length..].TrimStart('/'));
        if (plain.StartsWith("mlflow-artifacts:", StringComparison.Ordinal))
        {
            var rest = plain["mlflow-artifacts:".Length..];
            if (rest.StartsWith("//", StringComparison.Ordinal) && !rest.StartsWith("///", StringComparison.Ordinal))
                return null;
            var folder = Proxied(p);
            return folder with { Key = folder.Of(CheckProxied(p, rest.Trim('/'))) };
        }

        if (_root is null || LocalPath(plain) is not { } local)
            return null;
        var full = Path.GetFullPath(local);
        if (full != _root && !full.StartsWith(_root + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            return null;
        return new ArtifactFolder(new FileBlobStore(_root), full.Length == _root.Length ? "" : full[(_root.Length + 1)..].Replace('\\', '/'));
    }

    /// <summary>The place of an address, or the reason why it cannot be read here.</summary>
    public ArtifactFolder Get(Principal p, string uri) =>
        Find(p, uri) ?? throw new HoldfastException(ErrorCode.FailedPrecondition, $"The artifacts at '{uri}' are not held by this server.", "Read them with a client that can reach the address.");

    /// <summary>A file's path out of a plain path or a local <c>file:</c> address; null for other addresses.</summary>
    public static string? LocalPath(string uri)
    {
        ArgumentNullException.ThrowIfNull(uri);
        if (uri.StartsWith("file:", StringComparison.OrdinalIgnoreCase))
        {
            return Uri.TryCreate(uri, UriKind.Absolute, out var parsed) && parsed.Host is "" or "localhost"
                ? Trim(Uri.UnescapeDataString(parsed.AbsolutePath))
                : Trim(Uri.UnescapeDataString(uri["file:".Length..]));
        }

        return HasScheme(uri) ? null : Trim(Path.GetFullPath(uri));
    }

    /// <summary>A plain path made absolute; addresses stay as they are, without the slash at the end.</summary>
    public static string Absolute(string location)
    {
        ArgumentNullException.ThrowIfNull(location);
        return HasScheme(location) ? location : Path.GetFullPath(location);
    }

    /// <summary>Whether something begins with <c>scheme:</c>; a drive letter is none.</summary>
    public static bool HasScheme(string location)
    {
        ArgumentNullException.ThrowIfNull(location);
        var colon = location.IndexOf(':', StringComparison.Ordinal);
        return colon > 1 && location.AsSpan(0, colon).IndexOfAnyExcept(_schemeLetters) < 0;
    }

    /// <summary>Adds folders to an address; a query string stays at the end.</summary>
    public static string Join(string location, params ReadOnlySpan<string> parts)
    {
        ArgumentNullException.ThrowIfNull(location);
        var query = location.IndexOf('?', StringComparison.Ordinal);
        var path = query < 0 ? location : location[..query];
        return path.TrimEnd('/') + "/" + string.Join('/', parts) + (query < 0 ? "" : location[query..]);
    }

    private static string WithoutQuery(string uri) => uri.IndexOf('?', StringComparison.Ordinal) is var q and >= 0 ? uri[..q] : uri;

    private static string Trim(string path) => path.Length > 1 ? path.TrimEnd('/') : path;
}
