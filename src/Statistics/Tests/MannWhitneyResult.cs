namespace Holdfast.Statistics.Tests;

/// <summary>The outcome of a Mann-Whitney test.</summary>
/// <param name="U">Pairs (x, y) with x below y, equal ones counted half, in [0, nm]; NaN if a sample is empty.</param>
/// <param name="PValue">Two-sided; 1 if a sample is empty.</param>
/// <param name="Effect">P(X &lt; Y) + P(X = Y) / 2 = U / (nm), in [0, 1]; 0.5 means that neither side tends to be larger. NaN if a sample is empty.</param>
/// <param name="Low">Lower limit of the effect, in [0, 1].</param>
/// <param name="High">Upper limit of the effect.</param>
public readonly record struct MannWhitneyResult(double U, double PValue, double Effect, double Low, double High);
