using Holdfast.Statistics.Sketches;
using Holdfast.Statistics.Tests;

namespace Holdfast.Statistics.ChangeDetection;

/// <summary>What the newest values of a <see cref="Kswin"/> are compared with.</summary>
public enum KswinReference
{
    /// <summary>All older values of the window: deterministic, and stronger. The default.</summary>
    All,

    /// <summary>As many values as are new, drawn without replacement from the older ones at each step, as in the paper; seeded.</summary>
    Sample,
}

/// <summary>Options of <see cref="Kswin"/>.</summary>
public sealed record KswinOptions
{
    /// <summary>Values in the window, above twice <see cref="Newest"/> for a sample, above <see cref="Newest"/> else. Default 100.</summary>
    public int Window { get; init; } = 100;

    /// <summary>Newest values that are compared with older ones, at least 2. Default 30.</summary>
    public int Newest { get; init; } = 30;

    /// <summary>Level of the test at one value, in (0, 1). Default 0.005. It does not bound false alarms over a stream.</summary>
    public double Alpha { get; init; } = 0.005;

    /// <summary>Smallest distance D in [0, 1) that counts. Default 0.1.</summary>
    public double Distance { get; init; } = 0.1;

    /// <summary>Default all older values.</summary>
    public KswinReference Reference { get; init; }

    /// <summary>Seed of the sample. Default 0.</summary>
    public long Seed { get; init; }

    /// <summary>True: forget everything at the update after a change, as river's detector does. False (default): keep the newest values.</summary>
    public bool ResetAfterChange { get; init; }
}

/// <summary>
/// Kolmogorov-Smirnov test in a sliding window: the newest values against older ones, change if the exact p is at most alpha and D is above a minimum.
/// Sees any change of a distribution, not the mean alone. It tests at every value with no correction: with the defaults a stable stream alarms about once in
/// a thousand values, so alone it is no monitor. Any finite values; NaN is refused. Ties make it conservative.
/// Raab, Heusinger and Schleif, Neurocomputing 416 (2020).
/// </summary>
public sealed class Kswin : IChangeDetector
{
    private readonly KswinOptions _options;
    private readonly double[] _ring;
    private readonly double[] _older;
    private readonly double[] _newest;
    private readonly double[] _drawn;
    private int _start;
    private int _count;
    private ulong _draws;
    private bool _forget;

    // p falls as D rises, so the exact test is needed only between the largest D known to pass and the smallest known to fail.
    private double _accepted = -1;
    private double _rejected = double.PositiveInfinity;

    /// <summary>An empty window.</summary>
    public Kswin(KswinOptions? options = null)
    {
        _options = options ?? new KswinOptions();
        var newest = _options.Newest;
        ArgumentOutOfRangeException.ThrowIfLessThan(newest, 2, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(_options.Window, _options.Reference == KswinReference.Sample ? 2 * newest : newest, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(_options.Window, 100_000, nameof(options));
        if (!(_options.Alpha is > 0 and < 1)) throw new ArgumentOutOfRangeException(nameof(options), _options.Alpha, "Alpha must lie between 0 and 1.");
        if (!(_options.Distance is >= 0 and < 1)) throw new ArgumentOutOfRangeException(nameof(options), _options.Distance, "The distance must lie in [0, 1).");
        _ring = new double[_options.Window];
        _newest = new double[newest];
        _older = new double[_options.Window - newest];
        _drawn = _options.Reference == KswinReference.Sample ? new double[newest] : _older;
    }

    internal Kswin(ref StateReader reader)
        : this(ReadOptions(ref reader))
    {
        (_draws, _forget) = ((ulong)reader.Long(), reader.Bool());
        foreach (var value in reader.Doubles(_ring.Length)) Push(Observation.Finite(value));
    }

    /// <inheritdoc/>
    public ChangeState Observe(double value)
    {
        Observation.Finite(value);
        if (_forget) Forget();
        Push(value);
        if (_count < _ring.Length || !Differs()) return ChangeState.Stable;
        if (_options.ResetAfterChange) _forget = true;
        else KeepNewest();
        return ChangeState.Change;
    }

    /// <inheritdoc/>
    public void Reset()
    {
        Forget();
        _draws = 0;
    }

    /// <inheritdoc/>
    public byte[] Save()
    {
        var values = new double[_count];
        for (var i = 0; i < _count; i++) values[i] = At(i);
        return new StateWriter(DetectorKind.Kswin).Add(_options.Window).Add(_options.Newest).Add(_options.Alpha).Add(_options.Distance)
            .Add((int)_options.Reference).Add(_options.Seed).Add(_options.ResetAfterChange).Add((long)_draws).Add(_forget).Add(values).ToArray();
    }

    private static KswinOptions ReadOptions(ref StateReader reader) => new()
    {
        Window = reader.Int(),
        Newest = reader.Int(),
        Alpha = reader.Double(),
        Distance = reader.Double(),
        Reference = (KswinReference)reader.Int(),
        Seed = reader.Long(),
        ResetAfterChange = reader.Bool(),
    };

    private double At(int index) => _ring[(_start + index) % _ring.Length];

    private void Forget() => (_start, _count, _forget) = (0, 0, false);

    private void KeepNewest()
    {
        var kept = new double[_newest.Length];
        for (var i = 0; i < kept.Length; i++) kept[i] = At(_count - kept.Length + i);
        Forget();
        foreach (var value in kept) Push(value);
    }

    // Both parts are kept sorted: one value enters the newest, its oldest moves over, and the oldest of all leaves.
    private void Push(double value)
    {
        var newest = Math.Min(_count, _newest.Length);
        if (newest == _newest.Length)
        {
            var moved = At(_count - newest);
            Remove(_newest, newest--, moved);
            var older = _count - _newest.Length;
            if (_count == _ring.Length) Remove(_older, older--, At(0));
            Insert(_older, older, moved);
        }
        Insert(_newest, newest, value);
        if (_count < _ring.Length) _ring[(_start + _count++) % _ring.Length] = value;
        else
        {
            _ring[_start] = value;
            _start = (_start + 1) % _ring.Length;
        }
    }

    private static void Insert(double[] sorted, int count, double value)
    {
        var at = Array.BinarySearch(sorted, 0, count, value);
        if (at < 0) at = ~at;
        Array.Copy(sorted, at, sorted, at + 1, count - at);
        sorted[at] = value;
    }

    private static void Remove(double[] sorted, int count, double value)
    {
        var at = Array.BinarySearch(sorted, 0, count, value);
        Array.Copy(sorted, at + 1, sorted, at, count - at - 1);
    }

    private bool Differs()
    {
        if (_options.Reference == KswinReference.Sample) Sample();
        var distance = KolmogorovSmirnov.Statistic(_drawn, _newest);
        if (distance <= _options.Distance || distance <= _accepted) return false;
        if (distance >= _rejected) return true;
        var differs = KolmogorovSmirnov.TwoSampleSorted(_drawn, _newest, KsMethod.Exact).PValue <= _options.Alpha;
        if (differs) _rejected = distance;
        else _accepted = distance;
        return differs;
    }

    // Selection sampling (Knuth, algorithm S): goes through the sorted older values once, so the sample comes out sorted.
    private void Sample()
    {
        var taken = 0;
        for (var i = 0; taken < _drawn.Length; i++)
        {
            var left = (ulong)(_older.Length - i);
            var draw = Hash.Mix((ulong)_options.Seed + 0x9E3779B97F4A7C15 * ++_draws);
            if (Math.BigMul(draw, left, out _) < (ulong)(_drawn.Length - taken)) _drawn[taken++] = _older[i];
        }
    }
}
