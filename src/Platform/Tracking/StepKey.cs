namespace Holdfast.Tracking;

/// <summary>A step as it is stored: a whole number, rounded down, and the millionths above it. Exact for every whole step of 64 bits.</summary>
internal readonly record struct StepKey(long Whole, long Part) : IComparable<StepKey>
{
    private const decimal Millionth = 1_000_000m;

    public static StepKey Of(decimal step)
    {
        if (step.Scale == 0)
            return new StepKey((long)step, 0);
        var rounded = Math.Round(step, 6);
        var whole = Math.Floor(rounded);
        return new StepKey((long)whole, (long)((rounded - whole) * Millionth));
    }

    public decimal Step => Part == 0 ? Whole : Whole + (Part / Millionth);

    public int CompareTo(StepKey other) => Whole != other.Whole ? Whole.CompareTo(other.Whole) : Part.CompareTo(other.Part);
}

/// <summary>The key of a point within its series: its whole content, so an exact duplicate is the same point.</summary>
internal readonly record struct PointKey(StepKey Step, long At, double Value, bool IsNan) : IComparable<PointKey>
{
    public int CompareTo(PointKey other)
    {
        if (Step.CompareTo(other.Step) is not 0 and var step)
            return step;
        if (At != other.At)
            return At.CompareTo(other.At);
        return Value != other.Value ? Value.CompareTo(other.Value) : IsNan.CompareTo(other.IsNan);
    }
}
