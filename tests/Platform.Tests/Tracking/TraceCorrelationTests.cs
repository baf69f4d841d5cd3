using Holdfast.Tracking;

namespace Holdfast.Platform.Tests.Tracking;

/// <summary>Normalised pointwise mutual information against values worked out by hand.</summary>
public sealed class TraceCorrelationTests
{
    [Theory]
    [InlineData(5, 5, 5, 5, 1)]
    [InlineData(5, 5, 5, 10, 1)]
    [InlineData(5, 4, 2, 10, 0)]
    [InlineData(5, 5, 0, 10, -1)]
    [InlineData(0, 5, 0, 10, double.NaN)]
    [InlineData(0, 0, 0, 0, double.NaN)]
    // ln(0.1 / (0.2 * 0.15)) / -ln(0.1)
    [InlineData(20, 15, 10, 100, 0.52288)]
    public void Plain(long first, long second, long joint, long total, double expected) => Assert.Equal(expected, new TraceCorrelation(first, second, joint, total).Npmi, 5);

    [Theory]
    // ln(10.5 * 102 / (21 * 16)) / -ln(10.5 / 102)
    [InlineData(20, 15, 10, 100, 0.50987)]
    // ln(0.5 * 12 / (6 * 6)) / -ln(0.5 / 12)
    [InlineData(5, 5, 0, 10, -0.56379)]
    [InlineData(0, 5, 0, 10, double.NaN)]
    public void Smoothed(long first, long second, long joint, long total, double expected) => Assert.Equal(expected, new TraceCorrelation(first, second, joint, total).Smoothed, 5);
}
