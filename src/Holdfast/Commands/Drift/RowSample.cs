using System.Numerics;
using Holdfast.Storage.Tables;

namespace Holdfast.Commands.Drift;

/// <summary>
/// Labels and predictions of a uniform sample of rows, in order: all rows up to 100,000, beyond it those whose mixed positions are smallest. The intervals of
/// what is measured on them are those of the sample, so they are honest and a little wider.
/// </summary>
internal sealed class RowSample(IReadOnlyList<string> names)
{
    private const int Most = 100_000;

    private readonly List<ulong> _ranks = [];
    private readonly Dictionary<string, List<double>> _numbers = [];
    private readonly Dictionary<string, List<string?>> _texts = [];
    private readonly Dictionary<string, ColumnKind> _kinds = [];
    private ulong _threshold = ulong.MaxValue;
    private long _rows;

    /// <summary>Takes the rows of the next piece.</summary>
    public void Add(Table batch)
    {
        var wanted = names.Select(batch.Find).OfType<Column>().ToList();
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
        if (_ranks.Count > 2 * Most)
            Thin();
    }

    /// <summary>A column of the sampled rows.</summary>
    public Column Load(string name) => _kinds[name] == ColumnKind.Text ? new Column(name, [.. Of(_texts, name)]) : new Column(name, [.. Of(_numbers, name)], _kinds[name]);

    private void Thin()
    {
        ulong[] sorted = [.. _ranks.Order()];
        _threshold = sorted[Most - 1];
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
