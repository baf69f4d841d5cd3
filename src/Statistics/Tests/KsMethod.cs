namespace Holdfast.Statistics.Tests;

/// <summary>How the p-value of a two-sample Kolmogorov-Smirnov test is computed.</summary>
public enum KsMethod
{
    /// <summary>
    /// <see cref="Conditional"/> where less than half of the pooled values are distinct; else <see cref="Exact"/> while n * m &lt;= 400,000 (a few
    /// milliseconds), else <see cref="Asymptotic"/>. The default.
    /// </summary>
    Auto,

    /// <summary>Lattice paths (Hodges, Arkiv foer Matematik 3, 1958), O(nm). Assumes no ties; with ties it is conservative.</summary>
    Exact,

    /// <summary>The finite-sample one-sample law at the effective size round(nm / (n + m)): what scipy's <c>ks_2samp(method='asymp')</c> gives.</summary>
    Asymptotic,

    /// <summary>Kolmogorov's limiting law of D sqrt(nm / (n + m)). Cheapest; slightly conservative for small samples.</summary>
    KolmogorovLimit,

    /// <summary>
    /// The law given the pooled values with their ties (Schroeer and Trenkler 1995), not conservative where values repeat: exact while
    /// n * m &lt;= 400,000, else from 2,000 seeded draws of the counts of each value.
    /// </summary>
    Conditional,
}
