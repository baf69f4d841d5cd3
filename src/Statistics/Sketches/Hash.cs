namespace Holdfast.Statistics.Sketches;

/// <summary>Fixed 64-bit hashes: the same on every machine and in every release, because stored profiles depend on them.</summary>
internal static class Hash
{
    /// <summary>SplitMix64's finaliser (Steele, Lea and Flood 2014): a bijection on 64 bits.</summary>
    public static ulong Mix(ulong x)
    {
        x += 0x9E3779B97F4A7C15;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }

    /// <summary>FNV-1a over UTF-16 code units, mixed.</summary>
    public static ulong Text(string text, ulong seed)
    {
        var hash = 14695981039346656037UL ^ seed;
        foreach (var unit in text) hash = (hash ^ unit) * 1099511628211UL;
        return Mix(hash);
    }
}
