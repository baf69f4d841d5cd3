using System.Collections.Immutable;

namespace Holdfast.Predictions;

/// <summary>One hour of event time of one segment, as a Parquet file in the blob store.</summary>
/// <param name="Hour">Its beginning, unix milliseconds.</param>
/// <param name="Columns">Names of the features' columns, without their prefix.</param>
internal sealed record PartFile(long Id, long Segment, long Hour, string Key, long Lines, long Predictions, long Labels, long Bytes, IReadOnlyList<string> Columns)
{
    public const long HourMs = 3_600_000;

    public static long HourOf(long at) => at - (((at % HourMs) + HourMs) % HourMs);

    public static string KeyOf(EndpointKey endpoint, long segment, long hour, string suffix = "")
    {
        var start = DateTimeOffset.FromUnixTimeMilliseconds(hour).UtcDateTime;
        return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"predictions/{endpoint.WorkspaceId}/{endpoint.Name}/date={start:yyyy-MM-dd}/hour={start:HH}/{segment:D16}{suffix}.parquet");
    }
}

/// <summary>A segment whose lines lie in Parquet files; none when all of them were deleted.</summary>
internal sealed record CompactedSegment(long Segment, long LastSeq, ImmutableArray<PartFile> Parts);

/// <summary>The compacted segments of an endpoint. Immutable: a change makes another one.</summary>
internal sealed record PartIndex(ImmutableSortedDictionary<long, CompactedSegment> Segments)
{
    public static PartIndex Empty { get; } = new(ImmutableSortedDictionary<long, CompactedSegment>.Empty);

    public IEnumerable<PartFile> All => Segments.Values.SelectMany(s => s.Parts);

    public PartIndex With(CompactedSegment segment) => new(Segments.SetItem(segment.Segment, segment));

    public PartIndex Without(IEnumerable<PartFile> parts)
    {
        var gone = parts.Select(p => p.Id).ToHashSet();
        return new(Segments.ToImmutableSortedDictionary(s => s.Key, s => s.Value with { Parts = s.Value.Parts.RemoveAll(p => gone.Contains(p.Id)) }));
    }

    public PartIndex Replace(PartFile part) =>
        With(Segments[part.Segment] with { Parts = [.. Segments[part.Segment].Parts.Select(p => p.Id == part.Id ? part : p)] });
}

/// <summary>Where a prediction stands in the index.</summary>
internal readonly record struct IndexPlace(long Seq, long At, LinePlace Place);
