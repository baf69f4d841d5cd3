namespace Holdfast.Statistics.Performance;

/// <summary>The range of a figure that the reference shows over its own chunks: outside it an estimate is an alarm.</summary>
/// <param name="Low">mean - width sd, at least 0.</param>
/// <param name="Mean">Mean over the chunks; NaN without chunks.</param>
/// <param name="High">mean + width sd, at most 1.</param>
public readonly record struct ReferenceBand(double Low, double Mean, double High)
{
    /// <summary>The band from realised figures of chunks of the reference; NaN chunks are left out. Sd with divisor n, as NannyML has it.</summary>
    /// <param name="chunks">One figure a chunk, in [0, 1].</param>
    /// <param name="width">Standard deviations to either side. Default 3.</param>
    public static ReferenceBand FromChunks(ReadOnlySpan<double> chunks, double width = 3)
    {
        var (mean, sd) = Samples.MeanSd(Samples.Finite(chunks));
        return new ReferenceBand(Math.Max(0, mean - width * sd), mean, Math.Min(1, mean + width * sd));
    }
}
