namespace Holdfast.Demo.Worlds;

/// <summary>Seeded draws: the same seed gives the same world on every machine.</summary>
internal sealed class Draw(int seed)
{
    private readonly Random _random = new(seed);
    private double _spare = double.NaN;

    /// <summary>Uniform in [0, 1).</summary>
    public double Uniform() => _random.NextDouble();

    /// <summary>True with the given chance.</summary>
    public bool Chance(double probability) => _random.NextDouble() < probability;

    public int Below(int limit) => _random.Next(limit);

    /// <summary>Standard normal (polar method; the second of each pair is kept).</summary>
    public double Normal()
    {
        if (!double.IsNaN(_spare))
        {
            var kept = _spare;
            _spare = double.NaN;
            return kept;
        }

        while (true)
        {
            var u = (2 * _random.NextDouble()) - 1;
            var v = (2 * _random.NextDouble()) - 1;
            var s = (u * u) + (v * v);
            if (s is <= 0 or >= 1)
                continue;
            var factor = Math.Sqrt(-2 * Math.Log(s) / s);
            _spare = v * factor;
            return u * factor;
        }
    }

    /// <summary>Exponential with the given mean.</summary>
    public double Exponential(double mean) => -mean * Math.Log(1 - _random.NextDouble());

    /// <summary>True with the chance of a logit.</summary>
    public bool Logit(double z) => Chance(1 / (1 + Math.Exp(-z)));
}
