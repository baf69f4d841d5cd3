using Holdfast.Statistics.Tests;

namespace Holdfast.Statistics.Multivariate;

/// <summary>
/// Area under the ROC curve: P(score of a row of class 1 &gt; score of a row of class 0) + half the chance of a tie, in [0, 1]; 0.5 if the scores say nothing.
/// The Mann-Whitney statistic divided by n0 n1.
/// </summary>
public static class RocAuc
{
    /// <summary>AUC by mean ranks, O(N log N). NaN if a class has no rows. Scores must not be NaN.</summary>
    public static double Of(ReadOnlySpan<double> scores, ReadOnlySpan<bool> labels)
    {
        if (scores.Length != labels.Length) throw new ArgumentException($"{scores.Length} scores need as many labels, got {labels.Length}.", nameof(labels));
        var sorted = scores.ToArray();
        var classes = labels.ToArray();
        Array.Sort(sorted, classes);
        double ones = 0, zerosBelow = 0, wins = 0;
        for (int i = 0, next; i < sorted.Length; i = next)
        {
            double onesHere = 0, zerosHere = 0;
            for (next = i; next < sorted.Length && sorted[next].Equals(sorted[i]); next++)
            {
                if (classes[next]) onesHere++;
                else zerosHere++;
            }
            wins += onesHere * (zerosBelow + zerosHere / 2);
            zerosBelow += zerosHere;
            ones += onesHere;
        }
        return ones == 0 || zerosBelow == 0 ? double.NaN : wins / (ones * zerosBelow);
    }

    /// <summary>
    /// One-sided z-test of AUC = 0.5 against more, for scores made without the rows' labels: z = (AUC - 0.5) / sqrt((n0 + n1 + 1) / (12 n0 n1)), the normal law of
    /// the Mann-Whitney statistic. Undefined without rows of both classes. Ties make it a little conservative.
    /// </summary>
    public static TestResult Test(double auc, long zeros, long ones)
    {
        if (double.IsNaN(auc) || zeros < 1 || ones < 1) return TestResult.Undefined;
        var z = (auc - 0.5) / Math.Sqrt((zeros + ones + 1.0) / (12.0 * zeros * ones));
        return new TestResult(z, Distributions.NormalSf(z));
    }
}
