namespace Holdfast.Statistics.Sketches;

/// <summary>
/// Quantiles with a relative error in value (Masson, Rim and Lee, VLDB 2019): a count for each bucket (g^(i-1), g^i] of the magnitude, where
/// g = (1 + a) / (1 - a); the middle 2 g^i / (g + 1) is within a factor 1 -+ a of every value in it. For latencies and amounts; the error in rank is
/// not bounded. Depends on the set of values alone: adding and merging in any order give the same sketch, without further error.
/// When a side (negative, positive) would span more than the limit, its buckets nearest to zero are counted together: then the lowest magnitudes
/// lose the guarantee (<see cref="IsCollapsed"/>), the highest never do. NaN and infinities are counted in <see cref="Missing"/>.
/// </summary>
public sealed class DdSketch
{
    private const byte Version = 1;

    // Below this a magnitude counts as zero: the least normal number.
    private const double Tiny = 2.2250738585072014e-308;

    private readonly double _scale; // 1 / ln g
    private readonly Store _negative;
    private readonly Store _positive;

    /// <summary>An empty sketch.</summary>
    /// <param name="accuracy">Relative error a, in [0.0001, 0.5]. Default 0.01.</param>
    /// <param name="limit">Most buckets a side, at least 16. Default 2,048: at 1 % they span 17 powers of ten.</param>
    public DdSketch(double accuracy = 0.01, int limit = 2048)
    {
        if (!(accuracy >= 0.0001 && accuracy <= 0.5)) throw new ArgumentOutOfRangeException(nameof(accuracy), accuracy, "The relative error must lie between 0.0001 and 0.5.");
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 16);
        Accuracy = accuracy;
        Limit = limit;
        _scale = 1 / Math.Log((1 + accuracy) / (1 - accuracy));
        (_negative, _positive) = (new Store(limit), new Store(limit));
    }

    /// <summary>The relative error a.</summary>
    public double Accuracy { get; }

    /// <summary>Most buckets a side.</summary>
    public int Limit { get; }

    /// <summary>Finite values seen.</summary>
    public long Count => _negative.Total + Zeros + _positive.Total;

    /// <summary>Values whose magnitude is zero or below 2.3e-308.</summary>
    public long Zeros { get; private set; }

    /// <summary>NaN and infinities seen.</summary>
    public long Missing { get; private set; }

    /// <summary>Smallest value, exact; NaN if empty.</summary>
    public double Min { get; private set; } = double.NaN;

    /// <summary>Largest value, exact; NaN if empty.</summary>
    public double Max { get; private set; } = double.NaN;

    /// <summary>True once buckets nearest to zero were counted together: quantiles that fall there have no stated error.</summary>
    public bool IsCollapsed => _negative.IsCollapsed || _positive.IsCollapsed;

    /// <summary>Adds a value.</summary>
    public void Add(double value)
    {
        if (!double.IsFinite(value))
        {
            Missing++;
            return;
        }
        Widen(value, value);
        var magnitude = Math.Abs(value);
        if (magnitude < Tiny)
            Zeros++;
        else
            (value < 0 ? _negative : _positive).Add(IndexOf(magnitude), 1);
    }

    /// <summary>Adds values.</summary>
    public void Add(ReadOnlySpan<double> values)
    {
        foreach (var value in values) Add(value);
    }

    /// <summary>Takes over another sketch of the same accuracy and limit.</summary>
    public void Merge(DdSketch other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.Accuracy != Accuracy || other.Limit != Limit)
            throw new ArgumentException($"Sketches of different accuracy or limit cannot be merged: {Accuracy} with {Limit} buckets, {other.Accuracy} with {other.Limit}.", nameof(other));
        if (other.Count > 0) Widen(other.Min, other.Max);
        Zeros += other.Zeros;
        Missing += other.Missing;
        _negative.Merge(other._negative);
        _positive.Merge(other._positive);
    }

    /// <summary>
    /// The value of rank floor(share (n - 1)), within a factor 1 -+ <see cref="Accuracy"/> of the true one and never outside [Min, Max]. NaN if empty.
    /// </summary>
    /// <param name="share">In [0, 1].</param>
    public double Quantile(double share)
    {
        if (!(share >= 0 && share <= 1)) throw new ArgumentOutOfRangeException(nameof(share), share, "The share must lie between 0 and 1.");
        if (Count == 0) return double.NaN;
        var rank = (long)Math.Floor(share * (Count - 1));
        if (rank == 0) return Min;
        if (rank >= Count - 1) return Max;
        return Math.Clamp(Estimate(rank), Min, Max);
    }

    /// <summary>The sketch as bytes: a version byte, little-endian fields, a checksum. Equal sketches give equal bytes.</summary>
    public byte[] ToBytes()
    {
        var writer = new SketchWriter(Version);
        writer.Double(Accuracy);
        writer.Int32(Limit);
        writer.Int64(Zeros);
        writer.Int64(Missing);
        writer.Double(Min);
        writer.Double(Max);
        _negative.Write(writer);
        _positive.Write(writer);
        return writer.Finish();
    }

    /// <summary>The sketch stored by <see cref="ToBytes"/>. Throws <see cref="FormatException"/> for another version or damaged bytes.</summary>
    public static DdSketch FromBytes(ReadOnlySpan<byte> bytes)
    {
        var reader = new SketchReader(bytes, "DDSketch", Version);
        var accuracy = reader.Double();
        var limit = reader.Int32();
        reader.Require(accuracy >= 0.0001 && accuracy <= 0.5 && limit >= 16, "accuracy or limit is out of range");
        var result = new DdSketch(accuracy, limit) { Zeros = reader.Count(), Missing = reader.Count(), Min = reader.Double(), Max = reader.Double() };
        result._negative.Read(ref reader);
        result._positive.Read(ref reader);
        reader.End();
        return result;
    }

    private int IndexOf(double magnitude) => (int)Math.Ceiling(Math.Log(magnitude) * _scale);

    private double ValueOf(int index)
    {
        var growth = (1 + Accuracy) / (1 - Accuracy);
        return Math.Exp(index / _scale) * (2 / (growth + 1));
    }

    private double Estimate(long rank)
    {
        if (rank < _negative.Total) return -ValueOf(_negative.IndexAt(_negative.Total - 1 - rank));
        rank -= _negative.Total;
        if (rank < Zeros) return 0;
        return ValueOf(_positive.IndexAt(rank - Zeros));
    }

    private void Widen(double low, double high)
    {
        if (!(Min <= low)) Min = low;
        if (!(Max >= high)) Max = high;
    }

    // Counts of consecutive bucket numbers; those more than the limit below the highest are counted in the lowest one allowed.
    private sealed class Store(int limit)
    {
        private long[] _counts = [];
        private int _first;

        public long Total { get; private set; }

        public bool IsCollapsed { get; private set; }

        public void Add(int index, long count)
        {
            if ((uint)(index - _first) >= (uint)_counts.Length) index = Cover(index);
            _counts[index - _first] += count;
            Total += count;
        }

        public void Merge(Store other)
        {
            if (other.Total == 0) return;
            var (low, high) = other.Range();
            Cover(high);
            for (var i = high; i >= low; i--)
            {
                var count = other._counts[i - other._first];
                if (count > 0) Add(i, count);
            }
            IsCollapsed |= other.IsCollapsed;
        }

        /// <summary>The bucket that holds the value of the given rank, counted from the lowest magnitude.</summary>
        public int IndexAt(long rank)
        {
            for (var i = 0; ; i++)
            {
                rank -= _counts[i];
                if (rank < 0) return _first + i;
            }
        }

        public void Write(SketchWriter writer)
        {
            var (low, high) = Range();
            writer.Bool(IsCollapsed);
            writer.Int32(low);
            writer.Int32(high - low + 1);
            for (var i = low; i <= high; i++) writer.Int64(_counts[i - _first]);
        }

        public void Read(ref SketchReader reader)
        {
            IsCollapsed = reader.Bool();
            _first = reader.Int32();
            var length = reader.Length(sizeof(long));
            reader.Require(length <= limit && _first is > -10_000_000 and < 10_000_000, "a bucket number is out of range");
            _counts = new long[length];
            reader.Counts(_counts);
            foreach (var count in _counts) Total += count;
        }

        private (int Low, int High) Range()
        {
            if (Total == 0) return (0, -1);
            int low = 0, high = _counts.Length - 1;
            while (_counts[low] == 0) low++;
            while (_counts[high] == 0) high--;
            return (_first + low, _first + high);
        }

        // Makes room for the bucket and returns where its values are counted.
        private int Cover(int index)
        {
            var (low, high) = Range();
            if (high < low)
            {
                (_counts, _first) = (new long[Math.Min(limit, 64)], index - Math.Min(limit, 64) / 2);
                return index;
            }
            var newHigh = Math.Max(high, index);
            var floor = newHigh - limit + 1;
            if (Math.Min(low, index) < floor) IsCollapsed = true;
            var newLow = Math.Max(floor, Math.Min(low, index));
            // Spare room on both sides, so that a slow drift of the range does not copy at every step; never more than the limit in all.
            var length = newHigh - newLow + 1;
            var below = Math.Min((limit - length) / 2, 64);
            var target = new long[Math.Min(limit, length + 2 * below)];
            for (var i = low; i <= high; i++) target[Math.Max(i, newLow) - (newLow - below)] += _counts[i - _first];
            (_counts, _first) = (target, newLow - below);
            return Math.Max(index, newLow);
        }
    }
}
