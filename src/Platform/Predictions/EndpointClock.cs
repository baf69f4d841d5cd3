namespace Holdfast.Predictions;

/// <summary>Which clock an endpoint's terms count on.</summary>
public enum EndpointClock
{
    /// <summary>The host's.</summary>
    Wall,

    /// <summary>The watermark of its log: for replays.</summary>
    Event,
}
