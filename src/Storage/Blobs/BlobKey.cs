using Holdfast.Contracts;

namespace Holdfast.Storage.Blobs;

/// <summary>What a key may be. The last line of defence: whatever an edge let through, no key leaves its store.</summary>
internal static class BlobKey
{
    /// <summary>Returns the key, or throws <see cref="ErrorCode.InvalidArgument"/>.</summary>
    public static string Check(string key) =>
        key.Length == 0 || key.Contains('\0') || key.Contains('\\') || Path.IsPathRooted(key) || key.Split('/').Any(s => s is "" or "." or "..")
            ? throw new HoldfastException(ErrorCode.InvalidArgument, $"Invalid path: '{key}'", "Use a relative path without '..' and without empty parts.")
            : key;
}
