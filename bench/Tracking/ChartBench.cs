namespace Holdfast.Bench.Tracking;

internal static class ChartBench
{
    public static Task Run(Options options) => throw new NotSupportedException(options.Part);
}
