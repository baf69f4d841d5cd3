namespace Holdfast.Statistics.Tests;

/// <summary>The outcome of a test on a 2 x K table.</summary>
/// <param name="Statistic">X2 or G, &gt;= 0; NaN when fewer than two categories are filled or a row is empty.</param>
/// <param name="PValue">Upper tail of chi-squared; 1 when undefined.</param>
/// <param name="DegreesOfFreedom">Categories after pooling, minus one.</param>
/// <param name="CramersV">Effect size sqrt(X2 / N) in [0, 1], always from X2; 0 when undefined. It does not grow with the sample.</param>
/// <param name="CorrectedV">
/// Cramer's V without its bias, in [0, 1]: sqrt(max(0, X2 / N - (K - 1) / (N - 1)) / (min(K~, 2~) - 1)), k~ = k - (k - 1)^2 / (N - 1). Near 0 if nothing
/// changed, where the plain V is about sqrt((K - 1) / N). Bergsma, Journal of the Korean Statistical Society 42 (2013). 0 when undefined.
/// </param>
/// <param name="MinExpected">Smallest expected count after pooling; below 5 the p-value is rough.</param>
/// <param name="Pooled">How many categories were pooled into one, 0 if none.</param>
public readonly record struct ChiSquaredResult(double Statistic, double PValue, int DegreesOfFreedom, double CramersV, double CorrectedV, double MinExpected, int Pooled);
