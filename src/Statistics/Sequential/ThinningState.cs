namespace Holdfast.Statistics.Sequential;

/// <summary>All of a <see cref="ThinningEProcess"/>: storing it and going on from it gives the same evidence as never having stopped.</summary>
/// <param name="Tolerance">Tolerated rate ratio r0.</param>
/// <param name="Margin">Margin ratio r1.</param>
/// <param name="LogHarm">ln likelihood ratio of each harmful alternative against r0.</param>
/// <param name="LogSafe">ln likelihood ratio of "ratio 1" (or r0, if less) against r1.</param>
/// <param name="PeakLogHarm">Largest ln E for harm so far.</param>
/// <param name="PeakLogSafe">Largest ln E for safety so far.</param>
/// <param name="Events">Events seen.</param>
/// <param name="CandidateEvents">Events that came from the candidate.</param>
public sealed record ThinningState(
    double Tolerance, double Margin, IReadOnlyList<double> LogHarm, double LogSafe, double PeakLogHarm, double PeakLogSafe, long Events, long CandidateEvents);
