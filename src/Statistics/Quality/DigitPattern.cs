namespace Holdfast.Statistics.Quality;

/// <summary>
/// How values are written: the place of the last digit that is not 0, and that digit. A quantity has a grid (cents, tenths of a mile, four significant
/// digits); multiplying all values moves them off it or thins it out, and dividing by the true factor, and by no other, brings it back. A population that changes
/// keeps its grid. So the pattern tells a scaled column from a changed one where the shape alone cannot.
/// </summary>
internal static class DigitPattern
{
    private const int Digits = 12;
    private const int Places = 40;
    private const int Cells = (Places * 10) + 1;

    // All digits in use: a number made by arithmetic, without a grid to see.
    private const int Full = Cells - 1;

    /// <summary>Shares of the patterns; zeros, which stay zeros whatever they are multiplied by, are left out.</summary>
    public static double[] Of(ReadOnlySpan<double> values, out int count)
    {
        var cells = new double[Cells];
        count = 0;
        foreach (var value in values)
        {
            if (value == 0 || !double.IsFinite(value)) continue;
            cells[Cell(value)]++;
            count++;
        }
        for (var i = 0; i < Cells && count > 0; i++) cells[i] /= count;
        return cells;
    }

    /// <summary>Most of the values show a grid.</summary>
    public static bool IsInformative(double[] pattern) => pattern[Full] < 0.5;

    /// <summary>Total variation in [0, 1] between two patterns, less what sampling alone shows on average; may be slightly negative.</summary>
    public static double Distance(double[] a, int n, double[] b, int m)
    {
        if (n == 0 || m == 0) return 1;
        double distance = 0, noise = 0;
        var unit = (1.0 / n) + (1.0 / m);
        for (var i = 0; i < Cells; i++)
        {
            if (a[i] + b[i] == 0) continue;
            distance += Math.Abs(a[i] - b[i]);
            var share = ((n * a[i]) + (m * b[i])) / (n + m);
            noise += Math.Sqrt(2 / Math.PI * share * (1 - share) * unit);
        }
        return (distance - noise) / 2;
    }

    /// <summary>Share of a pattern that is written like the value.</summary>
    public static double ShareOf(double[] pattern, double value) => pattern[Cell(value)];

    private static int Cell(double value)
    {
        var size = Math.Abs(value);
        var exponent = (int)Math.Floor(Math.Log10(size));
        var digits = (long)Math.Round(size * Math.Pow(10, Digits - 1 - exponent));
        if (digits <= 0) return Full;
        var zeros = 0;
        for (; digits % 10 == 0; digits /= 10) zeros++;
        // The last digit or two of twelve are arithmetic noise.
        if (zeros < 2) return Full;
        var place = exponent - (Digits - 1) + zeros;
        return (Math.Clamp(place + (Places / 2), 0, Places - 1) * 10) + (int)(digits % 10);
    }
}
