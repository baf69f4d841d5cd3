using System.Security.Cryptography;

namespace Holdfast.Kernel;

/// <summary>Public identifiers.</summary>
public static class Ids
{
    /// <summary>32 lowercase hex digits: runs, pipeline runs, rollouts, incidents.</summary>
    public static string Hex32() => RandomNumberGenerator.GetHexString(32, lowercase: true);

    /// <summary>A UUIDv7 for a prediction: sorts by the given time, so that it finds its segment.</summary>
    public static string Prediction(DateTimeOffset at) => Guid.CreateVersion7(at).ToString();
}
