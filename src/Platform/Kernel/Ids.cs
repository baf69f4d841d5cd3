using System.Security.Cryptography;

namespace Holdfast.Kernel;

/// <summary>Public identifiers.</summary>
public static class Ids
{
    /// <summary>32 lowercase hex digits: runs, pipeline runs, rollouts, incidents.</summary>
    public static string Hex32() => RandomNumberGenerator.GetHexString(32, lowercase: true);

    /// <summary>32 lowercase hex digits that the same text always gives: where two replays of one log must name things alike.</summary>
    public static string Hex32From(string text) => Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text)).AsSpan(0, 16));

    /// <summary>A UUIDv7 for a prediction: sorts by the given time, so that it finds its segment.</summary>
    public static string Prediction(DateTimeOffset at) => Guid.CreateVersion7(at).ToString();
}
