namespace Holdfast.Platform.Tests;

/// <summary>Files of the repository, for tests that hold documents and code together.</summary>
internal static class Repository
{
    /// <summary>The folder that holds Holdfast.slnx, found from the test binary upwards.</summary>
    public static string Root { get; } = Find();

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    /// <summary>A file of the reference data beside the repository (or under HOLDFAST_SHARED); null where it is absent.</summary>
    public static string? Shared(string path)
    {
        var file = Path.Combine(Environment.GetEnvironmentVariable("HOLDFAST_SHARED") is { Length: > 0 } shared ? shared : Path.Combine(Root, "..", "shared"), path);
        return File.Exists(file) ? file : null;
    }

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Holdfast.slnx")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("Holdfast.slnx is in no folder above the tests.");
    }
}
