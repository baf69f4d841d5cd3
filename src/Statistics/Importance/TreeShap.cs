namespace Holdfast.Statistics.Importance;

/// <summary>
/// Exact Shapley values of one decision tree under the path-dependent expectation: where a player's value is not known, a row
/// goes down both branches by their weights. Polynomial time, O(leaves x depth^2) a row. A player is whatever shares a fate:
/// one column, or all one-hot columns of a category.
/// Source: S. Lundberg, G. Erion, S.-I. Lee, "Consistent Individualized Feature Attribution for Tree Ensembles" (2018),
/// algorithm 2; the same in "From local explanations to global understanding with explainable AI for trees" (2020).
/// </summary>
/// <remarks>The contributions of a row and <see cref="Expected"/> add up to the value of the leaf that the row reaches.</remarks>
public sealed class TreeShap
{
    private readonly int[] _player;
    private readonly int[] _yes;
    private readonly int[] _no;
    private readonly double[] _value;
    private readonly double[] _yesShare;
    private readonly int _depth;

    /// <summary>Takes a tree whose root is node 0.</summary>
    /// <param name="player">For each inner node the player that it asks, from 0; -1 marks a leaf.</param>
    /// <param name="yes">For each inner node the child of a row that meets its condition.</param>
    /// <param name="no">The child of the other rows.</param>
    /// <param name="weight">How many rows of the background pass each node, at least 0, in any unit. Where both children have none, each gets half.</param>
    /// <param name="value">The value of each leaf.</param>
    /// <exception cref="ArgumentException">The lists differ in length, a child is not a node, or the nodes are no tree.</exception>
    public TreeShap(int[] player, int[] yes, int[] no, double[] weight, double[] value)
    {
        ArgumentNullException.ThrowIfNull(player);
        ArgumentNullException.ThrowIfNull(yes);
        ArgumentNullException.ThrowIfNull(no);
        ArgumentNullException.ThrowIfNull(weight);
        ArgumentNullException.ThrowIfNull(value);
        var nodes = player.Length;
        if (nodes == 0 || yes.Length != nodes || no.Length != nodes || weight.Length != nodes || value.Length != nodes)
            throw new ArgumentException("A tree has at least one node, and all lists have one entry a node.", nameof(player));
        (_player, _yes, _no, _value) = (player, yes, no, value);
        _yesShare = new double[nodes];
        var pending = new Stack<(int Node, int Depth, double Share)>([(0, 0, 1)]);
        var seen = 0;
        while (pending.TryPop(out var at))
        {
            if (++seen > nodes)
                throw new ArgumentException("The nodes are no tree: one is reached twice.", nameof(yes));
            _depth = Math.Max(_depth, at.Depth);
            Players = Math.Max(Players, player[at.Node] + 1);
            if (player[at.Node] < 0)
            {
                Expected += at.Share * value[at.Node];
                continue;
            }

            var (left, right) = (yes[at.Node], no[at.Node]);
            if ((uint)left >= nodes || (uint)right >= nodes || !(weight[left] >= 0) || !(weight[right] >= 0))
                throw new ArgumentException($"Node {at.Node} has a child that is not in the tree, or one of negative weight.", nameof(yes));
            var both = weight[left] + weight[right];
            _yesShare[at.Node] = both > 0 ? weight[left] / both : 0.5;
            pending.Push((left, at.Depth + 1, at.Share * _yesShare[at.Node]));
            pending.Push((right, at.Depth + 1, at.Share * (1 - _yesShare[at.Node])));
        }
    }

    /// <summary>What the tree answers when nothing is known: the weighted mean of its leaves.</summary>
    public double Expected { get; }

    /// <summary>One more than the highest player that the tree asks.</summary>
    public int Players { get; }

    /// <summary>Nodes of the tree.</summary>
    public int Nodes => _player.Length;

