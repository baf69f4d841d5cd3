namespace Holdfast.Statistics.Quality;

/// <summary>What happened to the data or the model, in the words of the product.</summary>
public enum DriftKind
{
    /// <summary>Nothing beyond the tolerance.</summary>
    None,

    /// <summary>Too few rows to tell.</summary>
    NotEnoughData,

    /// <summary>A broken pipe: the values are wrong. Fix the input; do not retrain on it.</summary>
    DataFault,

    /// <summary>The population changed (covariate drift). Retraining can help.</summary>
    DataDrift,

    /// <summary>Only the predictions changed: suspect the model version, its configuration, or feature skew.</summary>
    PredictionDrift,

    /// <summary>The model answers the same features in another way, and worse: another version or configuration. Roll back.</summary>
    PerformanceDrift,

    /// <summary>The relation between features and labels changed. Retrain on recent labels.</summary>
    ConceptDrift,

    /// <summary>The model changes its own input: the treated slice drifts, the holdout does not.</summary>
    FeedbackLoop,
}
