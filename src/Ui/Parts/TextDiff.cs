namespace Holdfast.Ui.Parts;

/// <summary>A line of a comparison. <paramref name="Mark"/> is <c>+</c>, <c>-</c> or a space.</summary>
internal readonly record struct DiffLine(char Mark, string Text);

/// <summary>Which lines two texts have in common (Myers' algorithm, 1986).</summary>
internal static class TextDiff
{
    // Two texts that differ in more lines than this are shown one after the other: the search is quadratic in it.
    private const int MostChanges = 2_000;

    public static IReadOnlyList<DiffLine> Lines(string before, string after)
    {
        var (a, b) = (Split(before), Split(after));
        var start = 0;
        while (start < a.Length && start < b.Length && a[start] == b[start])
        {
            start++;
        }

        var end = 0;
        while (end < a.Length - start && end < b.Length - start && a[^(end + 1)] == b[^(end + 1)])
        {
            end++;
        }

        return
        [
            .. a[..start].Select(l => new DiffLine(' ', l)),
            .. Middle(a[start..(a.Length - end)], b[start..(b.Length - end)]),
            .. a[(a.Length - end)..].Select(l => new DiffLine(' ', l)),
        ];
    }

    private static List<DiffLine> Middle(string[] a, string[] b)
    {
        var most = Math.Min(a.Length + b.Length, MostChanges);
        var furthest = new int[(2 * most) + 3];
        var trace = new List<int[]>();
        for (var d = 0; d <= most; d++)
        {
            trace.Add((int[])furthest.Clone());
            for (var k = -d; k <= d; k += 2)
            {
                var x = k == -d || (k != d && furthest[most + k] < furthest[most + k + 2]) ? furthest[most + k + 2] : furthest[most + k] + 1;
                var y = x - k;
                while (x < a.Length && y < b.Length && a[x] == b[y])
                {
                    x++;
                    y++;
                }

                furthest[most + k + 1] = x;
                if (x >= a.Length && y >= b.Length)
                {
                    return Back(a, b, trace, most);
                }
            }
        }

        return [.. a.Select(l => new DiffLine('-', l)), .. b.Select(l => new DiffLine('+', l))];
    }

    private static List<DiffLine> Back(string[] a, string[] b, List<int[]> trace, int most)
    {
        var lines = new List<DiffLine>();
        var (x, y) = (a.Length, b.Length);
        for (var d = trace.Count - 1; d >= 0; d--)
        {
            var furthest = trace[d];
            var k = x - y;
            var down = k == -d || (k != d && furthest[most + k] < furthest[most + k + 2]);
            var from = down ? k + 1 : k - 1;
            var (oldX, oldY) = d == 0 ? (0, 0) : (furthest[most + from + 1], furthest[most + from + 1] - from);
            while (x > oldX && y > oldY)
            {
                lines.Add(new DiffLine(' ', a[--x]));
                y--;
            }

            if (d > 0)
            {
                lines.Add(down ? new DiffLine('+', b[--y]) : new DiffLine('-', a[--x]));
            }
        }

        lines.Reverse();
        return lines;
    }

    private static string[] Split(string text) => text.Length == 0 ? [] : text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
}
