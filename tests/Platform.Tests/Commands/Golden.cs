using System.Text.Json;

namespace Holdfast.Platform.Tests.Commands;

/// <summary>A document that must not change its shape. Numbers may differ in the last digits: logarithms do between processors.</summary>
internal static class Golden
{
    public static void Check(string name, string text)
    {
        var file = Path.Combine(Repository.Root, "tests", "Platform.Tests", "Commands", "Golden", name);
        if (Environment.GetEnvironmentVariable("HOLDFAST_UPDATE_DOCS") is { Length: > 0 })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, text.ReplaceLineEndings("\n"));
        }

        using var expected = JsonDocument.Parse(File.ReadAllText(file));
        using var actual = JsonDocument.Parse(text);
        Same(expected.RootElement, actual.RootElement, "$");
    }

    private static void Same(JsonElement expected, JsonElement actual, string path)
    {
        Assert.True(expected.ValueKind == actual.ValueKind, $"{path} is {actual.ValueKind}, expected {expected.ValueKind}");
        switch (expected.ValueKind)
        {
            case JsonValueKind.Object:
                Assert.Equal(expected.EnumerateObject().Select(p => $"{path}.{p.Name}"), actual.EnumerateObject().Select(p => $"{path}.{p.Name}"));
                foreach (var property in expected.EnumerateObject())
                    Same(property.Value, actual.GetProperty(property.Name), $"{path}.{property.Name}");
                break;
            case JsonValueKind.Array:
                Assert.True(expected.GetArrayLength() == actual.GetArrayLength(), $"{path} has {actual.GetArrayLength()} items, expected {expected.GetArrayLength()}");
                for (var i = 0; i < expected.GetArrayLength(); i++)
                    Same(expected[i], actual[i], $"{path}[{i}]");
                break;
            case JsonValueKind.Number:
                var (a, b) = (expected.GetDouble(), actual.GetDouble());
                Assert.True(Math.Abs(a - b) <= 1e-9 * Math.Max(1e-3, Math.Abs(a)), $"{path} is {b:R}, expected {a:R}");
                break;
            default:
                Assert.True(expected.ToString() == actual.ToString(), $"{path} is '{actual}', expected '{expected}'");
                break;
        }
    }
}
