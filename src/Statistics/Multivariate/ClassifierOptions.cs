namespace Holdfast.Statistics.Multivariate;

/// <summary>The classifier of a <see cref="ClassifierTwoSample"/> test.</summary>
public enum ClassifierModel
{
    /// <summary>Logistic regression on the columns. Sees shifts of means only: a change of spread or of a correlation is invisible.</summary>
    Linear,

    /// <summary>
    /// Logistic regression on the columns, their squares and the products of every two, each column standardised and cut to [-4, 4] in the products. Sees changes of means, variances
    /// and correlations; other changes of shape only as far as they move those.
    /// </summary>
    Quadratic,

    /// <summary>Gradient-boosted trees (<see cref="BoostedTrees"/>). See any change of shape, and joint changes of up to three columns, but need more rows than the others for a plain shift.</summary>
    BoostedTrees,
}

/// <summary>Options of a <see cref="ClassifierTwoSample"/> test.</summary>
public sealed record ClassifierOptions
{
    /// <summary>The classifier. Default quadratic.</summary>
    public ClassifierModel Model { get; init; } = ClassifierModel.Quadratic;

    /// <summary>With more columns than this the quadratic model is taken as linear: products grow with the square. Columns that are constant in all rows do not count. Default 30 (495 terms).</summary>
    public int MostQuadraticColumns { get; init; } = 30;

    /// <summary>Inverse strength of the logistic regression's L2 penalty. Default 1.</summary>
    public double C { get; init; } = 1;

    /// <summary>Both samples count alike in the fit whatever their sizes. Default true. The AUC hardly depends on it, the coefficients do.</summary>
    public bool Balanced { get; init; } = true;

    /// <summary>Seed of the permutation importances. Default 0.</summary>
    public ulong Seed { get; init; }
}
