using Holdfast.Contracts;

namespace Holdfast.Examples;

/// <summary>The example projects, carried inside the executable.</summary>
internal static class ExampleProject
{
    /// <summary>Writes <c>examples/{name}</c> into a folder.</summary>
    public static void Write(string name, string folder)
    {
        var prefix = $"examples/{name}/";
        var assembly = typeof(ExampleProject).Assembly;
        var found = assembly.GetManifestResourceNames().Where(r => r.StartsWith(prefix, StringComparison.Ordinal)).ToArray();
        if (found.Length == 0)
            throw new HoldfastException(ErrorCode.NotFound, $"There is no example project '{name}'.", "Use credit, fraud or electricity.");
        foreach (var resource in found)
        {
            var path = Path.Combine(folder, resource[prefix.Length..]);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using var content = assembly.GetManifestResourceStream(resource)!;
            using var file = File.Create(path);
            content.CopyTo(file);
        }
    }
}
