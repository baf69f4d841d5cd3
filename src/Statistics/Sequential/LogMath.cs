namespace Holdfast.Statistics.Sequential;

internal static class LogMath
{
    /// <summary>ln of the mean of exp(values); -infinity if empty.</summary>
    public static double MeanExp(ReadOnlySpan<double> values)
    {
        var largest = double.NegativeInfinity;
        foreach (var value in values) largest = Math.Max(largest, value);
        if (double.IsInfinity(largest)) return largest;
        double sum = 0;
        foreach (var value in values) sum += Math.Exp(value - largest);
        return largest + Math.Log(sum / values.Length);
    }
}
