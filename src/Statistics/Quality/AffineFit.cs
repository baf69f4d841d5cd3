namespace Holdfast.Statistics.Quality;

/// <summary>How well the current values are the reference values scaled and shifted.</summary>
/// <param name="Scale">a of current = a * reference + b, least squares over the quantiles 0.01 to 0.99; NaN without data.</param>
/// <param name="Shift">b of that fit, in the unit of the feature.</param>
/// <param name="ScaleThroughOrigin">Median of current quantile / reference quantile, b = 0: robust. NaN if the reference quantiles are all 0.</param>
/// <param name="Residual">Root mean square residual of the least-squares fit / sd of the current quantiles; 0 is a perfect line.</param>
/// <param name="KsAfterUndo">KS distance in [0, 1] between (current - b) / a and the reference, for the best of: the line, the pure scale, the known conversions.</param>
/// <param name="ShiftIsBig">Wasserstein-1 / sd of the reference is at least 0.25, and the KS distance exceeds its allowance: there is something to explain.</param>
/// <param name="KnownFactor">A known conversion (2, 10^k, 60, 1024, miles, Fahrenheit, sign, ...) undoes the change as well as the best fit.</param>
/// <param name="KnownName">Name of that conversion, or null.</param>
/// <param name="Implausible">No population does this: a known conversion, or a pure scale by more than 1.5 (or less than 1/1.5), or a negative scale, or a pure shift by 5 sds and more.</param>
/// <param name="IsAffine">The change is big, and undoing the transformation removes it.</param>
public sealed record AffineFit(
    double Scale, double Shift, double ScaleThroughOrigin, double Residual, double KsAfterUndo, bool ShiftIsBig, bool KnownFactor, string? KnownName, bool Implausible, bool IsAffine)
{
    /// <summary>The factor of the best explanation: the known conversion's, else the pure scale's, else the line's.</summary>
    public double BestScale { get; init; } = Scale;

    /// <summary>The shift of the best explanation.</summary>
    public double BestShift { get; init; } = Shift;

    /// <summary>KS distance before undoing, in [0, 1].</summary>
    public double KsBefore { get; init; }

    /// <summary>Range over the quantiles 0.1 to 0.9 of ln(undone / reference): near 0 when all quantiles moved alike.</summary>
    public double QuantileSpread { get; init; }

    /// <summary>Bias-corrected PSI in nats between the undone values and the reference, on the reference's bins: near 0 if undoing removed the drift.</summary>
    public double PsiAfterUndo { get; init; }

    /// <summary>What the digits of the values say (<see cref="DigitEvidence"/>).</summary>
    public DigitEvidence Digits { get; init; }

    /// <summary>The values moved (KS p below 0.0001) and undoing brings them back to within the allowance: weaker than <see cref="IsAffine"/>, which also weighs the shape's details.</summary>
    public bool Agrees { get; init; }

    /// <summary>
    /// True if no population does this, even if another one moved in at the same time (KS of the undone values up to 0.35): the digits speak for a factor of at least 1.1 (or at most
    /// 1 / 1.1) or a known conversion, or the signs of nearly all values turned round.
    /// </summary>
    public bool IsCertain => KsAfterUndo <= 0.35
        && ((Digits == DigitEvidence.For && (KnownFactor || Math.Abs(Math.Log(Math.Abs(BestScale))) >= Math.Log(1.1))) || (IsFlipped && BestScale < 0));

    /// <summary>The values have nothing in common with the reference (KS at least 0.9), and a factor or known conversion makes them agree in shape: too far for a population.</summary>
    public bool IsRemote => KsBefore >= 0.9 && IsAffine && Implausible;

    /// <summary>The conversion is one that breaks most often (doubled, halved, powers of ten): believed even where the values were rounded afterwards and so lie on the old grid.</summary>
    public bool IsCommon { get; init; }

    /// <summary>Nearly all values had one sign and have the other.</summary>
    public bool IsFlipped { get; init; }
}

/// <summary>What the way in which values are written says of a suspected factor.</summary>
public enum DigitEvidence
{
    /// <summary>Nothing: too few values, or numbers with all digits in use.</summary>
    Silent,

    /// <summary>Neither for nor against.</summary>
    Unclear,

    /// <summary>Dividing by the factor puts the values on the grid of the reference, which it would not do with values that had not been multiplied.</summary>
    For,

    /// <summary>The values are on the grid of the reference as they stand, and dividing takes them off it: they were not multiplied, or rounded afterwards.</summary>
    Against,
}
