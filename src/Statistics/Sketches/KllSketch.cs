using System.Numerics;

namespace Holdfast.Statistics.Sketches;

/// <summary>
/// Quantiles of a stream in bounded memory with a stated error in rank (Karnin, Lang and Liberty, FOCS 2016). Levels of items, those of level h
/// with weight 2^h; the capacity of a level is k (2/3)^(depth below the top), at least 8. A full level is sorted, and every other item, from a
/// coin's first or second, moves up with doubled weight. About 3k numbers are kept, however long the stream.
/// Two sketches merge with the error of one over both streams. The coins are hashes of the seed and the data, so equal input gives equal sketches.
/// NaN and infinities are counted in <see cref="Missing"/> and not sketched. Not safe for concurrent writers.
/// </summary>
public sealed class KllSketch
{
    /// <summary>
    /// Default of k: rank error 0.27 %, 0.35 % over all ranks at once. Coarser sketches do not resolve the Kolmogorov-Smirnov distances that matter
    /// for windows of 10,000 rows and more.
    /// </summary>
    public const int DefaultK = 1024;

    private const byte Version = 1;
    private const int LeastCapacity = 8;
    private const int MostLevels = 60;

    // Level 0 is in order of arrival, the others ascending.
    private double[][] _levels = [[]];
    private int[] _sizes = [0];
    private int[] _capacities = [0];
    private double[] _base;
    private int _filled;
    private int _room;
    private ulong _compactions;
    private KllView? _view;
    private double _min = double.PositiveInfinity;
    private double _max = double.NegativeInfinity;

    /// <summary>An empty sketch.</summary>
    /// <param name="k">Size, 8 to 65,535: the error falls about as 1/k, the memory is about 24 k bytes. Default 1,024.</param>
    /// <param name="seed">Seed of the coins. Default 0.</param>
    public KllSketch(int k = DefaultK, ulong seed = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(k, LeastCapacity);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(k, ushort.MaxValue);
        K = k;
        SmallestK = k;
        Seed = seed;
        _base = new double[Math.Min(k, 64)];
        SetCapacities();
    }

    /// <summary>The size.</summary>
    public int K { get; }

    /// <summary>Smallest k of the sketches merged into this one: it sets the error.</summary>
    public int SmallestK { get; private set; }

    /// <summary>Seed of the coins.</summary>
    public ulong Seed { get; }

    /// <summary>Finite values seen.</summary>
    public long Count { get; private set; }

    /// <summary>NaN and infinities seen.</summary>
    public long Missing { get; private set; }

    /// <summary>Smallest value, exact; NaN if empty.</summary>
    public double Min => Count == 0 ? double.NaN : _min;

    /// <summary>Largest value, exact; NaN if empty.</summary>
    public double Max => Count == 0 ? double.NaN : _max;

    /// <summary>True while every value is kept: then ranks and quantiles are exact.</summary>
    public bool IsExact => _levels.Length == 1;

    /// <summary>Numbers kept.</summary>
    public int Retained
    {
        get
        {
            var result = _filled;
            for (var h = 1; h < _sizes.Length; h++) result += _sizes[h];
            return result;
        }
    }

    /// <summary>
    /// Error of one rank as a share of the count, with 99 % confidence: 2.296 / k^0.9723 (the fit of Apache DataSketches to simulations of
    /// these capacities and this lazy compaction); 0 while exact.
    /// </summary>
    public double RankError => IsExact ? 0 : RankErrorOf(SmallestK);

    /// <summary>As <see cref="RankError"/>, for all ranks at once and for the mass between any two points: 2.446 / k^0.9433.</summary>
    public double MassError => IsExact ? 0 : MassErrorOf(SmallestK);

    /// <summary><see cref="RankError"/> of a sketch of size <paramref name="k"/>.</summary>
    public static double RankErrorOf(int k) => 2.296 / Math.Pow(k, 0.9723);

    /// <summary><see cref="MassError"/> of a sketch of size <paramref name="k"/>.</summary>
    public static double MassErrorOf(int k) => 2.446 / Math.Pow(k, 0.9433);

    /// <summary>The least k with <see cref="MassErrorOf"/> at most <paramref name="error"/>, in 8 to 65,535.</summary>
    /// <param name="error">Wanted error, &gt; 0; below 0.00007 no k reaches it.</param>
    public static int SizeFor(double error)
    {
        if (!(error > 0)) throw new ArgumentOutOfRangeException(nameof(error), error, "The error must be above 0.");
        var k = Math.Clamp(Math.Ceiling(Math.Pow(2.446 / error, 1 / 0.9433)), LeastCapacity, ushort.MaxValue);
        return (int)k;
    }

