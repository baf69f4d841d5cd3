using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Holdfast.Statistics.Multivariate;

/// <summary>
/// For k(x, y) = exp(-|x - y|^2 / (2 s^2)) over N rows: the quadratic forms w'Kw of many 0/1 vectors w, and the row sums K1, diagonal left out.
/// K is never stored. Its strict upper triangle is made in tiles of 8 rows by 64 columns that stay in the first-level cache, and each tile is used for all
/// vectors at once. Because w is 0/1, the product of a tile with it is a sum of some of the tile's columns: the 16 subset sums of each four columns are
/// tabulated (15 additions), and every w then needs one addition where a matrix product needs four multiplications ("four Russians": Arlazarov et al. 1970).
/// Rows are dealt out to a fixed number of strips, and the strips' sums are added in order, so the result does not depend on the number of threads.
/// </summary>
internal sealed class KernelForms
{
    private const int Lanes = 8;
    private const int Panel = 64;
    private const int Group = 4;
    private const int Groups = Panel / Group;
    private const int Subsets = 1 << Group;
    private const int Strips = 32;
    // Below this many kernel values threads cost more than they bring.
    private const long WorthThreads = 100_000;

    private readonly int _rows;
    private readonly int _padded;
    private readonly int _columns;
    private readonly byte[][] _sets;
    private readonly double[] _points;
    private readonly double[] _packed;
    private readonly ushort[] _indices;

    private KernelForms(Matrix rows, double sigma, byte[][] sets)
    {
        _rows = rows.Rows;
        _columns = rows.Columns;
        _padded = (_rows + Panel - 1) / Panel * Panel;
        _sets = sets;
        _points = new double[_padded * _columns];
        _packed = new double[_padded * _columns];
        _indices = new ushort[_padded / Panel * sets.Length * Groups];
        Scale(rows, 1 / (sigma * Math.Sqrt(2)));
        Index();
    }

    /// <summary>w'Kw for each set (K's diagonal taken as 0), in the order of the sets.</summary>
    public double[] Quadratic { get; private set; } = [];

    /// <summary>The sum of each row of K, diagonal taken as 0.</summary>
    public double[] RowSums { get; private set; } = [];

    /// <summary>Computes all forms; each set has a 0 or 1 for every row.</summary>
    public static KernelForms Of(Matrix rows, double sigma, byte[][] sets)
    {
        var forms = new KernelForms(rows, sigma, sets);
        forms.Run();
        return forms;
    }

    // Scaled so that the kernel is exp(-|x - y|^2); once by rows, once in blocks of eight rows with the feature outermost.
    private void Scale(Matrix rows, double factor)
    {
        for (var i = 0; i < _rows; i++)
        {
            var row = rows.Row(i);
            for (var c = 0; c < _columns; c++)
            {
                var value = row[c] * factor;
                _points[i * _columns + c] = value;
                _packed[(i / Lanes * _columns + c) * Lanes + i % Lanes] = value;
            }
        }
    }

    // Where the subset sum of each group of four columns stands in the table, for each panel, set and group.
    private void Index()
    {
        for (var panel = 0; panel < _padded / Panel; panel++)
        {
            for (var b = 0; b < _sets.Length; b++)
            {
                var set = _sets[b];
                for (var g = 0; g < Groups; g++)
                {
                    var subset = 0;
                    for (var k = 0; k < Group; k++)
                    {
                        var j = panel * Panel + g * Group + k;
                        if (j < _rows) subset |= set[j] << k;
                    }
                    _indices[(panel * _sets.Length + b) * Groups + g] = (ushort)((g * Subsets + subset) * Lanes);
                }
            }
        }
    }

    private void Run()
    {
        var strips = new Strip[Strips];
        var options = new ParallelOptions { MaxDegreeOfParallelism = (long)_rows * _rows < WorthThreads ? 1 : Environment.ProcessorCount };
        Parallel.For(0, Strips, options, s => strips[s] = RunStrip(s));

        var quadratic = new double[_sets.Length];
        var rowSums = new double[_rows];
        foreach (var strip in strips)
        {
            for (var b = 0; b < quadratic.Length; b++) quadratic[b] += 2 * strip.Quadratic[b];
            for (var i = 0; i < rowSums.Length; i++) rowSums[i] += strip.RowSums[i];
        }
        (Quadratic, RowSums) = (quadratic, rowSums);
    }

    private Strip RunStrip(int strip)
    {
        var result = new Strip(new double[_sets.Length], new double[_padded]);
        var work = new Workspace(_sets.Length);
        for (var block = strip; block * Lanes < _rows; block += Strips) RunBlock(block, work, result);
        return result;
    }

