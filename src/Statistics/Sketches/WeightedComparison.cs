using Holdfast.Statistics.Tests;

namespace Holdfast.Statistics.Sketches;

/// <summary>Kolmogorov-Smirnov and Wasserstein between two weighted samples, with what the sketches behind them may add or hide.</summary>
/// <param name="Ks">D and its p-value, given the ties where half of the values or more repeat.</param>
/// <param name="KsNear">The same if the true D is as small as the error allows: D - E, its p the largest.</param>
/// <param name="KsFar">The same at D + E, its p the smallest.</param>
/// <param name="KsError">E: the sum of both errors; 0 if both samples are exact.</param>
/// <param name="Wasserstein">Wasserstein-1 / standard deviation of the reference; NaN without data, +infinity where a constant reference moved.</param>
/// <param name="WassersteinError">Bound on what the sketches add to it or hide.</param>
public sealed record WeightedComparison(TestResult Ks, TestResult KsNear, TestResult KsFar, double KsError, double Wasserstein, double WassersteinError)
{
    /// <summary>Compares. Undefined (NaN, p = 1) if a side is empty.</summary>
    public static WeightedComparison Of(WeightedSample reference, WeightedSample current)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(current);
        if (reference.Count == 0 || current.Count == 0)
            return new WeightedComparison(TestResult.Undefined, TestResult.Undefined, TestResult.Undefined, 0, double.NaN, 0);
        var runs = PooledRuns.Of(reference, current);
        var (crossings, area) = Merge(reference, current);
        double n = reference.Count, m = current.Count, error = reference.Error + current.Error;
        var d = crossings / (n * m);
        var tied = runs.Sizes.Length < 0.5 * ((double)reference.Kept + current.Kept);
        TestResult At(double distance, long apart) => new(distance, P(tied ? runs : null, reference.Count, current.Count, distance, apart));
        var ks = At(d, crossings);
        double near = Math.Max(0, d - error), far = Math.Min(1, d + error);
        return new WeightedComparison(
            ks, error == 0 ? ks : At(near, (long)(near * n * m)), error == 0 ? ks : At(far, (long)Math.Ceiling(far * n * m)), error,
            Distances.Wasserstein.Divide(area, reference.Sd), error == 0 || !(reference.Sd > 0) ? 0 : (Slack(reference) + Slack(current)) / reference.Sd);
    }

    private static double P(PooledRuns? runs, long n, long m, double d, long crossings)
    {
        if (crossings <= 0) return 1;
        var effective = (double)n * m / ((double)n + m);
        var tieFree = effective <= 1e9 ? KolmogorovFinite.Sf((int)Math.Max(1, Math.Round(effective, MidpointRounding.ToEven)), d) : KolmogorovSmirnov.KolmogorovSf(d * Math.Sqrt(effective));
        return runs is { } tied ? TiedKolmogorov.Drawn(tied, n, m, crossings, tieFree, seed: 1) : tieFree;
    }

    private static (long Crossings, double Area) Merge(WeightedSample a, WeightedSample b)
    {
        ReadOnlySpan<double> x = a.Values, y = b.Values;
        long best = 0;
        double area = 0, n = a.Count, m = b.Count, previous = 0;
        int i = 0, j = 0;
        long height = 0;
        while (i < x.Length || j < y.Length)
        {
            var value = j == y.Length || (i < x.Length && x[i] <= y[j]) ? x[i] : y[j];
            area += Math.Abs(height) / (n * m) * (i + j == 0 ? 0 : value - previous);
            if (i < x.Length && x[i] == value) i++;
            if (j < y.Length && y[j] == value) j++;
            height = (i == 0 ? 0 : a.Ends[i - 1]) * b.Count - (j == 0 ? 0 : b.Ends[j - 1]) * a.Count;
            best = Math.Max(best, Math.Abs(height));
            previous = value;
        }
        return (best, area);
    }

    // The area between the true and the sketched distribution function. It is at most the error times the range, and where a tail is long the tail is
    // better bounded by its own area: beyond a point the sketch has tail T; the true one has at most T + error * (point - other end) more than the means differ.
    private static double Slack(WeightedSample sample)
    {
        if (sample.Error == 0) return 0;
        var best = sample.Error * (sample.Max - sample.Min);
        foreach (var share in (ReadOnlySpan<double>)[0.9, 0.99, 0.999, 0.9999])
        {
            best = Math.Min(best, Tailed(sample, sample.Quantile(share), upper: true));
            best = Math.Min(best, Tailed(sample, sample.Quantile(1 - share), upper: false));
        }
        return best;
    }

    private static double Tailed(WeightedSample sample, double cut, bool upper)
    {
        double tail = 0, mean = 0, before = 0;
        for (var i = 0; i < sample.Values.Length; i++)
        {
            double share = (sample.Ends[i] - before) / sample.Count, value = sample.Values[i];
            before = sample.Ends[i];
            mean += share * value;
            tail += share * Math.Max(0, upper ? value - cut : cut - value);
        }
        var body = sample.Error * (upper ? cut - sample.Min : sample.Max - cut);
        return 2 * body + 2 * tail + Math.Abs(sample.Mean - mean);
    }
}