    /// <summary>Adds a value.</summary>
    public void Add(double value)
    {
        if (!double.IsFinite(value))
        {
            Missing++;
            return;
        }
        if (value < _min) _min = value;
        if (value > _max) _max = value;
        Count++;
        if (_filled == _room) Compress();
        var items = _base;
        if ((uint)_filled >= (uint)items.Length) items = Grown();
        items[_filled++] = value;
    }

    /// <summary>Adds values in their order.</summary>
    public void Add(ReadOnlySpan<double> values)
    {
        foreach (var value in values) Add(value);
    }

    /// <summary>Takes over another sketch. Sizes may differ; the error is then that of the smaller one.</summary>
    public void Merge(KllSketch other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (ReferenceEquals(other, this)) throw new ArgumentException("A sketch cannot be merged into itself.", nameof(other));
        Missing += other.Missing;
        if (other.Count == 0) return;
        Count += other.Count;
        if (other._min < _min) _min = other._min;
        if (other._max > _max) _max = other._max;
        if (!other.IsExact) SmallestK = Math.Min(SmallestK, other.SmallestK);
        _compactions += other._compactions;
        while (_levels.Length < other._levels.Length) AddLevel();
        for (var h = 1; h < other._levels.Length; h++) MergeInto(h, other._levels[h].AsSpan(0, other._sizes[h]), 1);
        while (_base.Length < _filled + other._filled) Grown();
        other._base.AsSpan(0, other._filled).CopyTo(_base.AsSpan(_filled));
        _filled += other._filled;
        SetRoom();
        while (_filled > _room) Compress();
    }

    /// <summary>Share of values &lt;= <paramref name="value"/>, in [0, 1]; NaN if empty or for NaN.</summary>
    public double Rank(double value) => Count == 0 || double.IsNaN(value) ? double.NaN : (double)View().WeightUpTo(value) / Count;

    /// <summary>
    /// The smallest kept value whose rank reaches <paramref name="share"/> in [0, 1]: <see cref="Min"/> at 0, <see cref="Max"/> at 1. NaN if empty.
    /// Its true rank is within <see cref="RankError"/> of the share.
    /// </summary>
    public double Quantile(double share)
    {
        if (!(share >= 0 && share <= 1)) throw new ArgumentOutOfRangeException(nameof(share), share, "The share must lie between 0 and 1.");
        if (Count == 0) return double.NaN;
        return share == 0 ? _min : share == 1 ? _max : View().ValueAt(share);
    }

    /// <summary>Quantiles at several shares.</summary>
    public double[] Quantiles(ReadOnlySpan<double> shares)
    {
        var result = new double[shares.Length];
        for (var i = 0; i < result.Length; i++) result[i] = Quantile(shares[i]);
        return result;
    }

    /// <summary>The distribution function at several points: <see cref="Rank"/> of each.</summary>
    public double[] Cdf(ReadOnlySpan<double> points)
    {
        var result = new double[points.Length];
        for (var i = 0; i < result.Length; i++) result[i] = Rank(points[i]);
        return result;
    }

    /// <summary>
    /// Estimated counts in the bins (edge[k-1], edge[k]], the outer bins open; they add up to <see cref="Count"/>. Each is within
    /// <see cref="MassError"/> times the count.
    /// </summary>
    /// <param name="edges">Inner edges, ascending.</param>
    public long[] CountsIn(ReadOnlySpan<double> edges)
    {
        var result = new long[edges.Length + 1];
        var view = View();
        long before = 0;
        for (var i = 0; i < edges.Length; i++)
        {
            if (i > 0 && !(edges[i - 1] < edges[i])) throw new ArgumentException($"Edge {i} is not above edge {i - 1}.", nameof(edges));
            var upTo = view.WeightUpTo(edges[i]);
            result[i] = upTo - before;
            before = upTo;
        }
        result[^1] = Count - before;
        return result;
    }

    /// <summary>The sketch as bytes: a version byte, little-endian fields, a checksum. Equal sketches give equal bytes.</summary>
    public byte[] ToBytes()
    {
        var writer = new SketchWriter(Version);
        writer.Int32(K);
        writer.Int32(SmallestK);
        writer.UInt64(Seed);
        writer.UInt64(_compactions);
        writer.Int64(Count);
        writer.Int64(Missing);
        writer.Double(_min);
        writer.Double(_max);
        writer.Int32(_levels.Length);
        for (var h = 0; h < _levels.Length; h++)
        {
            var items = Items(h);
            writer.Int32(items.Length);
            writer.Doubles(items);
        }
        return writer.Finish();
    }

