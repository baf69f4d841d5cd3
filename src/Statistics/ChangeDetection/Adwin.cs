namespace Holdfast.Statistics.ChangeDetection;

/// <summary>Options of <see cref="Adwin"/>.</summary>
public sealed record AdwinOptions
{
    /// <summary>Chance of a false cut per check, in (0, 1). Default 0.002. It does not bound false alarms over an endless stream.</summary>
    public double Delta { get; init; } = 0.002;

    /// <summary>Values between checks, at least 1. Default 32.</summary>
    public int Clock { get; init; } = 32;

    /// <summary>Buckets of each size, 2 to 1000. Default 5; more is finer and slower.</summary>
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

    /// <summary>Which changes are reported. Default both. The window is cut at every change, reported or not.</summary>
    public ChangeSide Side { get; init; }
}

/// <summary>
/// Adaptive window over a stream: keeps the longest recent window whose older and newer parts do not differ in mean, in O(log n) memory.
/// A cut into n0 older and n1 newer values is a change if their means differ by more than sqrt(2 m s2 ln(2 ln n / delta)) + (2/3) m ln(2 ln n / delta),
/// m = 1/n0 + 1/n1, s2 the variance of the window. The theory needs values in [0, 1] (an error indicator); for others rescale, or take it as a heuristic.
/// NaN is refused. Bifet and Gavalda, SIAM Data Mining 2007 (ADWIN2).
/// </summary>
public sealed class Adwin : IChangeDetector
{
    private const int MostRows = 50;

    private readonly AdwinOptions _options;

    // Row r holds up to MaxBuckets buckets of 2^r values, oldest first, in a ring of _mask + 1 places; all rows lie behind each other in two arrays.
    private readonly int _mask;
    private readonly int _shift;
    private double[] _sums;
    private double[] _squares;
    private int[] _heads;
    private int[] _counts;
    private int _rows;

    private double _m2;
    private double _total;
    private int _untilCheck;
    private bool _forget;

    /// <summary>An empty window.</summary>
    public Adwin(AdwinOptions? options = null)
    {
        _options = options ?? new AdwinOptions();
        if (!(_options.Delta > 0 && _options.Delta < 1)) throw new ArgumentOutOfRangeException(nameof(options), _options.Delta, "Delta must lie between 0 and 1.");
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.Clock, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.MaxBuckets, 2, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(_options.MaxBuckets, 1000, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.MinWindow, 1, nameof(options));
        _shift = 32 - int.LeadingZeroCount(_options.MaxBuckets);
        _mask = (1 << _shift) - 1;
        const int First = 8;
        (_sums, _squares, _heads, _counts) = (new double[First << _shift], new double[First << _shift], new int[First], new int[First]);
        _untilCheck = _options.Clock;
    }

    internal Adwin(ref StateReader reader)
        : this(ReadOptions(ref reader))
    {
        (_m2, _total, _untilCheck, _forget) = (reader.Double(), reader.Double(), reader.Int(), reader.Bool());
        (Changes, Direction) = (reader.Int(), reader.Int());
        var rows = reader.Int();
        if (rows is < 0 or > MostRows) throw new FormatException($"A saved ADWIN of {rows} rows.");
        while (_rows < rows)
        {
            var row = AddRow();
            double[] sums = reader.Doubles(_options.MaxBuckets), squares = reader.Doubles(sums.Length);
            sums.CopyTo(_sums, row << _shift);
            squares.CopyTo(_squares, row << _shift);
            _counts[row] = sums.Length;
            Width += (long)sums.Length << row;
        }
    }

    /// <summary>Values in the window.</summary>
    public long Width { get; private set; }

    /// <summary>Sum of the window.</summary>
    public double Total => _total;

    /// <summary>Mean of the window; NaN if empty.</summary>
    public double Mean => Width == 0 ? double.NaN : _total / Width;

    /// <summary>Sum of squared deviations in the window, &gt;= 0.</summary>
    public double M2 => _m2;

    /// <summary>Changes reported.</summary>
    public int Changes { get; private set; }

    /// <summary>Direction of the last cut: +1 the newer mean is larger, -1 smaller, 0 before any.</summary>
    public int Direction { get; private set; }

    /// <summary>One value; a change if the window was cut at it. Does not allocate, except when the window doubles beyond its largest length so far.</summary>
    public ChangeState Observe(double value)
    {
        Observation.Finite(value);
        if (_forget) Forget();
        Insert(value);
        if (--_untilCheck > 0) return ChangeState.Stable;
        _untilCheck = _options.Clock;
        return Width > _options.Grace && Shrink() ? ChangeState.Change : ChangeState.Stable;
    }

    /// <inheritdoc/>
    public void Reset()
    {
        Forget();
        (Changes, Direction) = (0, 0);
    }

    /// <inheritdoc/>
    public byte[] Save()
    {
        var writer = new StateWriter(DetectorKind.Adwin).Add(_options.Delta).Add(_options.Clock).Add(_options.MaxBuckets).Add(_options.MinWindow)
            .Add(_options.Grace).Add(_options.RiverCuts).Add(_options.ResetAfterChange).Add((int)_options.Side)
            .Add(_m2).Add(_total).Add(_untilCheck).Add(_forget).Add(Changes).Add(Direction).Add(_rows);
        for (var row = 0; row < _rows; row++) writer.Add(Buckets(_sums, row)).Add(Buckets(_squares, row));
        return writer.ToArray();
    }

