using System.Text;
using System.Text.Json;

namespace Holdfast.Tracking;

/// <summary>Opaque tokens of pages: base64 of <c>{"offset": n}</c>.</summary>
public static class PageToken
{
    /// <summary>Where the page begins.</summary>
    public static long Offset(string? token)
    {
        if (string.IsNullOrEmpty(token))
            return 0;
        try
        {
            using var document = JsonDocument.Parse(Convert.FromBase64String(token));
            if (document.RootElement.GetProperty("offset").GetInt64() is >= 0 and var offset)
                return offset;
        }
        catch (Exception e) when (e is FormatException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            // Whatever it was, it is no token of ours.
        }

        throw KeyRules.Invalid($"Invalid page token '{token}'", "Send the token of the page before, unchanged, or none for the first page.");
    }

    /// <summary>A page out of one item more than asked for: the surplus item says that there is a next page.</summary>
    public static Kernel.Page<T> Cut<T>(List<T> items, int max, long offset) =>
        items.Count > max ? new Kernel.Page<T>(items[..max], Of(offset + max)) : new Kernel.Page<T>(items);

    private static string Of(long offset) => Convert.ToBase64String(Encoding.UTF8.GetBytes($"{{\"offset\": {offset}}}"));
}
