using Holdfast.Contracts;
using Holdfast.Registry;
using Holdfast.Serving.Backends.Remote;
using Microsoft.Extensions.Logging;

namespace Holdfast.Serving.Backends;

/// <summary>Opens a package of a kind that lives in an assembly of its own, because it brings a heavy dependency.</summary>
/// <param name="Kind">The manifest's <c>backend</c>.</param>
/// <param name="Load">From the model's file and the manifest.</param>
public sealed record BackendKind(string Kind, Func<string, ModelPackage, IBackend> Load);

/// <summary>What a server adds to a package to serve it.</summary>
/// <param name="WorkFolder">A folder of the variant's own, for a process's copy of the package and its log.</param>
/// <param name="IsTrusted">Whether the package was registered as such, so that its right to execute was asked for.</param>
public sealed record BackendContext(string WorkFolder, bool IsTrusted, TimeProvider Time, ILogger Log, IReadOnlyList<BackendKind> Kinds);

/// <summary>Opens model packages.</summary>
public static class Backends
{
    /// <summary>
    /// Loads what a package's manifest names, or says what is missing or broken. Native libraries are loaded by the first ONNX
    /// model, not before. Without a server around it nothing is started and nobody is called.
    /// </summary>
    public static IBackend Load(string packageFolder)
    {
        var package = ModelPackage.Read(packageFolder);
        var file = Path.Combine(packageFolder, package.File ?? "");
        return package.Backend switch
        {
            "onnx" => OnnxLoader.Load(file, packageFolder, package),
            "rules" => RulesBackend.Load(file),
            "constant" => ConstantBackend.Load(file, package),
            _ => throw new HoldfastException(ErrorCode.Unsupported, $"A model of the kind '{package.Backend}' is run by a server only.", "Deploy it to an endpoint, and ask that."),
        };
    }

    /// <summary>The same on a server: a process is started, and is ready when this ends.</summary>
    public static async Task<IBackend> Load(string packageFolder, BackendContext context, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        var package = ModelPackage.Read(packageFolder);
        if (package.NeedsExecute && !context.IsTrusted)
            throw new HoldfastException(ErrorCode.PermissionDenied, $"A model of the kind '{package.Backend}' is served from a registered package only, not from artifacts.", "Register the folder as a model version, with the right to execute.");
        if (package.Backend == "upstream")
            return new UpstreamBackend(package, context.IsTrusted, context.Time);
        if (package.Backend == "process")
            return await ProcessBackend.Start(package, Copy(packageFolder, context.WorkFolder), Path.Combine(context.WorkFolder, "log"), context.Time, context.Log, ct);
        return context.Kinds.FirstOrDefault(k => k.Kind == package.Backend) is { } kind
            ? kind.Load(Path.Combine(packageFolder, package.File ?? ""), package)
            : Load(packageFolder);
    }

    // A command may write into its folder, and the registry's copy must not change.
    private static string Copy(string from, string work)
    {
        var to = Path.Combine(work, "package");
        if (Directory.Exists(to))
            Directory.Delete(to, recursive: true);
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        return to;
    }
}
