namespace Holdfast.Statistics.Multivariate;

/// <summary>A kernel discrepancy from Fourier features.</summary>
/// <param name="Squared">MMD^2 less its mean under "nothing changed": the effect; may be negative. NaN without data.</param>
/// <param name="Biased">|mean phi(r) - mean phi(c)|^2, in [0, 4].</param>
/// <param name="NullMean">tr(S)(1/n + 1/m).</param>
/// <param name="PValue">Upper tail of the scaled chi-squared law; 1 when undefined.</param>
public sealed record FourierMmd(double Squared, double Biased, double NullMean, double PValue);
