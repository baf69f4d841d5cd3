using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Holdfast.Serving.Backends.Trees;

/// <summary>
/// The trees in one array for evaluation: every question is "at most the threshold?", the two children lie side by side, and a
/// leaf is its own child, so that four walks can go on in step without asking which has ended. Twelve bytes a node.
/// </summary>
internal sealed class FlatTrees
{
    private const int MissingIsLeft = int.MinValue;
    private const int Together = 4;
    private readonly Node[] _nodes;
    private readonly int[] _roots;
    private readonly double[] _values;
    private readonly int[] _leafOf;
    private readonly TreeEnsemble _ensemble;

    public FlatTrees(TreeEnsemble ensemble)
    {
        _ensemble = ensemble;
        var nodes = new List<Node>(ensemble.Nodes.Length + ensemble.Roots.Length);
        var leafOf = new List<int>(nodes.Capacity);
        _roots = new int[ensemble.Roots.Length];
        // Equality asks twice, and a node that two parents share is copied: bounded, as such a file could be made to explode.
        var most = (4L * ensemble.Nodes.Length) + 1000;
        for (var tree = 0; tree < _roots.Length; tree++)
        {
            _roots[tree] = nodes.Count;
            nodes.Add(default);
            leafOf.Add(-1);
            var pending = new Queue<(int At, Place Place)>([(_roots[tree], new Place(ensemble.Roots[tree], false))]);
            while (pending.TryDequeue(out var next))
            {
                if (nodes.Count > most)
                    throw TreeReader.Unsupported("its trees grow too large when they are laid out");
                var node = ensemble.Nodes[next.Place.Node];
                if (node.IsLeaf)
                {
                    nodes[next.At] = new Node(float.PositiveInfinity, MissingIsLeft, next.At);
                    leafOf[next.At] = next.Place.Node;
                    continue;
                }

                var (threshold, missingLeft, left, right) = Question(next.Place, node);
                nodes[next.At] = new Node(threshold, node.Feature | (missingLeft ? MissingIsLeft : 0), nodes.Count);
                pending.Enqueue((nodes.Count, left));
                pending.Enqueue((nodes.Count + 1, right));
                nodes.AddRange([default, default]);
                leafOf.AddRange([-1, -1]);
            }
        }

        _nodes = [.. nodes];
        _leafOf = [.. leafOf];
        Width = 1 + ensemble.Nodes.Max(n => n.IsLeaf ? 0 : n.Feature);
        _values = ensemble.Targets == 1 ? [.. _leafOf.Select(leaf => leaf < 0 ? 0 : Sum(ensemble.Nodes[leaf]))] : [];
    }

    /// <summary>A place in the file's trees; <paramref name="SecondHalf"/> of a test for equality: the value is known to be at most the threshold.</summary>
    private readonly record struct Place(int Node, bool SecondHalf);

    /// <param name="Feature">The column; the sign says that a missing value goes left.</param>
    /// <param name="Left">Where values up to the threshold go; the others go to the place after it.</param>
    private readonly record struct Node(float Threshold, int Feature, int Left);

    /// <summary>Columns that the trees read.</summary>
    public int Width { get; }

    /// <summary>The sums of each row; <paramref name="sums"/> has one place a target and row.</summary>
    public void Sum(ReadOnlySpan<float> rows, int width, int count, Span<double> sums)
    {
        sums.Clear();
        if (count == 1)
            OneRow(rows, sums);
        else
        {
            for (var tree = 0; tree < _roots.Length; tree++)
                OneTree(_roots[tree], rows, width, count, sums);
        }
    }

    private static (float Threshold, bool MissingLeft, Place Left, Place Right) Question(Place place, TreeNode node)
    {
        var (yes, no) = (new Place(node.Yes, false), new Place(node.No, false));
        var isMissingYes = node.MissingIsYes || node.Mode == SplitMode.NotEqual;
        // A value is less than the threshold when it is at most the number before it.
        var before = float.BitDecrement(node.Value);
        if (node.Mode is SplitMode.Equal or SplitMode.NotEqual)
        {
            var (same, other) = node.Mode == SplitMode.Equal ? (yes, no) : (no, yes);
            var missingIsSame = isMissingYes == (node.Mode == SplitMode.Equal);
            return place.SecondHalf ? (before, !missingIsSame, other, same) : (node.Value, missingIsSame, place with { SecondHalf = true }, other);
        }

        return node.Mode switch
        {
            SplitMode.LessOrEqual => (node.Value, isMissingYes, yes, no),
            SplitMode.Less => (before, isMissingYes, yes, no),
            SplitMode.Greater => (node.Value, !isMissingYes, no, yes),
            _ => (before, !isMissingYes, no, yes),
        };
    }

