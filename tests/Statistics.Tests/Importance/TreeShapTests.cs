using Holdfast.Statistics.Importance;

namespace Holdfast.Statistics.Tests.Importance;

public sealed class TreeShapTests
{
    private const int Players = 6;

    /// <summary>A random tree over few players, so that a path asks the same one again, with branches that no row of the background takes.</summary>
    private sealed class Grown
    {
        private readonly List<int> _player = [];
        private readonly List<int> _yes = [];
        private readonly List<int> _no = [];
        private readonly List<double> _weight = [];
        private readonly List<double> _value = [];
        private readonly Random _random;

        public Grown(int seed, int depth)
        {
            _random = new Random(seed);
            Node(depth, 100);
            Tree = new TreeShap([.. _player], [.. _yes], [.. _no], [.. _weight], [.. _value]);
            Meets = [.. _player.Select(_ => _random.Next(2) == 0)];
        }

        public TreeShap Tree { get; }

        public bool[] Meets { get; }

        public double Leaf() => Expectation(_ => true, 0);

        /// <summary>The definition: the weighted mean over all orders of what a player adds.</summary>
        public double[] ByEnumeration()
        {
            var values = new double[1 << Players];
            for (var set = 0; set < values.Length; set++)
                values[set] = Expectation(player => (set >> player & 1) != 0, 0);
            var shapley = new double[Players];
            for (var player = 0; player < Players; player++)
            {
                for (var set = 0; set < values.Length; set++)
                {
                    if ((set >> player & 1) != 0)
                        continue;
                    var size = System.Numerics.BitOperations.PopCount((uint)set);
                    shapley[player] += Factorial(size) * Factorial(Players - size - 1) / Factorial(Players) * (values[set | 1 << player] - values[set]);
                }
            }

            return shapley;
        }

        private int Node(int depth, double weight)
        {
            var at = _player.Count;
            var leaf = depth == 0 || (depth < 4 && _random.Next(5) == 0);
            _player.Add(leaf ? -1 : _random.Next(Players));
            _weight.Add(weight);
            _value.Add(leaf ? (_random.NextDouble() * 10) - 5 : 0);
            _yes.Add(0);
            _no.Add(0);
            if (leaf)
                return at;
            var share = _random.Next(6) switch { 0 => 0, 1 => 1, _ => _random.NextDouble() };
            _yes[at] = Node(depth - 1, weight * share);
            _no[at] = Node(depth - 1, weight * (1 - share));
            return at;
        }

        private double Expectation(Func<int, bool> known, int node)
        {
            if (_player[node] < 0)
                return _value[node];
            if (known(_player[node]))
                return Expectation(known, Meets[node] ? _yes[node] : _no[node]);
            var (yes, no) = (_weight[_yes[node]], _weight[_no[node]]);
            var share = yes + no > 0 ? yes / (yes + no) : 0.5;
            return (share * Expectation(known, _yes[node])) + ((1 - share) * Expectation(known, _no[node]));
        }

        private static double Factorial(int n) => n < 2 ? 1 : n * Factorial(n - 1);
    }

    [Fact]
    public void The_values_are_those_of_the_definition_over_all_subsets()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var grown = new Grown(seed, 1 + (seed % 7));
            var values = new double[Players];
            grown.Tree.Add(grown.Meets, values);
            Assert.All(grown.ByEnumeration().Zip(values), pair => Assert.Equal(pair.First, pair.Second, 1e-10));
        }
    }

    [Fact]
    public void They_add_up_to_the_answer_less_the_base_also_of_deep_trees()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var grown = new Grown(1000 + seed, 11);
            var values = new double[Players];
            grown.Tree.Add(grown.Meets, values);
            Assert.Equal(grown.Leaf() - grown.Tree.Expected, values.Sum(), 1e-9);
        }
    }

    [Fact]
    public void A_single_leaf_has_no_contributions_and_two_branches_share_by_weight()
    {
        Assert.Equal(7, new TreeShap([-1], [0], [0], [1], [7]).Expected);
        var tree = new TreeShap([0, -1, -1], [1, 0, 0], [2, 0, 0], [4, 1, 3], [0, 8, 0]);
        Assert.Equal(2, tree.Expected);
        var values = new double[1];
        tree.Add([true, false, false], values);
        Assert.Equal(6, values[0], 1e-12);
    }

    [Theory]
    [InlineData(new[] { 0, -1 }, new[] { 1, 0 }, new[] { 5, 0 })]
    [InlineData(new[] { 0, -1 }, new[] { 0, 0 }, new[] { 1, 0 })]
    [InlineData(new int[0], new int[0], new int[0])]
    public void What_is_no_tree_is_refused(int[] player, int[] yes, int[] no) =>
        Assert.Throws<ArgumentException>(() => new TreeShap(player, yes, no, new double[player.Length], new double[player.Length]));
}