    /// <summary>The sketch stored by <see cref="ToBytes"/>. Throws <see cref="FormatException"/> for another version or damaged bytes.</summary>
    public static KllSketch FromBytes(ReadOnlySpan<byte> bytes)
    {
        var reader = new SketchReader(bytes, "KLL sketch", Version);
        var k = reader.Int32();
        reader.Require(k is >= LeastCapacity and <= ushort.MaxValue, "the size is out of range");
        var smallest = reader.Int32();
        reader.Require(smallest >= LeastCapacity && smallest <= k, "the smallest size is out of range");
        var result = new KllSketch(k, reader.UInt64()) { SmallestK = smallest, _compactions = reader.UInt64() };
        (result.Count, result.Missing) = (reader.Count(), reader.Count());
        (result._min, result._max) = (reader.Double(), reader.Double());
        var levels = reader.Int32();
        reader.Require(levels is >= 1 and <= MostLevels, "the number of levels is out of range");
        result._levels = new double[levels][];
        result._sizes = new int[levels];
        long weight = 0;
        for (var h = 0; h < levels; h++)
        {
            result._levels[h] = new double[reader.Length(sizeof(double))];
            reader.Doubles(result._levels[h]);
            result._sizes[h] = result._levels[h].Length;
            weight += (long)result._sizes[h] << h;
        }
        reader.Require(weight == result.Count, "the weights do not add up to the count");
        reader.End();
        (result._base, result._filled) = (result._levels[0], result._sizes[0]);
        result.SetCapacities();
        reader.Require(result._filled <= result._room, "the levels hold too much");
        return result;
    }

    // Kept for the count at which it was made: adding and merging always raise the count.
    internal KllView View()
    {
        var view = _view;
        if (view is not null && view.Count == Count) return view;
        return _view = KllView.Of(this);
    }

    internal int Levels => _levels.Length;

    internal ReadOnlySpan<double> Items(int level) => level == 0 ? _base.AsSpan(0, _filled) : _levels[level].AsSpan(0, _sizes[level]);

    private double[] Grown()
    {
        Array.Resize(ref _base, Math.Max(16, 2 * _base.Length));
        return _base;
    }

    private void SetCapacities()
    {
        _capacities = new int[_levels.Length];
        for (var h = 0; h < _capacities.Length; h++) _capacities[h] = Math.Max(LeastCapacity, (int)Math.Round(K * Math.Pow(2.0 / 3, _capacities.Length - 1 - h)));
        SetRoom();
    }

    // Level 0 may use whatever the levels above leave free: compaction is lazy.
    private void SetRoom()
    {
        var total = _capacities[0];
        for (var h = 1; h < _capacities.Length; h++) total += _capacities[h] - _sizes[h];
        _room = total;
    }

    private void AddLevel()
    {
        Array.Resize(ref _levels, _levels.Length + 1);
        Array.Resize(ref _sizes, _sizes.Length + 1);
        _levels[^1] = [];
        SetCapacities();
    }

    private void Compress()
    {
        for (var h = 0; ; h++)
        {
            if ((h == 0 ? _filled : _sizes[h]) < _capacities[h]) continue;
            Compact(h);
            SetRoom();
            return;
        }
    }

    private void Compact(int level)
    {
        if (level == _levels.Length - 1) AddLevel();
        var items = level == 0 ? _base.AsSpan(0, _filled) : _levels[level].AsSpan(0, _sizes[level]);
        // An odd one stays behind with its weight, which costs no error.
        var odd = items.Length & 1;
        var even = items[odd..];
        if (level == 0) even.Sort();
        MergeInto(level + 1, even[Coin(even)..], 2);
        if (level == 0) _filled = odd; else _sizes[level] = odd;
    }

    // The data take part in the coin: windows sketched with one seed would otherwise err the same way, and their errors add up on merging.
    private int Coin(ReadOnlySpan<double> items)
    {
        var data = BitConverter.DoubleToUInt64Bits(items[0]) ^ BitOperations.RotateLeft(BitConverter.DoubleToUInt64Bits(items[^1]), 32);
        return (int)(Hash.Mix(Hash.Mix(Seed + _compactions++) ^ data) >> 63);
    }

    // Merges every step-th of ascending items into a level, from the back, in place.
    private void MergeInto(int level, ReadOnlySpan<double> items, int step)
    {
        var taken = (items.Length + step - 1) / step;
        if (taken == 0) return;
        var size = _sizes[level];
        var length = size + taken;
        if (_levels[level].Length < length) Array.Resize(ref _levels[level], Math.Max(length, Math.Min(2 * length, _capacities[level] + 2)));
        var target = _levels[level];
        int a = size - 1, b = (taken - 1) * step;
        for (var at = length - 1; b >= 0; at--)
        {
            if (a >= 0 && target[a] > items[b])
            {
                target[at] = target[a--];
            }
            else
            {
                target[at] = items[b];
                b -= step;
            }
        }
        _sizes[level] = length;
    }
}
