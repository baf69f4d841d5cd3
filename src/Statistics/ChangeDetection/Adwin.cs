namespace Holdfast.Statistics.ChangeDetection;

/// <summary>Options of <see cref="Adwin"/>.</summary>
public sealed record AdwinOptions
{
    /// <summary>Chance of a false cut per check, in (0, 1). Default 0.002. It does not bound false alarms over an endless stream.</summary>
    public double Delta { get; init; } = 0.002;

    /// <summary>Values between checks, at least 1. Default 32.</summary>
    public int Clock { get; init; } = 32;

    /// <summary>Buckets of each size, at least 2. Default 5; more is finer and slower.</summary>
    public int MaxBuckets { get; init; } = 5;

    /// <summary>Fewest values on each side of a cut. Default 5.</summary>
    public int MinWindow { get; init; } = 5;

    /// <summary>Values before the first check. Default 10.</summary>
    public int Grace { get; init; } = 10;

    /// <summary>
    /// False (default): every bucket boundary is a cut point, as in the paper. True: the newest bucket of each row is never counted to the older side,
    /// as in the river library 0.19.
    /// </summary>
    public bool RiverCuts { get; init; }

    /// <summary>True: forget everything at the update after a change, as river's detector does. False (default): keep the newer part of the window, as in the paper.</summary>
    public bool ResetAfterChange { get; init; }
}

/// <summary>
/// Adaptive window over a stream: keeps the longest recent window whose older and newer parts do not differ in mean, in O(log n) memory.
/// The theory needs values in [0, 1] (an error indicator); for others rescale, or take it as a heuristic. NaN is refused.
/// Bifet and Gavalda, SIAM Data Mining 2007 (ADWIN2).
/// </summary>
public sealed class Adwin
{
    private readonly AdwinOptions _options;
    private readonly List<Row> _rows = [];
    private double _m2;
    private double _total;
    private long _ticks;
    private bool _forget;

    /// <summary>An empty window.</summary>
    public Adwin(AdwinOptions? options = null)
    {
        _options = options ?? new AdwinOptions();
        if (!(_options.Delta > 0 && _options.Delta < 1)) throw new ArgumentOutOfRangeException(nameof(options), _options.Delta, "Delta must lie between 0 and 1.");
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.Clock, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.MaxBuckets, 2, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.MinWindow, 1, nameof(options));
    }

    /// <summary>Values in the window.</summary>
    public long Width { get; private set; }

    /// <summary>Sum of the window.</summary>
    public double Total => _total;

    /// <summary>Mean of the window; NaN if empty.</summary>
    public double Mean => Width == 0 ? double.NaN : _total / Width;

    /// <summary>Sum of squared deviations in the window, &gt;= 0.</summary>
    public double M2 => _m2;

    /// <summary>Changes found.</summary>
    public int Changes { get; private set; }

    /// <summary>Direction of the last change: +1 the newer mean is larger, -1 smaller, 0 before any change.</summary>
    public int Direction { get; private set; }

    /// <summary>One value; true if the window was cut at it.</summary>
    public bool Observe(double value)
    {
        if (!double.IsFinite(value)) throw new ArgumentOutOfRangeException(nameof(value), value, "The value must be finite.");
        if (_forget) Forget();
        Insert(value);
        _ticks++;
        if (_ticks % _options.Clock != 0 || Width <= _options.Grace) return false;
        var changed = false;
        while (CutFound())
        {
            DropOldest();
            changed = true;
        }
        if (!changed) return false;
        Changes++;
        _forget = _options.ResetAfterChange;
        return true;
    }

    private void Forget()
    {
        _rows.Clear();
        (_m2, _total, Width, _ticks, _forget) = (0, 0, 0, 0, false);
    }

    private void Insert(double value)
    {
        if (Width > 0)
        {
            var gap = value - _total / Width;
            _m2 += Width * gap * gap / (Width + 1);
        }
        Width++;
        _total += value;
        if (_rows.Count == 0) _rows.Add(new Row(_options.MaxBuckets));
        _rows[0].Add(value, 0);
        for (var i = 0; i < _rows.Count && _rows[i].Count > _options.MaxBuckets; i++)
        {
            if (i + 1 == _rows.Count) _rows.Add(new Row(_options.MaxBuckets));
            double size = Math.Pow(2, i);
            var (sum1, m1) = _rows[i].Pop();
            var (sum2, m2) = _rows[i].Pop();
            var gap = (sum1 - sum2) / size;
            _rows[i + 1].Add(sum1 + sum2, m1 + m2 + size * gap * gap / 2);
        }
    }

    private void DropOldest()
    {
        var last = _rows.Count - 1;
        var size = 1L << last;
        var (sum, m2) = _rows[last].Pop();
        Width -= size;
        _total -= sum;
        if (Width > 0)
        {
            var gap = sum / size - _total / Width;
            _m2 -= m2 + size * (double)Width * gap * gap / (size + Width);
        }
        else
        {
            _m2 = 0;
        }
        // Rounding may leave a sum of squares below zero.
        _m2 = Math.Max(0, _m2);
        while (_rows.Count > 0 && _rows[^1].Count == 0) _rows.RemoveAt(_rows.Count - 1);
    }

    // Walks the cuts from the oldest bucket to the newest.
    private bool CutFound()
    {
        long older = 0;
        double olderSum = 0;
        var newest = Width;
        for (var row = _rows.Count - 1; row >= 0; row--)
        {
            var size = 1L << row;
            var cuts = _rows[row].Count - (_options.RiverCuts ? 1 : 0);
            for (var k = 0; k < cuts; k++)
            {
                older += size;
                newest -= size;
                olderSum += _rows[row].Sum(k);
                if (newest < _options.MinWindow) return false;
                if (older < _options.MinWindow) continue;
                var gap = olderSum / older - (_total - olderSum) / newest;
                if (Math.Abs(gap) <= Bound(older, newest)) continue;
                Direction = gap < 0 ? 1 : -1;
                return true;
            }
        }
        return false;
    }

    // Both sides count MinWindow - 1 less, as MOA and river do: more careful for short sides.
    private double Bound(long older, long newest)
    {
        var log = Math.Log(2 * Math.Log(Width) / _options.Delta);
        var less = _options.MinWindow - 1;
        var inverse = 1.0 / (older - less) + 1.0 / (newest - less);
        return Math.Sqrt(2 * inverse * (_m2 / Width) * log) + 2.0 / 3 * inverse * log;
    }

    /// <summary>Buckets of one size, oldest first.</summary>
    private sealed class Row(int capacity)
    {
        private readonly double[] _sums = new double[capacity + 1];
        private readonly double[] _m2 = new double[capacity + 1];

        public int Count { get; private set; }

        public double Sum(int index) => _sums[index];

        public void Add(double sum, double m2)
        {
            _sums[Count] = sum;
            _m2[Count++] = m2;
        }

        public (double Sum, double M2) Pop()
        {
            var oldest = (_sums[0], _m2[0]);
            Count--;
            Array.Copy(_sums, 1, _sums, 0, Count);
            Array.Copy(_m2, 1, _m2, 0, Count);
            return oldest;
        }
    }
}
