namespace Holdfast.Platform.Tests.Docs;

/// <summary>A document that a test writes: compared on every run, rewritten when HOLDFAST_UPDATE_DOCS is set.</summary>
internal static class WrittenDocument
{
    public static void Check(string path, string expected)
    {
        var file = Path.Combine(Repository.Root, path);
        expected = expected.ReplaceLineEndings("\n");
        if (Environment.GetEnvironmentVariable("HOLDFAST_UPDATE_DOCS") is { Length: > 0 })
            File.WriteAllText(file, expected);
        var found = File.Exists(file) ? File.ReadAllText(file).ReplaceLineEndings("\n") : "";
        var missing = expected.Split('\n').Except(found.Split('\n')).ToList();
        var surplus = found.Split('\n').Except(expected.Split('\n')).ToList();
        Assert.True(missing.Count + surplus.Count == 0, $"{path} is out of date; run this test with HOLDFAST_UPDATE_DOCS=1 and look at the difference.\nlacks:\n{string.Join('\n', missing)}\nhas too much:\n{string.Join('\n', surplus)}");
    }
}
