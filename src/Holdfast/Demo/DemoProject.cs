using System.Reflection;

namespace Holdfast.Demo;

/// <summary>The example projects, carried inside the executable so that the demo needs nothing beside it.</summary>
internal static class DemoProject
{
    /// <summary>Writes <c>examples/{name}</c> to a folder. The suffix is appended to the names in holdfast.yaml that are marked for it.</summary>
    public static void Extract(string name, string folder, string suffix)
    {
        var prefix = $"examples/{name}/";
        var assembly = Assembly.GetExecutingAssembly();
        foreach (var resource in assembly.GetManifestResourceNames().Where(n => n.StartsWith(prefix, StringComparison.Ordinal)))
        {
            var path = Path.Combine(folder, resource[prefix.Length..]);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            var text = reader.ReadToEnd();
            File.WriteAllText(path, suffix.Length > 0 && resource.EndsWith("holdfast.yaml", StringComparison.Ordinal) ? Rename(text, name, suffix) : text);
        }
    }

    private static string Rename(string yaml, string name, string suffix)
    {
        // Endpoint, model, monitor and pipeline names of the two examples: "credit-risk" and "credit", "fraud-score" and "fraud".
        foreach (var word in name == "credit" ? new[] { "credit-risk", "credit" } : ["fraud-score", "fraud"])
            yaml = System.Text.RegularExpressions.Regex.Replace(yaml, $@"(?<![\w/.-]){word}(?![\w/.-])", word + suffix);
        return yaml;
    }
}
