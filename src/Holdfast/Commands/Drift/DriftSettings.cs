namespace Holdfast.Commands.Drift;

/// <summary>What the caller of <c>holdfast drift</c> asks for.</summary>
internal sealed record DriftSettings
{
    /// <summary>Corrected PSI from which a column is watched.</summary>
    public double Warn { get; init; } = 0.1;

    /// <summary>Corrected PSI from which it is significant.</summary>
    public double Alarm { get; init; } = 0.25;

    /// <summary>PSI that is tolerated: an interval must lie above it.</summary>
    public double Tolerate { get; init; } = 0.1;

    /// <summary>Chance that any of the intervals misses, all columns together.</summary>
    public double Alpha { get; init; } = 0.05;

    /// <summary>Only these columns; null = all that both files have.</summary>
    public IReadOnlyList<string>? Columns { get; init; }

    /// <summary>Column of the labels.</summary>
    public string? Target { get; init; }

    /// <summary>Column of the predictions: classes, probabilities or numbers.</summary>
    public string? Prediction { get; init; }

    /// <summary>Column of the times.</summary>
    public string? Time { get; init; }

    /// <summary>Length of the windows of the current file.</summary>
    public TimeSpan? Window { get; init; }

    /// <summary>Sketches instead of the values: one pass in bounded memory, figures with error bounds.</summary>
    public bool Approximate { get; init; }

    /// <summary>Bytes that both files may take in memory.</summary>
    public long Memory { get; init; } = 1L << 30;
}
