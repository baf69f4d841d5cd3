namespace Holdfast.Statistics.Quality;

/// <summary>Names of causes.</summary>
public static class DriftCause
{
    /// <summary>Nothing found.</summary>
    public const string None = "none";

    /// <summary>Too few rows.</summary>
    public const string NotEnoughData = "not_enough_data";

    /// <summary>All values multiplied by a constant that no unit explains.</summary>
    public const string ScaleChange = "scale_change";

    /// <summary>All values converted by a known unit or factor of ten.</summary>
    public const string UnitChange = "unit_change";

    /// <summary>All values moved by the same amount, too far or by too well known a constant for any population.</summary>
    public const string Shift = "shift";

    /// <summary>All values look multiplied by one factor, but nothing else confirms it: it may be a real change.</summary>
    public const string PossibleScaleChange = "possible_scale_change";

    /// <summary>A column of times stands still.</summary>
    public const string StalledTime = "stalled_time";

    /// <summary>All values have the opposite sign.</summary>
    public const string SignFlip = "sign_flip";

    /// <summary>Part of the window multiplied.</summary>
    public const string PartialScaleChange = "partial_scale_change";

    /// <summary>The share of missing values jumped.</summary>
    public const string MissingSpike = "missing_spike";

    /// <summary>One value appeared in many rows, the others stayed.</summary>
    public const string DefaultValueSpike = "default_value_spike";

    /// <summary>Nearly every row has the same value.</summary>
    public const string ConstantColumn = "constant_column";

    /// <summary>From some row on the value did not change.</summary>
    public const string FrozenValue = "frozen_value";

    /// <summary>Two features exchanged their values.</summary>
    public const string ColumnsSwapped = "columns_swapped";

    /// <summary>Rows were sent more than once.</summary>
    public const string DuplicateRows = "duplicate_rows";

    /// <summary>Decimals were lost.</summary>
    public const string PrecisionLoss = "precision_loss";

    /// <summary>Categories are spelt in another way.</summary>
    public const string CategoryFormatChange = "category_format_change";

    /// <summary>Many new categories with few rows each.</summary>
    public const string CategoryExplosion = "category_explosion";

    /// <summary>The feature's population changed.</summary>
    public const string PopulationShift = "population_shift";

    /// <summary>No feature moved by itself, but what they do together did.</summary>
    public const string JointShift = "joint_shift";

    /// <summary>New categories with coherent mass: a new segment.</summary>
    public const string NewSegment = "new_segment";

    /// <summary>The labels relate to the features in a new way.</summary>
    public const string ConceptChange = "concept_change";

    /// <summary>Predictions moved, features did not.</summary>
    public const string PredictionShift = "prediction_shift";

    /// <summary>Another model answered.</summary>
    public const string ModelChanged = "model_changed";

    /// <summary>The model moves its own input.</summary>
    public const string SelfInduced = "self_induced";
}
