namespace Holdfast.Statistics.Distances;

/// <summary>A population stability index with its uncertainty.</summary>
/// <param name="Raw">PSI as usually quoted, in nats, &gt;= 0. It grows with 1/n even if nothing changed.</param>
/// <param name="Corrected">Raw minus <paramref name="NullMean"/>: the effect. May be slightly negative. Compare this with the 0.1 / 0.25 bands.</param>
/// <param name="Low">Lower confidence limit of the effect, &gt;= 0. Alarm when it exceeds the tolerated effect.</param>
/// <param name="High">Upper confidence limit of the effect, &gt;= Low.</param>
/// <param name="PValue">P(PSI this large | same population); 1 without data.</param>
/// <param name="NullMean">Expected raw PSI if nothing changed: (B - 1)(1/n + 1/m).</param>
/// <param name="Contributions">The term of each bin; they add up to Raw and show which range moved.</param>
public sealed record PsiResult(double Raw, double Corrected, double Low, double High, double PValue, double NullMean, double[] Contributions);
