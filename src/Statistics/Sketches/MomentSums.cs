using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Holdfast.Statistics.Sketches;

/// <summary>
/// Gathers moments without a division per value: within a block of 256 values, sums of (x - s) and (x - s)^2 about a shift s (the mean so far, or the
/// first value), in four lanes taken in turn; full blocks are merged (Chan, Golub and LeVeque 1979). As the shift is a value of the data or their
/// mean, cancellation costs at most a factor of the block's length in the last digit. The mean is kept as its distance from the first value, so that
/// the spread of values far from zero is not lost in the rounding of their mean. The result depends on the values and their order only, not on how
/// they were cut into calls, nor on when the moments were read. -0 counts as 0.
/// </summary>
internal sealed class MomentSums
{
    private const int Block = 256;
    private const int Lanes = 4;

    private readonly double[] _sums = new double[Lanes];
    private readonly double[] _squares = new double[Lanes];
    private Moments _done = Moments.Empty; // its mean is measured from the origin
    private double _origin;
    private double _shift;
    private double _min;
    private double _max;
    private int _pending;

    /// <summary>The moments of all values so far. Reading changes nothing.</summary>
    public Moments Moments
    {
        get
        {
            var all = _pending == 0 ? _done : _done.Merge(Pending());
            return all.Count == 0 ? all : all with { Mean = _origin + all.Mean };
        }
    }

    /// <summary>Adds a finite value.</summary>
    public void Add(double value)
    {
        value += 0.0;
        if (_pending == 0) Begin(value);
        var lane = _pending & (Lanes - 1);
        var delta = value - _shift;
        _sums[lane] += delta;
        _squares[lane] += delta * delta;
        if (value < _min) _min = value;
        if (value > _max) _max = value;
        if (++_pending == Block) Close();
    }

    /// <summary>Adds finite values.</summary>
    public void Add(ReadOnlySpan<double> values)
    {
        while (values.Length > 0)
        {
            if ((_pending & (Lanes - 1)) != 0 || values.Length < Lanes)
            {
                Add(values[0]);
                values = values[1..];
                continue;
            }
            if (_pending == 0) Begin(values[0] + 0.0);
            var taken = Math.Min(values.Length, Block - _pending) & ~(Lanes - 1);
            AddLanes(values[..taken]);
            values = values[taken..];
            if (_pending == Block) Close();
        }
    }

    /// <summary>Takes over what another has gathered.</summary>
    public void Merge(MomentSums other)
    {
        var theirs = other.Moments;
        if (theirs.Count == 0) return;
        if (_done.Count == 0 && _pending == 0) _origin = theirs.Mean;
        _done = _done.Merge(theirs with { Mean = theirs.Mean - _origin });
    }

    public void Write(SketchWriter writer)
    {
        _done.Write(writer);
        writer.Double(_origin);
        writer.Int32(_pending);
        if (_pending == 0) return;
        writer.Double(_shift);
        writer.Double(_min);
        writer.Double(_max);
        writer.Doubles(_sums);
        writer.Doubles(_squares);
    }

    public static MomentSums Read(ref SketchReader reader)
    {
        var result = new MomentSums { _done = Moments.Read(ref reader), _origin = reader.Double() };
        result._pending = reader.Int32();
        reader.Require(result._pending is >= 0 and < Block, "a block of moments is too long");
        if (result._pending == 0) return result;
        (result._shift, result._min, result._max) = (reader.Double(), reader.Double(), reader.Double());
        reader.Doubles(result._sums);
        reader.Doubles(result._squares);
        return result;
    }

    /// <summary>Goes on from given moments.</summary>
    public static MomentSums Of(Moments moments) => new() { _done = moments with { Mean = 0 }, _origin = moments.Mean };

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddLanes(ReadOnlySpan<double> values)
    {
        ref var start = ref MemoryMarshal.GetReference(values);
        Vector256<double> sums = Vector256.Create(_sums), squares = Vector256.Create(_squares), shift = Vector256.Create(_shift);
        Vector256<double> min = Vector256.Create(_min), max = Vector256.Create(_max);
        for (var i = 0; i < values.Length; i += Lanes)
        {
            var value = Vector256.LoadUnsafe(ref start, (nuint)i) + Vector256<double>.Zero;
            var delta = value - shift;
            sums += delta;
            squares += delta * delta;
            min = Vector256.MinNative(min, value);
            max = Vector256.MaxNative(max, value);
        }
        sums.CopyTo(_sums);
        squares.CopyTo(_squares);
        for (var lane = 0; lane < Lanes; lane++)
        {
            _min = Math.Min(_min, min[lane]);
            _max = Math.Max(_max, max[lane]);
        }
        _pending += values.Length;
    }

    private void Begin(double first)
    {
        if (_done.Count == 0) _origin = first;
        _shift = _origin + _done.Mean;
        _min = _max = first;
        Array.Clear(_sums);
        Array.Clear(_squares);
    }

    private void Close()
    {
        _done = _done.Merge(Pending());
        _pending = 0;
    }

    private Moments Pending()
    {
        var sum = _sums[0] + _sums[1] + (_sums[2] + _sums[3]);
        var square = _squares[0] + _squares[1] + (_squares[2] + _squares[3]);
        var mean = sum / _pending;
        return new Moments(_pending, _shift - _origin + mean, Math.Max(0, square - sum * mean), _min, _max);
    }
}
