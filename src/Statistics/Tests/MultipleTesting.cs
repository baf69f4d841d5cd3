namespace Holdfast.Statistics.Tests;

/// <summary>
/// Adjusted p-values for K tests read together (K features, one window). Compare an adjusted value with the wanted level directly.
/// All are in [0, 1], in the order of the input; NaN is counted as 1; an empty input gives an empty array. Over time use an e-process instead.
/// </summary>
public static class MultipleTesting
{
    /// <summary>
    /// Controls the false discovery rate for independent or positively dependent tests: min over j &gt;= i of K p_(j) / j.
    /// The default for feature drift. Benjamini and Hochberg, JRSS B 57 (1995).
    /// </summary>
    public static double[] BenjaminiHochberg(ReadOnlySpan<double> pValues) => StepUp(pValues, 1);

    /// <summary>
    /// Controls the false discovery rate under any dependence: Benjamini-Hochberg times sum over j = 1..K of 1/j.
    /// Benjamini and Yekutieli, Annals of Statistics 29 (2001).
    /// </summary>
    public static double[] BenjaminiYekutieli(ReadOnlySpan<double> pValues)
    {
        double harmonic = 0;
        for (var j = 1; j <= pValues.Length; j++) harmonic += 1.0 / j;
        return StepUp(pValues, harmonic);
    }

    /// <summary>
    /// Controls the chance of any false alarm under any dependence: max over j &lt;= i of (K - j + 1) p_(j).
    /// Holm, Scandinavian Journal of Statistics 6 (1979). Uniformly better than Bonferroni.
    /// </summary>
    public static double[] Holm(ReadOnlySpan<double> pValues)
    {
        var (order, sorted) = Sort(pValues);
        var adjusted = new double[sorted.Length];
        double running = 0;
        for (var i = 0; i < sorted.Length; i++)
        {
            running = Math.Max(running, Math.Min(1, (sorted.Length - i) * sorted[i]));
            adjusted[order[i]] = running;
        }
        return adjusted;
    }

    /// <summary>
    /// e-BH: controls the false discovery rate under any dependence, from e-values (&gt;= 0, expectation at most 1 if nothing changed; an e-process may be
    /// read at any time). Gives the smallest level at which each is rejected: at level a the k largest with e_(k) &gt;= K / (a k), which is
    /// Benjamini-Hochberg on 1 / e. NaN counts as 0. Wang and Ramdas, JRSS B 84 (2022).
    /// </summary>
    public static double[] EBenjaminiHochberg(ReadOnlySpan<double> eValues)
    {
        var inverse = new double[eValues.Length];
        for (var i = 0; i < inverse.Length; i++)
        {
            if (eValues[i] < 0) throw new ArgumentOutOfRangeException(nameof(eValues), eValues[i], $"The e-value {i} is negative.");
            inverse[i] = eValues[i] > 0 ? 1 / eValues[i] : double.PositiveInfinity;
        }
        return StepUp(inverse, 1);
    }

    /// <summary>
    /// One e-value for "nothing changed anywhere": the mean, valid under any dependence, and among such rules the best up to constants (Vovk and Wang, Annals of
    /// Statistics 49, 2021). The mean of e-processes in the same time is an e-process again, so the global null may be looked at after every row: reject at level a
    /// when it reaches 1 / a. NaN counts as 0; 1 without any, so that no data never alarms.
    /// </summary>
    /// <param name="eValues">e-values, &gt;= 0, one a feature.</param>
    public static double EAverage(ReadOnlySpan<double> eValues)
    {
        double sum = 0;
        for (var i = 0; i < eValues.Length; i++)
        {
            if (eValues[i] < 0) throw new ArgumentOutOfRangeException(nameof(eValues), eValues[i], $"The e-value {i} is negative.");
            sum += double.IsNaN(eValues[i]) ? 0 : eValues[i];
        }
        return eValues.Length == 0 ? 1 : sum / eValues.Length;
    }

    /// <summary>As <see cref="EAverage"/>, from and to natural logarithms: wealth grows beyond what a double holds. 0 without any.</summary>
    /// <param name="logEValues">Logarithms of e-values; negative infinity is an e-value of 0, NaN counts as that.</param>
    public static double LogEAverage(ReadOnlySpan<double> logEValues)
    {
        if (logEValues.Length == 0) return 0;
        var top = double.NegativeInfinity;
        foreach (var log in logEValues) top = log > top ? log : top;
        if (double.IsInfinity(top)) return top;
        double sum = 0;
        foreach (var log in logEValues) sum += double.IsNaN(log) ? 0 : Math.Exp(log - top);
        return top + Math.Log(sum / logEValues.Length);
    }

    private static double[] StepUp(ReadOnlySpan<double> pValues, double factor)
    {
        var (order, sorted) = Sort(pValues);
        var adjusted = new double[sorted.Length];
        double running = 1;
        for (var i = sorted.Length - 1; i >= 0; i--)
        {
            running = Math.Min(running, factor * sorted.Length * sorted[i] / (i + 1));
            adjusted[order[i]] = running;
        }
        return adjusted;
    }

    private static (int[] Order, double[] Sorted) Sort(ReadOnlySpan<double> pValues)
    {
        var sorted = new double[pValues.Length];
        var order = new int[pValues.Length];
        for (var i = 0; i < sorted.Length; i++)
        {
            sorted[i] = double.IsNaN(pValues[i]) ? 1 : pValues[i];
            order[i] = i;
        }
        Array.Sort(sorted, order);
        return (order, sorted);
    }
}