    /// <summary>Adds a row's contributions to <paramref name="contributions"/>, one a player.</summary>
    /// <param name="meets">For each node whether the row meets its condition; leaves are not read.</param>
    /// <param name="contributions">At least <see cref="Players"/> long.</param>
    public void Add(ReadOnlySpan<bool> meets, Span<double> contributions)
    {
        if (meets.Length < _player.Length)
            throw new ArgumentException($"There are {meets.Length} answers for {_player.Length} nodes.", nameof(meets));
        if (contributions.Length < Players)
            throw new ArgumentException($"There is room for {contributions.Length} of {Players} players.", nameof(contributions));
        // Every level keeps its own copy of the path so far: at most depth + 2 elements on each of depth + 2 levels.
        var path = new Step[(_depth + 2) * (_depth + 3) / 2];
        Walk(meets, contributions, path, 0, 0, 0, 1, 1, -1);
    }

    /// <summary>One player on the path.</summary>
    /// <param name="Player">Which; -1 for the element before the root.</param>
    /// <param name="Unknown">Share of the weight that comes this way when the player is not known.</param>
    /// <param name="Known">1 when the row itself comes this way, 0 when it does not.</param>
    /// <param name="Weight">Sum over the subsets of each size of their Shapley weights.</param>
    private record struct Step(int Player, double Unknown, double Known, double Weight);

    private void Walk(ReadOnlySpan<bool> meets, Span<double> contributions, Span<Step> path, int length, int node, int level, double unknown, double known, int player)
    {
        Extend(path, length, unknown, known, player);
        if (_player[node] < 0)
        {
            for (var i = 1; i <= length; i++)
                contributions[path[i].Player] += UnwoundSum(path, length, i) * (path[i].Known - path[i].Unknown) * _value[node];
            return;
        }

        var asked = _player[node];
        var (unknownBefore, knownBefore) = (1.0, 1.0);
        for (var i = 1; i <= length; i++)
        {
            if (path[i].Player != asked)
                continue;
            // Asked before on this path: its two shares multiply, in one element.
            (unknownBefore, knownBefore) = (path[i].Unknown, path[i].Known);
            Unwind(path, length, i);
            length--;
            break;
        }

        for (var side = 0; side < 2; side++)
        {
            var isYes = side == 0;
            var nextKnown = meets[node] == isYes ? knownBefore : 0;
            var nextUnknown = unknownBefore * (isYes ? _yesShare[node] : 1 - _yesShare[node]);
            // Neither the row nor the background comes here.
            if (nextKnown == 0 && nextUnknown == 0)
                continue;
            var next = path[(length + 1)..];
            path[..(length + 1)].CopyTo(next);
            Walk(meets, contributions, next, length + 1, isYes ? _yes[node] : _no[node], level + 1, nextUnknown, nextKnown, asked);
        }
    }

    private static void Extend(Span<Step> path, int length, double unknown, double known, int player)
    {
        path[length] = new Step(player, unknown, known, length == 0 ? 1 : 0);
        for (var i = length - 1; i >= 0; i--)
        {
            path[i + 1].Weight += known * path[i].Weight * (i + 1) / (length + 1);
            path[i].Weight *= unknown * (length - i) / (length + 1);
        }
    }

    private static void Unwind(Span<Step> path, int length, int index)
    {
        var (known, unknown) = (path[index].Known, path[index].Unknown);
        var next = path[length].Weight;
        for (var i = length - 1; i >= 0; i--)
        {
            if (known != 0)
            {
                var weight = path[i].Weight;
                path[i].Weight = next * (length + 1) / ((i + 1) * known);
                next = weight - (path[i].Weight * unknown * (length - i) / (length + 1));
            }
            else
                path[i].Weight = path[i].Weight * (length + 1) / (unknown * (length - i));
        }

        for (var i = index; i < length; i++)
            path[i] = path[i + 1] with { Weight = path[i].Weight };
    }

    private static double UnwoundSum(ReadOnlySpan<Step> path, int length, int index)
    {
        var (known, unknown) = (path[index].Known, path[index].Unknown);
        var next = path[length].Weight;
        var sum = 0.0;
        for (var i = length - 1; i >= 0; i--)
        {
            if (known != 0)
            {
                var weight = next * (length + 1) / ((i + 1) * known);
                sum += weight;
                next = path[i].Weight - (weight * unknown * (length - i) / (length + 1));
            }
            else
                sum += path[i].Weight / unknown * (length + 1) / (length - i);
        }

        return sum;
    }
}
