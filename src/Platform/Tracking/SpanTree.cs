namespace Holdfast.Tracking;

/// <summary>The order in which spans are read: each before its parts, those of one level by time.</summary>
public static class SpanTree
{
    /// <summary>The spans in that order. One whose parent is not there counts as a first one.</summary>
    public static IReadOnlyList<TraceSpan> Ordered(IReadOnlyList<TraceSpan> spans) => [.. WithDepth(spans).Select(s => s.Span)];

    /// <summary>The same with how deep each lies; the first is 0.</summary>
    public static IReadOnlyList<(TraceSpan Span, int Depth)> WithDepth(IReadOnlyList<TraceSpan> spans)
    {
        ArgumentNullException.ThrowIfNull(spans);
        var known = spans.Select(s => s.SpanId).ToHashSet();
        var parts = spans.OrderBy(s => s.StartNs).ToLookup(s => s.ParentId is { } parent && known.Contains(parent) && parent != s.SpanId ? parent : "");
        var ordered = new List<(TraceSpan, int)>(spans.Count);
        var seen = new HashSet<string>();
        var open = new Stack<(TraceSpan Span, int Depth)>(parts[""].Reverse().Select(s => (s, 0)));
        while (open.TryPop(out var next))
        {
            if (!seen.Add(next.Span.SpanId))
                continue;
            ordered.Add(next);
            foreach (var part in parts[next.Span.SpanId].Reverse())
                open.Push((part, next.Depth + 1));
        }

        // What is part of itself in a circle has no first.
        ordered.AddRange(spans.Where(s => seen.Add(s.SpanId)).Select(s => (s, 0)));
        return ordered;
    }
}
