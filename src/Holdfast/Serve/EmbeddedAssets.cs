using System.Collections.Frozen;
using System.Reflection;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Primitives;

namespace Holdfast.Serve;

/// <summary>Serves the static assets that the build compiled into the executable.</summary>
internal static class EmbeddedAssets
{
    public static WebApplication UseEmbeddedAssets(this WebApplication app)
    {
        var files = new EmbeddedFiles(typeof(EmbeddedAssets).Assembly);
        app.UseWhen(
            context => files.Has(context.Request.Path),
            branch => branch.UseResponseCompression().UseStaticFiles(new StaticFileOptions
            {
                FileProvider = files,
                ContentTypeProvider = ContentTypes(),
                ServeUnknownFileTypes = true,
                DefaultContentType = "application/octet-stream",
                OnPrepareResponse = Prepare,
            }));
        return app;
    }

    private static void Prepare(StaticFileResponseContext served)
    {
        // Pages ask with ?v=<build>: such an address never changes its bytes. Any other is asked again with its ETag.
        var headers = served.Context.Response.Headers;
        headers.CacheControl = served.Context.Request.Query.ContainsKey("v") ? "public, max-age=31536000, immutable" : "no-cache";
        headers.XContentTypeOptions = "nosniff";
    }

    private static FileExtensionContentTypeProvider ContentTypes()
    {
        var types = new FileExtensionContentTypeProvider();
        types.Mappings[".js"] = "text/javascript";
        types.Mappings[".mjs"] = "text/javascript";
        types.Mappings[".map"] = "application/json";
        return types;
    }
}

/// <summary>The resources named wwwroot/… of an assembly, as files.</summary>
internal sealed class EmbeddedFiles : IFileProvider
{
    private const string Prefix = "wwwroot/";
    private readonly FrozenDictionary<string, EmbeddedFile> _files;

    public EmbeddedFiles(Assembly assembly)
    {
        // The time stands in for the version in Last-Modified and ETag: it changes when the executable is replaced.
        var built = Environment.ProcessPath is { } path ? File.GetLastWriteTimeUtc(path) : DateTime.UnixEpoch;
        _files = assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .ToFrozenDictionary(
                name => Normal(name[Prefix.Length..]),
                name => new EmbeddedFile(assembly, name, built),
                StringComparer.OrdinalIgnoreCase);
    }

    public IEnumerable<string> Paths => _files.Keys;

    public bool Has(string? path) => path is { Length: > 1 } && _files.ContainsKey(Normal(path));

    public IFileInfo GetFileInfo(string subpath) =>
        _files.TryGetValue(Normal(subpath), out var file) ? file : new NotFoundFileInfo(subpath);

    public IDirectoryContents GetDirectoryContents(string subpath) => NotFoundDirectoryContents.Singleton;

    public IChangeToken Watch(string filter) => NullChangeToken.Singleton;

    /// <summary>No leading slash and no doubled one: an asset with an empty base path is stored as wwwroot//name.</summary>
    private static string Normal(string path) => string.Join('/', path.Split('/', StringSplitOptions.RemoveEmptyEntries));
}

internal sealed class EmbeddedFile(Assembly assembly, string resource, DateTimeOffset built) : IFileInfo
{
    private readonly Lazy<long> _length = new(() =>
    {
        using var stream = Open(assembly, resource);
        return stream.Length;
    });

    public bool Exists => true;
    public long Length => _length.Value;
    public string? PhysicalPath => null;
    public string Name => Path.GetFileName(resource);
    public DateTimeOffset LastModified => built;
    public bool IsDirectory => false;

    public Stream CreateReadStream() => Open(assembly, resource);

    private static Stream Open(Assembly assembly, string resource) =>
        assembly.GetManifestResourceStream(resource) ?? throw new FileNotFoundException($"The asset {resource} is not in this build.");
}
