using Holdfast.Contracts;

namespace Holdfast.Predictions;

/// <summary>Which variant, in which role.</summary>
internal readonly record struct VariantKey(string Role, string Model, int Version);

/// <summary>What one variant did in one stretch.</summary>
internal sealed class TrafficCounts
{
    // Answers by bin; few of them are ever used.
    private readonly SortedDictionary<int, long> _latency = [];

    public long Requests { get; set; }

    public long Errors { get; set; }

    public long FellBack { get; set; }

    public double Sum { get; set; }

    public long Scores { get; set; }

    public long Labels { get; set; }

    public long Right { get; set; }

    public void Add(double latencyMs, double score, bool erred, bool fellBack)
    {
        Requests++;
        Errors += erred ? 1 : 0;
        FellBack += fellBack ? 1 : 0;
        if (!double.IsNaN(score))
            (Sum, Scores) = (Sum + score, Scores + 1);
        var bin = LatencyBins.Of(latencyMs);
        _latency[bin] = _latency.GetValueOrDefault(bin) + 1;
    }

    public void Write(BinaryWriter writer)
    {
        foreach (var count in (long[])[Requests, Errors, FellBack, Scores, Labels, Right])
            writer.Write7BitEncodedInt64(count);
        writer.Write(Sum);
        writer.Write7BitEncodedInt(_latency.Count);
        foreach (var (bin, count) in _latency)
        {
            writer.Write7BitEncodedInt(bin);
            writer.Write7BitEncodedInt64(count);
        }
    }

    public static TrafficCounts Read(BinaryReader reader)
    {
        var counts = new TrafficCounts
        {
            Requests = reader.Read7BitEncodedInt64(),
            Errors = reader.Read7BitEncodedInt64(),
            FellBack = reader.Read7BitEncodedInt64(),
            Scores = reader.Read7BitEncodedInt64(),
            Labels = reader.Read7BitEncodedInt64(),
            Right = reader.Read7BitEncodedInt64(),
            Sum = reader.ReadDouble(),
        };
        for (var n = reader.Read7BitEncodedInt(); n > 0; n--)
            counts._latency[reader.Read7BitEncodedInt()] = reader.Read7BitEncodedInt64();
        return counts;
    }

    public VariantTraffic Info(VariantKey key) => new(
        key.Role, key.Model, key.Version, Requests, Errors, FellBack, Quantile(0.5), Quantile(0.9), Quantile(0.99), Scores > 0 ? Sum / Scores : null, Labels, Right);

    private double? Quantile(double share)
    {
        var rank = share * _latency.Values.Sum();
        var seen = 0L;
        foreach (var (bin, count) in _latency)
        {
            seen += count;
            if (seen >= rank)
                return LatencyBins.Middle(bin);
        }

        return null;
    }
}
