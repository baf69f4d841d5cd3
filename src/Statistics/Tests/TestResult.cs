namespace Holdfast.Statistics.Tests;

/// <summary>The outcome of a hypothesis test.</summary>
/// <param name="Statistic">The statistic; unit and range are stated by the test. NaN when the test is not defined (an empty sample).</param>
/// <param name="PValue">P(a statistic at least this extreme | nothing changed), in [0, 1]; 1 when the test is not defined, so that no data never alarms.</param>
public readonly record struct TestResult(double Statistic, double PValue)
{
    /// <summary>The result of a test without data: statistic NaN, p-value 1.</summary>
    public static TestResult Undefined => new(double.NaN, 1);
}
