using Holdfast.Contracts;
using Holdfast.Predictions;

namespace Holdfast.Monitoring;

/// <summary>Watermarks of endpoints that may not be there (yet).</summary>
internal static class Watermarks
{
    /// <summary>The watermark; the Unix epoch for an endpoint without a log.</summary>
    public static DateTimeOffset WatermarkOrNone(this PredictionService predictions, EndpointKey endpoint)
    {
        try
        {
            return predictions.Watermark(endpoint);
        }
        catch (HoldfastException e) when (e.Code == ErrorCode.NotFound)
        {
            return DateTimeOffset.UnixEpoch;
        }
    }
}