    private static AdwinOptions ReadOptions(ref StateReader reader) => new()
    {
        Delta = reader.Double(),
        Clock = reader.Int(),
        MaxBuckets = reader.Int(),
        MinWindow = reader.Int(),
        Grace = reader.Int(),
        RiverCuts = reader.Bool(),
        ResetAfterChange = reader.Bool(),
        Side = (ChangeSide)reader.Int(),
    };

    private double[] Buckets(double[] of, int row)
    {
        var values = new double[_counts[row]];
        for (var k = 0; k < values.Length; k++) values[k] = of[(row << _shift) + ((_heads[row] + k) & _mask)];
        return values;
    }

    private void Forget() => (_rows, _m2, _total, Width, _untilCheck, _forget) = (0, 0, 0, 0, _options.Clock, false);

    private int AddRow()
    {
        if (_rows == _counts.Length)
        {
            Array.Resize(ref _sums, 2 * _sums.Length);
            Array.Resize(ref _squares, 2 * _squares.Length);
            Array.Resize(ref _heads, 2 * _heads.Length);
            Array.Resize(ref _counts, 2 * _counts.Length);
        }
        (_heads[_rows], _counts[_rows]) = (0, 0);
        return _rows++;
    }

    private void Insert(double value)
    {
        if (Width > 0)
        {
            var gap = value - _total / Width;
            _m2 += Width * gap * gap / (Width + 1);
        }
        else
        {
            AddRow();
        }
        Width++;
        _total += value;
        var place = (_heads[0] + _counts[0]) & _mask;
        _sums[place] = value;
        _squares[place] = 0;
        if (++_counts[0] > _options.MaxBuckets) Compress();
    }

    // A row with one bucket too many merges its two oldest into the next row.
    private void Compress()
    {
        double size = 1;
        for (var row = 0; _counts[row] > _options.MaxBuckets; row++, size *= 2)
        {
            if (row + 1 == _rows) AddRow();
            int head = _heads[row], first = (row << _shift) + head, second = (row << _shift) + ((head + 1) & _mask);
            _heads[row] = (head + 2) & _mask;
            _counts[row] -= 2;
            var gap = (_sums[first] - _sums[second]) / size;
            var place = ((row + 1) << _shift) + ((_heads[row + 1] + _counts[row + 1]++) & _mask);
            _sums[place] = _sums[first] + _sums[second];
            _squares[place] = _squares[first] + _squares[second] + size * gap * gap / 2;
        }
    }

    // Drops the oldest bucket until no cut is left; true if a change of the wanted direction was among them.
    private bool Shrink()
    {
        var wanted = false;
        while (CutFound())
        {
            wanted |= _options.Side == ChangeSide.Both || Direction == (_options.Side == ChangeSide.Up ? 1 : -1);
            DropOldest();
        }
        if (!wanted) return false;
        Changes++;
        _forget = _options.ResetAfterChange;
        return true;
    }

    private void DropOldest()
    {
        var last = _rows - 1;
        var size = 1L << last;
        var place = (last << _shift) + _heads[last];
        var sum = _sums[place];
        _heads[last] = (_heads[last] + 1) & _mask;
        _counts[last]--;
        Width -= size;
        _total -= sum;
        if (Width > 0)
        {
            var gap = sum / size - _total / Width;
            _m2 -= _squares[place] + size * (double)Width * gap * gap / (size + Width);
        }
        else
        {
            _m2 = 0;
        }
        // Rounding may leave a sum of squares below zero.
        _m2 = Math.Max(0, _m2);
        while (_rows > 0 && _counts[_rows - 1] == 0) _rows--;
    }

    // Walks the cuts from the oldest bucket to the newest. The bound is at least sqrt(2 s2 log (1/n0 + 1/n1)): multiplied out, that is a test without a
    // division or a root, and nearly all cuts of a stable window fail it.
    private bool CutFound()
    {
        var log = Math.Log(2 * Math.Log(Width) / _options.Delta);
        var variance = _m2 / Width;
        var least = 2 * variance * log * Width * (1 - 1e-9);
        double older = 0, olderSum = 0, newest = Width, total = _total, smallest = _options.MinWindow;
        double size = 1L << (_rows - 1);
        for (var row = _rows - 1; row >= 0; row--, size /= 2)
        {
            var buckets = _sums.AsSpan(row << _shift, _mask + 1);
            var (head, cuts) = (_heads[row], _counts[row] - (_options.RiverCuts ? 1 : 0));
            for (var k = 0; k < cuts; k++)
            {
                older += size;
                newest -= size;
                olderSum += buckets[(head + k) & (buckets.Length - 1)];
                if (newest < smallest) return false;
                var gap = olderSum * newest - (total - olderSum) * older;
                if (gap * gap <= least * (older * newest) || older < smallest) continue;
                if (IsCut(older, olderSum, newest, variance, log)) return true;
            }
        }
        return false;
    }

    // Both sides count MinWindow - 1 less, as MOA and river do: more careful for short sides.
    private bool IsCut(double older, double olderSum, double newest, double variance, double log)
    {
        var less = _options.MinWindow - 1;
        var inverse = 1.0 / (older - less) + 1.0 / (newest - less);
        var gap = olderSum / older - (_total - olderSum) / newest;
        if (!(Math.Abs(gap) > Math.Sqrt(2 * inverse * variance * log) + 2.0 / 3 * inverse * log)) return false;
        Direction = gap < 0 ? 1 : -1;
        return true;
    }
}
