namespace Holdfast.Statistics.Tests;

public sealed class SamplesTests
{
    [Theory, InlineData(1), InlineData(2), InlineData(7), InlineData(4096), InlineData(4099), InlineData(1_000_003)]
    public void A_constant_has_its_value_as_mean_and_no_spread(int count)
    {
        foreach (var value in new[] { 0, 0.1, -1e9 / 3, 1e-300, 1e150 })
        {
            var (mean, sd) = Samples.MeanSd(Enumerable.Repeat(value, count).ToArray());
            Assert.Equal(value, mean, Math.Abs(value) * 3e-16);
            Assert.Equal(0, sd);
        }
    }

    // A plain running sum loses digits with the number of values, and all of them to one large value.
    [Fact]
    public void Neither_many_values_nor_a_large_one_cost_digits()
    {
        var draw = new Draw(1);
        var values = draw.Many(1_000_000, d => 1e8 + d.Normal());
        decimal sum = 0, squares = 0;
        foreach (var value in values) sum += (decimal)(value - 1e8);
        var mean = sum / values.Length;
        foreach (var value in values) squares += ((decimal)(value - 1e8) - mean) * ((decimal)(value - 1e8) - mean);
        var (ours, sd) = Samples.MeanSd(values);
        Assert.Equal(1e8 + (double)mean, ours, 2e-8);
        Assert.Equal(Math.Sqrt((double)(squares / values.Length)), sd, 1e-12);

        double[] cancelling = [1e17, .. Enumerable.Repeat(1.0, 8192), -1e17, .. Enumerable.Repeat(1.0, 8190)];
        Assert.Equal(16382.0 / 16384, Samples.MeanSd(cancelling).Mean, 0.02);
    }

    [Fact]
    public void Empty_and_infinite_samples_have_none()
    {
        Assert.True(double.IsNaN(Samples.MeanSd([]).Mean) && double.IsNaN(Samples.MeanSd([]).Sd));
        Assert.True(double.IsNaN(Samples.MeanSd([1, double.NaN]).Sd));
        Assert.Equal((2.5, Math.Sqrt(1.25)), Samples.MeanSd([1, 2, 3, 4]));
    }
}
