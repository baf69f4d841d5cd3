using Holdfast.Statistics.Sketches;

namespace Holdfast.Statistics.Multivariate;

/// <summary>
/// SplitMix64 (Steele, Lea and Flood 2014): the same numbers in every release and on every machine, because stored sketches name only their seed.
/// </summary>
internal struct SeededDraws(ulong seed)
{
    private const ulong Step = 0x9E3779B97F4A7C15;
    private ulong _state = Hash.Mix(seed);

    public ulong Next()
    {
        _state += Step;
        return Hash.Mix(_state);
    }

    /// <summary>An integer in [0, limit), by Lemire's multiplication; the bias of at most limit / 2^64 cannot be seen.</summary>
    public int Below(int limit) => (int)Math.BigMul(Next(), (ulong)limit, out _);

    /// <summary>In (0, 1).</summary>
    public double Uniform() => ((Next() >> 11) + 0.5) * (1.0 / (1UL << 53));

    /// <summary>Standard normal, by Box and Muller.</summary>
    public double Normal() => Math.Sqrt(-2 * Math.Log(Uniform())) * Math.Cos(2 * Math.PI * Uniform());
}
