using System.Numerics;
using Holdfast.Storage.Tables;

namespace Holdfast.Commands.Drift;

/// <summary>
/// A uniform sample of the rows, in order: all rows up to a number, beyond it those whose mixed positions are smallest. The same rows are drawn whether a file
/// is in memory or passes by in pieces.
/// </summary>
/// <param name="most">Rows kept.</param>
/// <param name="names">The columns kept; null for all.</param>
internal sealed class RowSample(int most, IReadOnlyList<string>? names = null)
{
    /// <summary>Rows for labels and predictions: the intervals of what is measured on them are those of the sample, honest and a little wider.</summary>
    public const int ForLabels = 100_000;

    private readonly List<ulong> _ranks = [];
    private readonly Dictionary<string, List<double>> _numbers = [];
    private readonly Dictionary<string, List<string?>> _texts = [];
    private readonly Dictionary<string, ColumnKind> _kinds = [];
    private ulong _threshold = ulong.MaxValue;
    private long _rows;

    /// <summary>The positions drawn from so many rows, ascending.</summary>
    public static int[] Positions(int rows, int most)
    {
        if (rows <= most)
            return [.. Enumerable.Range(0, rows)];
        var drawn = new List<(ulong Rank, int Row)>(2 * most);
        // A little more than the share that is wanted passes; more again in the rare case that it was too few.
        for (var share = 1.2 * most / rows; drawn.Count < most; share *= 2)
        {
            drawn.Clear();
            var threshold = share >= 1 ? ulong.MaxValue : (ulong)(share * ulong.MaxValue);
            for (var row = 0; row < rows; row++)
            {
                if (Rank(row) is var rank && rank <= threshold)
                    drawn.Add((rank, row));
            }
        }

        return [.. drawn.Order().Take(most).Select(d => d.Row).Order()];
    }

    /// <summary>Takes the rows of the next piece.</summary>
    public void Add(Table batch)
    {
        var wanted = names is null ? [.. batch.Columns] : names.Select(batch.Find).OfType<Column>().ToList();
        foreach (var column in wanted)
            _kinds[column.Name] = column.Kind;
        for (var i = 0; wanted.Count > 0 && i < batch.Rows; i++)
        {
            var rank = Rank(_rows + i);
            if (rank > _threshold)
                continue;
            _ranks.Add(rank);
            foreach (var column in wanted)
            {
                if (column.Kind == ColumnKind.Text)
                    Of(_texts, column.Name).Add(column.Texts[i]);
                else
                    Of(_numbers, column.Name).Add(column.Numbers[i]);
            }
        }

        _rows += batch.Rows;
        if (_ranks.Count > 2 * most)
            Thin();
    }

    /// <summary>A column of the sampled rows.</summary>
    public Column Load(string name) => _kinds[name] == ColumnKind.Text ? new Column(name, [.. Of(_texts, name)]) : new Column(name, [.. Of(_numbers, name)], _kinds[name]);

    /// <summary>The sampled rows of all columns.</summary>
    public Table ToTable()
    {
        if (_ranks.Count > most)
            Thin();
        return new Table([.. _kinds.Keys.Select(Load)]);
    }

    private void Thin()
    {
        ulong[] sorted = [.. _ranks.Order()];
        _threshold = sorted[most - 1];
        bool[] kept = [.. _ranks.Select(r => r <= _threshold)];
        foreach (var list in _numbers.Values)
            Keep(list, kept);
        foreach (var list in _texts.Values)
            Keep(list, kept);
        Keep(_ranks, kept);
    }

    private static void Keep<T>(List<T> list, bool[] kept)
    {
        var count = 0;
        for (var i = 0; i < kept.Length; i++)
        {
            if (kept[i])
                list[count++] = list[i];
        }

        list.RemoveRange(count, list.Count - count);
    }

    private static List<T> Of<T>(Dictionary<string, List<T>> lists, string name) => lists.TryGetValue(name, out var list) ? list : lists[name] = [];

    // A bijection that scatters: nothing periodic in the file can fall in step with it.
    private static ulong Rank(long row)
    {
        var x = ((ulong)row + 1) * 0x9E3779B97F4A7C15;
        x = (x ^ (x >> 32)) * 0xD6E8FEB86659FD93;
        return BitOperations.RotateLeft(x ^ (x >> 32), 17) * 0xD6E8FEB86659FD93;
    }
}
