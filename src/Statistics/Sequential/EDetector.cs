namespace Holdfast.Statistics.Sequential;

/// <summary>How an <see cref="EDetector"/> combines evidence from all possible change points.</summary>
public enum EDetectorForm
{
    /// <summary>Shiryaev-Roberts: M = (M + 1) e. The default; adds up over change points.</summary>
    ShiryaevRoberts,

    /// <summary>CUSUM: M = max(M, 1) e. The best change point only.</summary>
    Cusum,
}

/// <summary>
/// Turns the steps of a baseline bet into a change detector whose average run length without a change is at least the one asked for, so a user can say
/// "one false alarm in a million rows". Shin, Ramdas and Rinaldo, New England Journal of Statistics in Data Science 2023.
/// </summary>
public sealed class EDetector
{
    /// <summary>Starts at M = 0.</summary>
    /// <param name="averageRunLength">Mean number of observations between false alarms, above 1.</param>
    /// <param name="form">Default Shiryaev-Roberts.</param>
    public EDetector(double averageRunLength, EDetectorForm form = EDetectorForm.ShiryaevRoberts)
    {
        if (!(averageRunLength > 1)) throw new ArgumentOutOfRangeException(nameof(averageRunLength), averageRunLength, "The average run length must be above 1.");
        AverageRunLength = averageRunLength;
        Form = form;
    }

    /// <summary>Mean number of observations between false alarms; the alarm threshold of M.</summary>
    public double AverageRunLength { get; }

    /// <summary>How change points are combined.</summary>
    public EDetectorForm Form { get; }

    /// <summary>ln M; -infinity at the start. Set it to go on from a stored value.</summary>
    public double LogM { get; set; } = double.NegativeInfinity;

    /// <summary>One step's ln e (conditional expectation of e at most 1 without a change). True when the detector alarms; it then starts anew.</summary>
    public bool Observe(double logE)
    {
        if (double.IsNaN(logE)) throw new ArgumentOutOfRangeException(nameof(logE), logE, "The step must be a number.");
        var before = Form == EDetectorForm.Cusum ? Math.Max(LogM, 0) : Math.Max(LogM, 0) + Math.Log(1 + Math.Exp(-Math.Abs(LogM)));
        LogM = before + logE;
        if (LogM < Math.Log(AverageRunLength)) return false;
        LogM = double.NegativeInfinity;
        return true;
    }
}
