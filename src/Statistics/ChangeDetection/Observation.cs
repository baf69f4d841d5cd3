namespace Holdfast.Statistics.ChangeDetection;

/// <summary>What detectors accept as a value.</summary>
internal static class Observation
{
    public static double Finite(double value) =>
        double.IsFinite(value) ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "The value must be finite.");

    public static double Unit(double value) =>
        value is >= 0 and <= 1 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "The value must lie in [0, 1]: scale it by its known range.");

    public static bool Error(double value) => value switch
    {
        0 => false,
        1 => true,
        _ => throw new ArgumentOutOfRangeException(nameof(value), value, "The value must be 0 (correct) or 1 (an error)."),
    };
}