    // One row: four trees in step.
    private void OneRow(ReadOnlySpan<float> row, Span<double> sums)
    {
        ref var nodes = ref MemoryMarshal.GetArrayDataReference(_nodes);
        ref var values = ref MemoryMarshal.GetReference(row);
        var tree = 0;
        for (; tree + Together <= _roots.Length; tree += Together)
        {
            var (a, b, c, d) = (_roots[tree], _roots[tree + 1], _roots[tree + 2], _roots[tree + 3]);
            while (true)
            {
                var (a2, b2, c2, d2) = (Next(ref nodes, a, ref values), Next(ref nodes, b, ref values), Next(ref nodes, c, ref values), Next(ref nodes, d, ref values));
                if (((a2 ^ a) | (b2 ^ b) | (c2 ^ c) | (d2 ^ d)) == 0)
                    break;
                (a, b, c, d) = (a2, b2, c2, d2);
            }

            Take(a, sums);
            Take(b, sums);
            Take(c, sums);
            Take(d, sums);
        }

        for (; tree < _roots.Length; tree++)
            Take(Walk(_roots[tree], row), sums);
    }

    // Many rows: one tree, which stays in the cache, and four rows in step.
    private void OneTree(int root, ReadOnlySpan<float> rows, int width, int count, Span<double> sums)
    {
        var targets = _ensemble.Targets;
        ref var nodes = ref MemoryMarshal.GetArrayDataReference(_nodes);
        ref var values = ref MemoryMarshal.GetReference(rows);
        var row = 0;
        for (; row + Together <= count; row += Together)
        {
            ref var first = ref Unsafe.Add(ref values, row * width);
            ref var second = ref Unsafe.Add(ref first, width);
            ref var third = ref Unsafe.Add(ref second, width);
            ref var fourth = ref Unsafe.Add(ref third, width);
            int a = root, b = root, c = root, d = root;
            while (true)
            {
                var (a2, b2, c2, d2) = (Next(ref nodes, a, ref first), Next(ref nodes, b, ref second), Next(ref nodes, c, ref third), Next(ref nodes, d, ref fourth));
                if (((a2 ^ a) | (b2 ^ b) | (c2 ^ c) | (d2 ^ d)) == 0)
                    break;
                (a, b, c, d) = (a2, b2, c2, d2);
            }

            Take(a, sums.Slice(row * targets, targets));
            Take(b, sums.Slice((row + 1) * targets, targets));
            Take(c, sums.Slice((row + 2) * targets, targets));
            Take(d, sums.Slice((row + 3) * targets, targets));
        }

        for (; row < count; row++)
            Take(Walk(root, rows.Slice(row * width, width)), sums.Slice(row * targets, targets));
    }

    private int Walk(int at, ReadOnlySpan<float> row)
    {
        ref var nodes = ref MemoryMarshal.GetArrayDataReference(_nodes);
        ref var values = ref MemoryMarshal.GetReference(row);
        while (true)
        {
            var next = Next(ref nodes, at, ref values);
            if (next == at)
                return at;
            at = next;
        }
    }

    // Without a branch that the values decide. Places and columns were checked when the trees were laid out, and the rows' width by the caller.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Next(ref Node nodes, int at, ref float row)
    {
        ref var node = ref Unsafe.Add(ref nodes, at);
        var value = Unsafe.Add(ref row, node.Feature & int.MaxValue);
        var right = value <= node.Threshold ? 0 : 1;
        var missing = float.IsNaN(value) ? 1 : 0;
        return node.Left + (right & ~(missing & (node.Feature >>> 31)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Take(int at, Span<double> sums)
    {
        if (_values.Length > 0)
        {
            sums[0] += _values[at];
            return;
        }

        var leaf = _ensemble.Nodes[_leafOf[at]];
        foreach (var (target, weight) in _ensemble.Weights.AsSpan(leaf.FirstWeight, leaf.Weights))
            sums[target] += weight;
    }

    private double Sum(TreeNode leaf)
    {
        var sum = 0.0;
        foreach (var weight in _ensemble.Weights.AsSpan(leaf.FirstWeight, leaf.Weights))
            sum += weight.Weight;
        return sum;
    }
}
