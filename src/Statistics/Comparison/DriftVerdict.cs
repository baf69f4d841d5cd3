using Holdfast.Statistics.Distances;
using Holdfast.Statistics.Tests;

namespace Holdfast.Statistics.Comparison;

/// <summary>
/// Effect and evidence apart: how far a feature moved, how sure that is, and what follows. Drift means that the whole confidence interval of the effect lies
/// above the tolerated effect; a small p-value alone never does, so more rows make the verdict surer and not louder.
/// </summary>
/// <param name="Effect">Bias-corrected effect, in the unit of its measure (PSI: nats). May be slightly negative.</param>
/// <param name="Low">Lower confidence limit of the effect.</param>
/// <param name="High">Upper confidence limit of the effect.</param>
/// <param name="PValue">P(data this far apart | same population). Evidence against "exactly equal", nothing more.</param>
/// <param name="Tolerated">Largest effect that does not matter, in the same unit.</param>
/// <param name="ReferenceRows">Values of the reference.</param>
/// <param name="CurrentRows">Values of the window.</param>
/// <param name="Power">Chance that a test at 5 % sees a departure of the tolerated size at these sample sizes, in [0, 1].</param>
/// <param name="State">The verdict.</param>
public sealed record DriftVerdict(double Effect, double Low, double High, double PValue, double Tolerated, long ReferenceRows, long CurrentRows, double Power, DriftState State)
{
    /// <summary>
    /// The verdict on any measure with an interval: <see cref="DriftState.Moderate"/> or <see cref="DriftState.Significant"/> if <paramref name="low"/> and
    /// <paramref name="effect"/> lie above <paramref name="tolerated"/>; otherwise <see cref="DriftState.Insufficient"/> if the power is below 1/2, else
    /// <see cref="DriftState.None"/>. A shown drift stands whatever the power: the interval has already paid for the small sample. NaN anywhere in
    /// the interval, or an empty side, is insufficient.
    /// </summary>
    /// <param name="effect">Bias-corrected effect.</param>
    /// <param name="low">Lower confidence limit.</param>
    /// <param name="high">Upper confidence limit.</param>
    /// <param name="pValue">p-value of "same population".</param>
    /// <param name="tolerated">Largest effect that does not matter, &gt; 0.</param>
    /// <param name="significant">Effect from which drift is significant, at least <paramref name="tolerated"/>.</param>
    /// <param name="referenceRows">Values of the reference.</param>
    /// <param name="currentRows">Values of the window.</param>
    /// <param name="power">Chance to see the tolerated effect.</param>
    /// <param name="watched">Effect from which drift is called at all, where that is not the tolerated one; &gt; 0. Default: <paramref name="tolerated"/>, which must then be above 0.</param>
    public static DriftVerdict Judge(
        double effect, double low, double high, double pValue, double tolerated, double significant, long referenceRows, long currentRows, double power, double? watched = null)
    {
        if (!(tolerated >= 0)) throw new ArgumentOutOfRangeException(nameof(tolerated), tolerated, "The tolerated effect must not be negative.");
        if (!((watched ?? tolerated) > 0)) throw new ArgumentOutOfRangeException(nameof(tolerated), tolerated, "The tolerated effect must be above 0.");
        if (!(significant >= tolerated)) throw new ArgumentOutOfRangeException(nameof(significant), significant, $"Significant drift cannot begin below the tolerated effect {tolerated}.");
        var undefined = double.IsNaN(effect) || double.IsNaN(low) || double.IsNaN(high) || referenceRows < 1 || currentRows < 1;
        var state = undefined ? DriftState.Insufficient
            : low > tolerated && effect > tolerated && effect >= (watched ?? tolerated) ? (effect >= significant ? DriftState.Significant : DriftState.Moderate)
            : power >= 0.5 ? DriftState.None
            : DriftState.Insufficient;
        return new DriftVerdict(effect, low, high, pValue, tolerated, referenceRows, currentRows, power, state);
    }

