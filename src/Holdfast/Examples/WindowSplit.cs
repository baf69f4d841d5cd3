namespace Holdfast.Examples;

/// <summary>
/// Divides a retraining window by time: the earlier part is trained on, the newest part is what the new model must prove itself
/// on. A random split would let it see the world that it is asked to predict.
/// </summary>
internal static class WindowSplit
{
    /// <summary>Share of the newest rows that is kept for the proof.</summary>
    public const double DefaultRecent = 0.25;

    public static (int[] Train, int[] Recent) Of(int[] byTime, double recent)
    {
        var cut = byTime.Length - (int)Math.Round(byTime.Length * recent);
        return (byTime[..cut], byTime[cut..]);
    }
}