    private void RunBlock(int block, Workspace work, Strip result)
    {
        var first = block * Lanes;
        Array.Clear(work.Products);
        for (var panel = first / Panel; panel < _padded / Panel; panel++)
        {
            Kernel(ref _packed[block * Lanes * _columns], ref _points[panel * Panel * _columns], _columns, work.Tile);
            if (panel == first / Panel || (panel + 1) * Panel > _rows || first + Lanes > _rows) CutToTriangle(first, panel * Panel, work.Tile);
            AddSums(work.Tile, result.RowSums.AsSpan(first, Lanes), result.RowSums.AsSpan(panel * Panel, Panel));
            Tabulate(work.Tile, work.Table);
            Look(work.Table, ref _indices[panel * _sets.Length * Groups], work.Products);
        }
        for (var b = 0; b < _sets.Length; b++)
        {
            var set = _sets[b];
            double sum = 0;
            for (var k = 0; k < Lanes && first + k < _rows; k++) sum += set[first + k] * work.Products[b * Lanes + k];
            result.Quadratic[b] += sum;
        }
    }

    // Differences are squared directly: the form |x|^2 + |y|^2 - 2xy loses digits when rows lie far from the origin, and gives equal rows a distance.
    private static void Kernel(ref double block, ref double points, int columns, double[] tile)
    {
        ref var to = ref MemoryMarshal.GetArrayDataReference(tile);
        for (var j = 0; j < Panel; j += 4)
        {
            ref var y0 = ref Unsafe.Add(ref points, j * columns);
            ref var y1 = ref Unsafe.Add(ref y0, columns);
            ref var y2 = ref Unsafe.Add(ref y1, columns);
            ref var y3 = ref Unsafe.Add(ref y2, columns);
            Vector256<double> a0 = default, a1 = default, b0 = default, b1 = default, c0 = default, c1 = default, d0 = default, d1 = default;
            for (var f = 0; f < columns; f++)
            {
                var low = Vector256.LoadUnsafe(ref block, (nuint)(f * Lanes));
                var high = Vector256.LoadUnsafe(ref block, (nuint)(f * Lanes + 4));
                var y = Vector256.Create(Unsafe.Add(ref y0, f));
                a0 = AddSquare(low - y, a0);
                a1 = AddSquare(high - y, a1);
                y = Vector256.Create(Unsafe.Add(ref y1, f));
                b0 = AddSquare(low - y, b0);
                b1 = AddSquare(high - y, b1);
                y = Vector256.Create(Unsafe.Add(ref y2, f));
                c0 = AddSquare(low - y, c0);
                c1 = AddSquare(high - y, c1);
                y = Vector256.Create(Unsafe.Add(ref y3, f));
                d0 = AddSquare(low - y, d0);
                d1 = AddSquare(high - y, d1);
            }
            ref var row = ref Unsafe.Add(ref to, j * Lanes);
            a0.StoreUnsafe(ref row);
            a1.StoreUnsafe(ref row, 4);
            b0.StoreUnsafe(ref row, 8);
            b1.StoreUnsafe(ref row, 12);
            c0.StoreUnsafe(ref row, 16);
            c1.StoreUnsafe(ref row, 20);
            d0.StoreUnsafe(ref row, 24);
            d1.StoreUnsafe(ref row, 28);
        }
        for (nuint i = 0; i < Panel * Lanes; i += 16)
        {
            // Four at once, so that their chains of multiply-add overlap.
            var e0 = VectorExp.ExpOfNegative(Vector256.LoadUnsafe(ref to, i));
            var e1 = VectorExp.ExpOfNegative(Vector256.LoadUnsafe(ref to, i + 4));
            var e2 = VectorExp.ExpOfNegative(Vector256.LoadUnsafe(ref to, i + 8));
            var e3 = VectorExp.ExpOfNegative(Vector256.LoadUnsafe(ref to, i + 12));
            e0.StoreUnsafe(ref to, i);
            e1.StoreUnsafe(ref to, i + 4);
            e2.StoreUnsafe(ref to, i + 8);
            e3.StoreUnsafe(ref to, i + 12);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> AddSquare(Vector256<double> difference, Vector256<double> sum) => Vector256.MultiplyAddEstimate(difference, difference, sum);

    private void CutToTriangle(int first, int panelStart, double[] tile)
    {
        for (var j = 0; j < Panel; j++)
        {
            for (var k = 0; k < Lanes; k++)
            {
                if (panelStart + j <= first + k || panelStart + j >= _rows || first + k >= _rows) tile[j * Lanes + k] = 0;
            }
        }
    }

    private static void AddSums(double[] tile, Span<double> rows, Span<double> columns)
    {
        ref var from = ref MemoryMarshal.GetArrayDataReference(tile);
        Vector256<double> low = default, high = default;
        for (var j = 0; j < Panel; j++)
        {
            var (a, b) = (Vector256.LoadUnsafe(ref from, (nuint)(j * Lanes)), Vector256.LoadUnsafe(ref from, (nuint)(j * Lanes + 4)));
            low += a;
            high += b;
            columns[j] += Vector256.Sum(a + b);
        }
        for (var k = 0; k < 4; k++)
        {
            rows[k] += low[k];
            rows[k + 4] += high[k];
        }
    }

    private static void Tabulate(double[] tile, double[] table)
    {
        ref var from = ref MemoryMarshal.GetArrayDataReference(tile);
        ref var to = ref MemoryMarshal.GetArrayDataReference(table);
        for (var g = 0; g < Groups; g++)
        {
            for (nuint half = 0; half < Lanes; half += 4)
            {
                ref var row = ref Unsafe.Add(ref from, g * Group * Lanes);
                ref var entry = ref Unsafe.Add(ref to, g * Subsets * Lanes);
                var (a, b) = (Vector256.LoadUnsafe(ref row, half), Vector256.LoadUnsafe(ref row, Lanes + half));
                var (c, d) = (Vector256.LoadUnsafe(ref row, 2 * Lanes + half), Vector256.LoadUnsafe(ref row, 3 * Lanes + half));
                var (ab, cd) = (a + b, c + d);
                a.StoreUnsafe(ref entry, Lanes + half);
                b.StoreUnsafe(ref entry, 2 * Lanes + half);
                ab.StoreUnsafe(ref entry, 3 * Lanes + half);
                c.StoreUnsafe(ref entry, 4 * Lanes + half);
                (a + c).StoreUnsafe(ref entry, 5 * Lanes + half);
                (b + c).StoreUnsafe(ref entry, 6 * Lanes + half);
                (ab + c).StoreUnsafe(ref entry, 7 * Lanes + half);
                d.StoreUnsafe(ref entry, 8 * Lanes + half);
                (a + d).StoreUnsafe(ref entry, 9 * Lanes + half);
                (b + d).StoreUnsafe(ref entry, 10 * Lanes + half);
                (ab + d).StoreUnsafe(ref entry, 11 * Lanes + half);
                cd.StoreUnsafe(ref entry, 12 * Lanes + half);
                (a + cd).StoreUnsafe(ref entry, 13 * Lanes + half);
                (b + cd).StoreUnsafe(ref entry, 14 * Lanes + half);
                (ab + cd).StoreUnsafe(ref entry, 15 * Lanes + half);
            }
        }
    }

    private static void Look(double[] table, ref ushort indices, double[] products)
    {
        ref var from = ref MemoryMarshal.GetArrayDataReference(table);
        ref var to = ref MemoryMarshal.GetArrayDataReference(products);
        var sets = products.Length / Lanes;
        for (var b = 0; b < sets; b++)
        {
            ref var index = ref Unsafe.Add(ref indices, b * Groups);
            var low = Vector256.LoadUnsafe(ref to, (nuint)(b * Lanes));
            var high = Vector256.LoadUnsafe(ref to, (nuint)(b * Lanes + 4));
            for (var g = 0; g < Groups; g += 4)
            {
                nuint p0 = Unsafe.Add(ref index, g), p1 = Unsafe.Add(ref index, g + 1), p2 = Unsafe.Add(ref index, g + 2), p3 = Unsafe.Add(ref index, g + 3);
                low += Vector256.LoadUnsafe(ref from, p0);
                high += Vector256.LoadUnsafe(ref from, p0 + 4);
                low += Vector256.LoadUnsafe(ref from, p1);
                high += Vector256.LoadUnsafe(ref from, p1 + 4);
                low += Vector256.LoadUnsafe(ref from, p2);
                high += Vector256.LoadUnsafe(ref from, p2 + 4);
                low += Vector256.LoadUnsafe(ref from, p3);
                high += Vector256.LoadUnsafe(ref from, p3 + 4);
            }
            low.StoreUnsafe(ref to, (nuint)(b * Lanes));
            high.StoreUnsafe(ref to, (nuint)(b * Lanes + 4));
        }
    }

    private sealed record Strip(double[] Quadratic, double[] RowSums);

    private sealed class Workspace(int sets)
    {
        public double[] Tile { get; } = new double[Panel * Lanes];

        // Entry 0 of each group is the empty sum and stays 0.
        public double[] Table { get; } = new double[Groups * Subsets * Lanes];

        public double[] Products { get; } = new double[sets * Lanes];
    }
}
