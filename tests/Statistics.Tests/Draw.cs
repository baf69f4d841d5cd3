namespace Holdfast.Statistics.Tests;

/// <summary>Seeded draws for simulations.</summary>
internal sealed class Draw(int seed)
{
    private readonly Random _random = new(seed);

    /// <summary>1 in the normal suite, more with HOLDFAST_FULL=1.</summary>
    public static int Scale(int full) => Environment.GetEnvironmentVariable("HOLDFAST_FULL") == "1" ? full : 1;

    public double Uniform() => _random.NextDouble();

    public bool Coin(double chance) => _random.NextDouble() < chance;

    public int Below(int limit) => _random.Next(limit);

    public double Normal() => Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());

    /// <summary>0 to count - 1 in random order.</summary>
    public int[] Shuffled(int count)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        _random.Shuffle(order);
        return order;
    }

    /// <summary>Each true with the given chance.</summary>
    public bool[] Hits(int count, double chance)
    {
        var hits = new bool[count];
        for (var i = 0; i < count; i++) hits[i] = Coin(chance);
        return hits;
    }

    /// <summary>Poisson count: by the product of uniforms, in parts of mean at most 30.</summary>
    public int Poisson(double mean)
    {
        var count = 0;
        for (; mean > 30; mean -= 30) count += Poisson(30);
        var (product, limit) = (_random.NextDouble(), Math.Exp(-mean));
        for (; product > limit; count++) product *= _random.NextDouble();
        return count;
    }

    public double LogNormal(double mu, double sigma) => Math.Exp(mu + sigma * Normal());

    public double[] Many(int count, Func<Draw, double> draw)
    {
        var result = new double[count];
        for (var i = 0; i < count; i++) result[i] = draw(this);
        return result;
    }

    /// <summary>The count of successes that a binomial test at the given size exceeds with chance about 0.1 %: what a simulation may show.</summary>
    public static double Allowed(int runs, double rate) => runs * rate + 3.1 * Math.Sqrt(runs * rate * (1 - rate)) + 1;

    /// <summary>The count of successes below which a binomial test at the given size falls with chance about 0.1 %.</summary>
    public static double Least(int runs, double rate) => runs * rate - 3.1 * Math.Sqrt(runs * rate * (1 - rate)) - 1;
}
