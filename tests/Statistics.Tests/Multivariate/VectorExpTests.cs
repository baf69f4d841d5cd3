using Holdfast.Statistics.Multivariate;

namespace Holdfast.Statistics.Tests.Multivariate;

public sealed class VectorExpTests
{
    [Fact]
    public void Agrees_with_the_library_function_to_four_parts_in_ten_to_the_sixteen()
    {
        var draw = new Draw(1);
        double[] values = [.. draw.Many(200_000, d => -708 + 1417 * d.Uniform()), .. draw.Many(200_000, d => -2 * d.Uniform()), 0, 1, -1, 0.5 * Math.Log(2), -0.5 * Math.Log(2), -708, 709];
        var result = new double[values.Length];
        VectorExp.Exp(values, result);
        double worst = 0, at = 0;
        for (var i = 0; i < values.Length; i++)
        {
            var expected = Math.Exp(values[i]);
            var error = Math.Abs(result[i] - expected) / expected;
            if (error > worst) (worst, at) = (error, values[i]);
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"worst relative difference {worst:R} at {at:R}");
        Assert.True(worst <= 4e-16, $"exp({at:R}): relative difference {worst:R}");
    }

    [Fact]
    public void Ends_of_the_range_and_not_a_number()
    {
        double[] values = [-709, double.NegativeInfinity, 710, double.PositiveInfinity, double.NaN, 0];
        var result = new double[values.Length];
        VectorExp.Exp(values, result);
        Assert.Equal([0, 0, double.PositiveInfinity, double.PositiveInfinity, double.NaN, 1], result);
    }
}