    /// <summary>The verdict on two rows of bin counts by the population stability index; see <see cref="Psi.Compare"/> for the interval and <see cref="PsiPower"/> for the power.</summary>
    /// <param name="reference">Counts of the reference.</param>
    /// <param name="current">Counts of the window in the same bins.</param>
    /// <param name="tolerated">Tolerated PSI. Default 0.1, where the usual bands begin.</param>
    /// <param name="significant">PSI from which drift is significant. Default 0.25.</param>
    /// <param name="level">Confidence of the interval. Default 0.95; with K features read together 1 - 0.05 / K.</param>
    public static DriftVerdict FromCounts(ReadOnlySpan<long> reference, ReadOnlySpan<long> current, double tolerated = 0.1, double significant = 0.25, double level = 0.95) =>
        FromPsi(Psi.Compare(reference, current, level), BinCounts.Check(reference, current), tolerated, significant);

    private static DriftVerdict FromPsi(PsiResult psi, BinCounts counts, double tolerated, double significant) =>
        Judge(psi.Corrected, psi.Low, psi.High, psi.PValue, tolerated, significant, counts.N, counts.M, PsiPower(counts.N, counts.M, counts.Bins, tolerated));

    /// <summary>
    /// The chance that the PSI test at 5 % sees a departure of size <paramref name="effect"/>: to first order PSI / (1/n + 1/m) is noncentral chi-squared with
    /// B - 1 degrees and noncentrality effect / (1/n + 1/m). 0 without data; 1 for a single bin, which can show nothing and hide nothing.
    /// With ten bins, 0.1 and a large reference half is reached at 88 rows.
    /// </summary>
    public static double PsiPower(long n, long m, int bins, double effect)
    {
        if (n < 1 || m < 1) return 0;
        if (bins < 2) return 1;
        return Distributions.NoncentralChiSquaredSf(Distributions.ChiSquaredQuantile(0.95, bins - 1), bins - 1, effect / (1.0 / n + 1.0 / m));
    }

    /// <summary>
    /// The verdict on a change of the missing share: effect and limits are the size of the change in share points (Newcombe's interval), whichever way it
    /// went. Power: normal law of the difference at the pooled share.
    /// </summary>
    /// <param name="referenceMissing">Missing values of the reference.</param>
    /// <param name="referenceRows">All rows of the reference.</param>
    /// <param name="currentMissing">Missing values of the window.</param>
    /// <param name="currentRows">All rows of the window.</param>
    /// <param name="tolerated">Tolerated change. Default 0.05: five points.</param>
    /// <param name="significant">Change from which it is significant. Default 0.2.</param>
    /// <param name="level">Confidence of the interval. Default 0.95.</param>
    public static DriftVerdict FromMissing(
        long referenceMissing, long referenceRows, long currentMissing, long currentRows, double tolerated = 0.05, double significant = 0.2, double level = 0.95)
    {
        var test = MissingTest.Compare(referenceMissing, referenceRows, currentMissing, currentRows, level);
        var change = test.CurrentShare - test.ReferenceShare;
        var (low, high) = change < 0 ? (-test.High, -test.Low) : (test.Low, test.High);
        return Judge(Math.Abs(change), low, high, test.PValue, tolerated, significant, referenceRows, currentRows, SharePower(referenceMissing, referenceRows, currentMissing, currentRows, tolerated));
    }

    private static double SharePower(long x1, long n1, long x2, long n2, double change)
    {
        if (n1 < 1 || n2 < 1) return 0;
        // Half a row on each side, so that a share of 0 is not taken for certain.
        var share = (x1 + x2 + 1.0) / (n1 + n2 + 2.0);
        var sd = Math.Sqrt(share * (1 - share) * (1.0 / n1 + 1.0 / n2));
        return Distributions.NormalSf(Distributions.NormalQuantile(0.975) - change / sd);
    }
}
