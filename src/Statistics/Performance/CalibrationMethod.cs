namespace Holdfast.Statistics.Performance;

/// <summary>How a score is turned into a probability.</summary>
public enum CalibrationMethod
{
    /// <summary>The score is taken as the probability.</summary>
    None,

    /// <summary>The non-decreasing step fit, interpolated: any monotone distortion, for 1,000 labels and more.</summary>
    Isotonic,

    /// <summary>A logistic line in the log-odds of the score: two parameters, for fewer labels.</summary>
    Platt,
}
