using Holdfast.Statistics.Performance;

namespace Holdfast.Statistics.Tests.Performance;

public sealed class CalibrationTests
{
    private static (double[] Scores, bool[] Labels) Sample(int seed, int n, Func<double, double> chance)
    {
        var draw = new Draw(seed);
        var scores = draw.Many(n, d => d.Uniform());
        return (scores, Array.ConvertAll(scores, s => draw.Coin(chance(s))));
    }

    [Fact]
    public void Isotonic_regression_pools_violators_and_interpolates()
    {
        var map = Calibration.Isotonic([0.1, 0.2, 0.3, 0.4, 0.4], [false, true, false, true, true]);
        Assert.Equal([0, 0, 0.25, 0.5, 0.5, 0.75, 1, 1], new[] { 0, 0.1, 0.15, 0.2, 0.3, 0.35, 0.4, 1 }.Select(map.Apply).Select(p => Math.Round(p, 12)));
        Assert.True(double.IsNaN(map.Apply(double.NaN)));
    }

    [Theory, InlineData(400, CalibrationMethod.Platt), InlineData(3000, CalibrationMethod.Isotonic)]
    public void Overconfident_scores_are_calibrated(int n, CalibrationMethod method)
    {
        double Truth(double s) => 0.5 + 0.4 * (s - 0.5);
        var (scores, labels) = Sample(1, n, Truth);
        var map = Calibration.Fit(scores, labels);
        Assert.Equal((method, n), (map.Method, map.Rows));
        var worst = Enumerable.Range(1, 19).Max(i => Math.Abs(map.Apply(i / 20.0) - Truth(i / 20.0)));
        Assert.True(worst < 0.13, $"{worst}");
    }

    [Theory, InlineData(200), InlineData(2000)]
    public void Calibrated_scores_are_left_alone(int n)
    {
        int runs = 20 * Draw.Scale(40), changed = 0;
        for (var seed = 1; seed <= runs; seed++)
        {
            var (scores, labels) = Sample(seed, n, s => s);
            if (Calibration.Fit(scores, labels).Method != CalibrationMethod.None) changed++;
        }
        Assert.True(changed <= Draw.Allowed(runs, 0.05), $"{changed} of {runs}");
    }

    [Fact]
    public void Platt_recovers_its_own_line_and_never_reverses_the_ranking()
    {
        var (scores, labels) = Sample(2, 20_000, s => 1 / (1 + Math.Exp(-(0.5 * Math.Log(s / (1 - s)) - 0.7))));
        var map = Calibration.Platt(scores, labels);
        foreach (var s in new[] { 0.05, 0.3, 0.8 }) Assert.Equal(1 / (1 + Math.Exp(-(0.5 * Math.Log(s / (1 - s)) - 0.7))), map.Apply(s), 0.02);
        var (reversed, wrong) = Sample(3, 500, s => 1 - s);
        var flat = Calibration.Platt(reversed, wrong);
        Assert.Equal(flat.Apply(0.1), flat.Apply(0.9), 1e-12);
    }

    [Fact]
    public void Without_two_classes_scores_are_kept_and_bad_scores_are_refused()
    {
        Assert.Equal(CalibrationMethod.None, Calibration.Fit(new double[50], new bool[50]).Method);
        Assert.Equal(0.3, Calibration.Identity.Apply(0.3));
        Assert.Throws<ArgumentOutOfRangeException>(() => Calibration.Fit([1.2], [true]));
        Assert.Throws<ArgumentException>(() => Calibration.Isotonic([0.2], [true, false]));
        Assert.Equal(0, CalibrationError.Of([], []).Expected);
        Assert.Equal(0.2, CalibrationError.Of([0.3, 0.3, 0.75, 0.85], [false, true, true, false], 2).Expected * 0.4 / 0.5, 1e-12);
    }
}
