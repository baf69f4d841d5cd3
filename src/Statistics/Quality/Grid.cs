namespace Holdfast.Statistics.Quality;

/// <summary>The grids on which two ascending samples of a column lie, and the factor that takes one to the other.</summary>
internal sealed class Grid
{
    // Beyond what sampling shows on average: patterns that do not agree.
    private const double Apart = 0.15;
    private const double Unlike = 0.3;
    private const int Few = 60;
    private const int Looked = 400;
    private const int MostDigits = 3;
    private const double Reach = 1.35;
    private readonly double[] _reference;
    private readonly double[] _current;
    private readonly double[] _pattern;
    private readonly int _count;
    private readonly double _before;
    private readonly bool _isWritten;

    public Grid(double[] reference, double[] current)
    {
        (_reference, _current) = (reference, current);
        _pattern = DigitPattern.Of(reference, out _count);
        var now = DigitPattern.Of(current, out var count);
        _before = DigitPattern.Distance(_pattern, _count, now, count);
        _isWritten = DigitPattern.IsInformative(now);
    }

    /// <summary>The reference has a grid to see.</summary>
    private bool IsTelling => _count >= AffineTest.MinimumRows && DigitPattern.IsInformative(_pattern);

    /// <summary>The change near a rough factor that brings the values back to the reference's grid: a known one, else a factor of few digits, as people write them. Null if the grid says nothing.</summary>
    /// <param name="rough">A wide guess of the factor.</param>
    /// <param name="known">Conversions that people make.</param>
    /// <param name="agrees">Whether the values, undone with a scale and a shift, have about the reference's shape.</param>
    public (double Scale, double Shift, string? Name)? Find(double rough, IReadOnlyList<(string Name, double Scale, double Shift)> known, Func<double, double, bool> agrees)
    {
        if (!IsTelling || !double.IsFinite(rough) || rough == 0) return null;
        var (few, some) = (Some(_current, Few), Some(_current, Looked));
        // Known ones first, then factors of one, two, three digits: the first that fits is the simplest.
        IEnumerable<(double Scale, double Shift, string? Name)>[] simpleFirst =
        [
            known.Where(k => k.Shift != 0 || Near(k.Scale, rough)).Select(k => (k.Scale, k.Shift, (string?)k.Name)),
            .. Enumerable.Range(1, MostDigits).Select(digits => Round(rough, digits).Select(scale => (scale, 0.0, (string?)null))),
        ];
        foreach (var candidates in simpleFirst)
        {
            (double Scale, double Shift, string? Name)? found = null;
            var best = Alike(some);
            foreach (var candidate in candidates)
            {
                if (Distance(few, candidate.Scale, candidate.Shift) > Unlike) continue;
                var distance = Distance(some, candidate.Scale, candidate.Shift);
                if (distance < best && IsSeen(candidate.Scale, candidate.Shift) && agrees(candidate.Scale, candidate.Shift)) (found, best) = (candidate, distance);
            }
            if (found is { } f && Distance(_current, f.Scale, f.Shift) <= Alike(_current)) return f;
        }
        return null;
    }

    /// <summary>What the digits say of a suspected change.</summary>
    public DigitEvidence Judge(double scale, double shift)
    {
        if (!IsTelling || !double.IsFinite(scale) || scale == 0) return DigitEvidence.Silent;
        var after = Distance(_current, scale, shift);
        if (after <= Alike(_current) && IsSeen(scale, shift)) return DigitEvidence.For;
        // What came through single precision, or was computed, is on no grid at all.
        if (!_isWritten) return DigitEvidence.Silent;
        return after >= Apart && _before <= 0.1 ? DigitEvidence.Against : DigitEvidence.Unclear;
    }

    // What agrees differs by no more, but for the luck of a sample of this size.
    private static double Alike(double[] values) => 0.03 + (1.2 / Math.Sqrt(values.Length));

    // Undoing a change that was never made would be seen: it takes the reference itself off its grid.
    private bool IsSeen(double scale, double shift) => _before >= Apart || Distance(Some(_reference, Looked), scale, shift) >= Apart;

    private double Distance(double[] values, double scale, double shift)
    {
        var undone = new double[values.Length];
        for (var i = 0; i < undone.Length; i++) undone[i] = (values[i] - shift) / scale;
        var pattern = DigitPattern.Of(undone, out var count);
        return DigitPattern.Distance(_pattern, _count, pattern, count);
    }

    private static double[] Some(double[] values, int count)
    {
        if (values.Length <= count) return values;
        var some = new double[count];
        for (var i = 0; i < count; i++) some[i] = values[(int)((long)i * values.Length / count)];
        return some;
    }

    // Numbers of so many digits, and one over them, near the rough one; the nearest first.
    private static IEnumerable<double> Round(double rough, int digits)
    {
        foreach (var inverse in (bool[])[false, true])
        {
            var near = inverse ? 1 / rough : rough;
            var place = digits - 1 - (int)Math.Floor(Math.Log10(Math.Abs(near)));
            var middle = Math.Round(near * Math.Pow(10, place));
            for (var away = 0; away <= ((Reach - 1) * Math.Abs(middle)) + 1; away++)
            {
                foreach (var whole in (double[])[middle - away, middle + away])
                {
                    // Divided, not multiplied by a fraction: 12 / 10 is 1.2.
                    var scale = place < 0 ? whole * Math.Pow(10, -place) : whole / Math.Pow(10, place);
                    if (scale != 0 && Near(inverse ? 1 / scale : scale, rough)) yield return inverse ? 1 / scale : scale;
                    if (away == 0) break;
                }
            }
        }
    }

    // The population may have moved as well, so the rough factor is a wide guess.
    private static bool Near(double scale, double rough) => scale / rough is > 1 / Reach and < Reach;
}
