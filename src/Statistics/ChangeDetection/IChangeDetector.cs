namespace Holdfast.Statistics.ChangeDetection;

/// <summary>State of a detector after a value.</summary>
public enum ChangeState
{
    /// <summary>No sign of a change.</summary>
    Stable,

    /// <summary>The warning level is passed. Only detectors with two levels report it.</summary>
    Warning,

    /// <summary>A change, reported once.</summary>
    Change,
}

/// <summary>Which changes of the mean a detector reports.</summary>
public enum ChangeSide
{
    /// <summary>Rises and falls.</summary>
    Both,

    /// <summary>Rises only.</summary>
    Up,

    /// <summary>Falls only.</summary>
    Down,
}

/// <summary>
/// A change detector over a stream, one value at a time. It is a function of its options and the values alone (random ones hold their seed in the state),
/// refuses NaN and infinite values without changing its state, and can be saved and restored at any point with the same results as if never stopped.
/// </summary>
public interface IChangeDetector
{
    /// <summary>One value; the state of the detector after it. Each detector states the range that it takes.</summary>
    ChangeState Observe(double value);

    /// <summary>Forgets all values; the options stay.</summary>
    void Reset();

    /// <summary>Options and state as bytes, the first one the version of the format; <see cref="ChangeDetector.Restore"/> reads them.</summary>
    byte[] Save();
}
