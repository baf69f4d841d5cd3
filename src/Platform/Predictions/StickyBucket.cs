using System.IO.Hashing;
using System.Text;

namespace Holdfast.Predictions;

/// <summary>
/// Which units belong to a share. Buckets are nested: whoever is inside 1 % is inside 5 % too, so that raising the weight of a
/// rollout never moves anybody back. The salt is the rollout's, so that two rollouts do not try the same people first.
/// </summary>
public static class StickyBucket
{
    private const double TwoTo64 = 18446744073709551616.0;

    /// <summary>XxHash64 of salt, a zero byte and the key, in UTF-8: the same in every process and release.</summary>
    public static ulong Unit(string salt, string key)
    {
        ArgumentNullException.ThrowIfNull(salt);
        ArgumentNullException.ThrowIfNull(key);
        var length = Encoding.UTF8.GetMaxByteCount(salt.Length + key.Length) + 1;
        var bytes = length <= 512 ? stackalloc byte[length] : new byte[length];
        var used = Encoding.UTF8.GetBytes(salt, bytes);
        bytes[used++] = 0;
        used += Encoding.UTF8.GetBytes(key, bytes[used..]);
        return XxHash64.HashToUInt64(bytes[..used]);
    }

    /// <summary>What a key is called in the log, whatever rollout its request took part in.</summary>
    public static ulong Entity(string key) => Unit("entity", key);

    /// <summary>Whether a unit lies in the first <paramref name="share"/> (0..1) of all units.</summary>
    public static bool Holds(ulong unit, double share) => share >= 1 || unit < share * TwoTo64;
}
