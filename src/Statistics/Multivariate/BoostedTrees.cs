namespace Holdfast.Statistics.Multivariate;

/// <summary>
/// Gradient-boosted decision trees for two classes: each tree of at most <c>depth</c> questions "column &lt;= edge?" is fitted to the logistic loss's gradient and
/// curvature, its leaves move by rate times the Newton step -G / (H + 1). Edges are the quantiles of the teaching rows (32 bins a column). Nothing is drawn
/// at random, so the same rows give the same trees; ties go to the first column and the lowest edge.
/// Friedman, Annals of Statistics 29, 2001; split gain as in Chen and Guestrin, KDD 2016.
/// </summary>
public sealed class BoostedTrees
{
    private const int Bins = 32;
    private const double Ridge = 1;
    private readonly List<Node[]> _trees = [];
    private readonly double[] _gains;
    private double _start;

    private BoostedTrees(int columns) => _gains = new double[columns];

    /// <summary>For each column, the fall of the teaching loss by its splits, summed over all trees, &gt;= 0: how much the trees lean on it.</summary>
    public ReadOnlySpan<double> Gains => _gains;

    /// <summary>Fits. With rows of one class only, or no columns, every score is 0.</summary>
    /// <param name="rows">Finite features; their scale does not matter.</param>
    /// <param name="labels">True for class 1; one for each row.</param>
    /// <param name="balanced">Weights rows so that both classes count alike. Default false.</param>
    /// <param name="rounds">Trees. Default 60.</param>
    /// <param name="depth">Questions to a leaf; columns that interact in at most this number are seen. Default 3.</param>
    /// <param name="rate">Share of the Newton step taken, in (0, 1]. Default 0.1.</param>
    /// <param name="leafRows">Fewest teaching rows in a leaf. Default 20.</param>
    public static BoostedTrees Fit(Matrix rows, ReadOnlySpan<bool> labels, bool balanced = false, int rounds = 60, int depth = 3, double rate = 0.1, int leafRows = 20)
    {
        ArgumentNullException.ThrowIfNull(rows);
        rows.CheckFinite(nameof(rows));
        if (labels.Length != rows.Rows) throw new ArgumentException($"{rows.Rows} rows need as many labels, got {labels.Length}.", nameof(labels));
        ArgumentOutOfRangeException.ThrowIfNegative(rounds);
        ArgumentOutOfRangeException.ThrowIfLessThan(depth, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(leafRows, 1);
        if (!(rate > 0 && rate <= 1)) throw new ArgumentOutOfRangeException(nameof(rate), rate, "The rate must be above 0 and at most 1.");
        var result = new BoostedTrees(rows.Columns);
        var ones = labels.Count(true);
        if (ones == 0 || ones == labels.Length) return result;

        var teaching = new Teaching(rows, labels.ToArray(), balanced, depth, rate, leafRows, result._gains);
        result._start = balanced ? 0 : Math.Log((double)ones / (labels.Length - ones));
        teaching.Begin(result._start);
        for (var round = 0; round < rounds; round++) result._trees.Add(teaching.Grow());
        return result;
    }

    /// <summary>The log-odds of class 1 of each row.</summary>
    public double[] Scores(Matrix rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (rows.Columns != _gains.Length) throw new ArgumentException($"The trees take {_gains.Length} columns, these rows have {rows.Columns}.", nameof(rows));
        var result = new double[rows.Rows];
        for (var i = 0; i < result.Length; i++)
        {
            var row = rows.Row(i);
            var score = _start;
            foreach (var tree in _trees)
            {
                var at = 0;
                while (tree[at].Column >= 0) at = row[tree[at].Column] <= tree[at].Edge ? tree[at].Left : tree[at].Left + 1;
                score += tree[at].Value;
            }
            result[i] = score;
        }
        return result;
    }

    /// <param name="Column">Column of the question; -1 in a leaf.</param>
    /// <param name="Edge">Rows up to it go left.</param>
    /// <param name="Left">Position of the left child; the right one follows it.</param>
    /// <param name="Value">What a leaf adds to the score.</param>
    private readonly record struct Node(int Column, double Edge, int Left, double Value);

    private readonly record struct Split(double Gain, int Column, int Bin);

    private sealed class Teaching
    {
        private readonly bool[] _labels;
        private readonly double[][] _edges;
        private readonly byte[][] _bins;
        private readonly double[] _weights;
        private readonly double[] _scores;
        private readonly double[] _gradients;
        private readonly double[] _curvatures;
        private readonly int[] _order;
        private readonly double[] _gains;
        private readonly int _depth;
        private readonly double _rate;
        private readonly int _leafRows;

        public Teaching(Matrix rows, bool[] labels, bool balanced, int depth, double rate, int leafRows, double[] gains)
        {
            (_labels, _depth, _rate, _leafRows, _gains) = (labels, depth, rate, leafRows, gains);
            _edges = new double[rows.Columns][];
            _bins = new byte[rows.Columns][];
            for (var c = 0; c < rows.Columns; c++)
            {
                var column = rows.Column(c);
                _edges[c] = Edges(column);
                _bins[c] = Array.ConvertAll(column, x => BinOf(_edges[c], x));
            }
            var ones = labels.Count(x => x);
            _weights = Array.ConvertAll(labels, label => balanced ? labels.Length / (2.0 * (label ? ones : labels.Length - ones)) : 1);
            _scores = new double[labels.Length];
            _gradients = new double[labels.Length];
            _curvatures = new double[labels.Length];
            _order = new int[labels.Length];
        }

        public void Begin(double score) => Array.Fill(_scores, score);

        public Node[] Grow()
        {
            for (var i = 0; i < _labels.Length; i++)
            {
                var p = 1 / (1 + Math.Exp(-_scores[i]));
                _gradients[i] = _weights[i] * (p - (_labels[i] ? 1 : 0));
                _curvatures[i] = _weights[i] * p * (1 - p);
                _order[i] = i;
            }
            var nodes = new List<Node> { default };
            Grow(nodes, 0, _order, _depth);
            return [.. nodes];
        }

        private void Grow(List<Node> nodes, int at, Span<int> rows, int depth)
        {
            double g = 0, h = 0;
            foreach (var i in rows) (g, h) = (g + _gradients[i], h + _curvatures[i]);
            var split = depth == 0 ? default : Best(rows, g, h);
            if (!(split.Gain > 0))
            {
                var value = -_rate * g / (h + Ridge);
                foreach (var i in rows) _scores[i] += value;
                nodes[at] = new Node(-1, 0, 0, value);
                return;
            }
            _gains[split.Column] += split.Gain / 2;
            var left = Partition(rows, _bins[split.Column], split.Bin);
            nodes[at] = new Node(split.Column, _edges[split.Column][split.Bin], nodes.Count, 0);
            var first = nodes.Count;
            nodes.Add(default);
            nodes.Add(default);
            Grow(nodes, first, rows[..left], depth - 1);
            Grow(nodes, first + 1, rows[left..], depth - 1);
        }

        private Split Best(ReadOnlySpan<int> rows, double g, double h)
        {
            Span<double> gs = stackalloc double[Bins], hs = stackalloc double[Bins];
            Span<int> counts = stackalloc int[Bins];
            var best = new Split(1e-9, -1, 0);
            for (var c = 0; c < _bins.Length; c++)
            {
                gs.Clear();
                hs.Clear();
                counts.Clear();
                foreach (var i in rows)
                {
                    var bin = _bins[c][i];
                    gs[bin] += _gradients[i];
                    hs[bin] += _curvatures[i];
                    counts[bin]++;
                }
                double gl = 0, hl = 0;
                var left = 0;
                for (var bin = 0; bin < _edges[c].Length; bin++)
                {
                    (gl, hl, left) = (gl + gs[bin], hl + hs[bin], left + counts[bin]);
                    if (left < _leafRows || rows.Length - left < _leafRows) continue;
                    var gain = gl * gl / (hl + Ridge) + (g - gl) * (g - gl) / (h - hl + Ridge) - g * g / (h + Ridge);
                    if (gain > best.Gain) best = new Split(gain, c, bin);
                }
            }
            return best.Column < 0 ? default : best;
        }

        private static int Partition(Span<int> rows, byte[] bins, int bin)
        {
            // Stable, so that sums over a node are taken in the rows' order.
            var right = new List<int>(rows.Length);
            var left = 0;
            foreach (var i in rows)
            {
                if (bins[i] <= bin) rows[left++] = i;
                else right.Add(i);
            }
            right.CopyTo(rows[left..]);
            return left;
        }

        // Each edge is a value of the sample that is not its largest.
        private static double[] Edges(double[] column)
        {
            var sorted = (double[])column.Clone();
            Array.Sort(sorted);
            var edges = new List<double>();
            for (var k = 1; k < Bins; k++)
            {
                var edge = sorted[(int)((long)k * (sorted.Length - 1) / Bins)];
                if (edge < sorted[^1] && (edges.Count == 0 || edge > edges[^1])) edges.Add(edge);
            }
            return [.. edges];
        }

        private static byte BinOf(double[] edges, double value)
        {
            var at = Array.BinarySearch(edges, value);
            return (byte)(at < 0 ? ~at : at);
        }
    }
}
