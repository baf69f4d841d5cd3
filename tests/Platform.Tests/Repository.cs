namespace Holdfast.Platform.Tests;

/// <summary>Files of the repository, for tests that hold documents and code together.</summary>
internal static class Repository
{
    /// <summary>The folder that holds Holdfast.slnx, found from the test binary upwards.</summary>
    public static string Root { get; } = Find();

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Holdfast.slnx")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("Holdfast.slnx is in no folder above the tests.");
    }
}
