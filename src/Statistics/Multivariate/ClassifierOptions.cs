namespace Holdfast.Statistics.Multivariate;

/// <summary>What the classifier of a <see cref="ClassifierTwoSample"/> test sees of a row.</summary>
public enum ClassifierTerms
{
    /// <summary>The columns. Sees shifts of means only: a change of spread or of a correlation is invisible.</summary>
    Linear,

    /// <summary>
    /// The columns, their squares and the products of every two, each column standardised and cut to [-4, 4] in the products. Sees changes of means, variances
    /// and correlations; other changes of shape only as far as they move those.
    /// </summary>
    Quadratic,
}

/// <summary>Options of a <see cref="ClassifierTwoSample"/> test.</summary>
public sealed record ClassifierOptions
{
    /// <summary>What the classifier sees. Default quadratic.</summary>
    public ClassifierTerms Terms { get; init; } = ClassifierTerms.Quadratic;

    /// <summary>With more columns than this the terms are linear: products grow with the square. Columns that are constant in all rows do not count. Default 30 (495 terms).</summary>
    public int MostQuadraticColumns { get; init; } = 30;

    /// <summary>Inverse strength of the L2 penalty. Default 1.</summary>
    public double C { get; init; } = 1;

    /// <summary>Both samples count alike in the fit whatever their sizes. Default true. The AUC hardly depends on it, the coefficients do.</summary>
    public bool Balanced { get; init; } = true;

    /// <summary>Seed of the permutation importances. Default 0.</summary>
    public ulong Seed { get; init; }
}
