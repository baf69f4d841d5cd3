using System.Globalization;

namespace Holdfast.Client;

/// <summary>Paths with escaped parts and queries.</summary>
internal static class Query
{
    public static string Path(string path, params ReadOnlySpan<(string Name, object? Value)> query)
    {
        var separator = '?';
        foreach (var (name, value) in query)
        {
            if (value is null)
                continue;
            path += $"{separator}{name}={Uri.EscapeDataString(Convert.ToString(value, CultureInfo.InvariantCulture)!)}";
            separator = '&';
        }

        return path;
    }

    public static string Part(string name) => Uri.EscapeDataString(name);
}
