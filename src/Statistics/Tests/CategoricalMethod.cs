namespace Holdfast.Statistics.Tests;

/// <summary>How <see cref="CategoricalTest"/> computed its p-value.</summary>
public enum CategoricalMethod
{
    /// <summary>No test: fewer than two filled categories, or an empty sample.</summary>
    Undefined,

    /// <summary>Pearson's X2 and the chi-squared law: the expected counts carry it.</summary>
    ChiSquared,

    /// <summary>Fisher's exact test of a 2 x 2 table with an expected count below 5.</summary>
    Fisher,

    /// <summary>X2 against random tables with the same margins: more categories than two, and too thin for the chi-squared law.</summary>
    MonteCarlo,
}
