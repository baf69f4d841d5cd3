using System.Runtime.InteropServices;
using Holdfast.Storage.Sql;
using Holdfast.Tracking.Filters;

namespace Holdfast.Tracking;

/// <summary>One field of all runs of a workspace.</summary>
internal abstract class RunColumn
{
    /// <summary>The last search that named it.</summary>
    public long Used { get; set; }

    public abstract long Bytes { get; }

    /// <summary>Whether so much of it is left from before that it should be read anew.</summary>
    public virtual bool Wasteful => false;

    public abstract void Resize(int count, int room);

    public abstract void Clear(int slot);

    public abstract void Put(int slot, Row row);

    /// <summary>Sets those that meet a comparison.</summary>
    public abstract void Match(Comparison comparison, Span<bool> found, Scratch scratch);

    /// <summary>For each slot a key whose ascending order is the one wanted.</summary>
    public abstract void SortKeys(ReadOnlySpan<int> slots, Span<ulong> keys, FilterField field, bool descending);

    public abstract RunValue Value(int slot, string name, FilterField field);
}

/// <summary>Numbers; NaN of one kind stands for a missing one.</summary>
internal sealed class NumberColumn : RunColumn
{
    private double[] _values = [];
    private int _count;

    public override long Bytes => _values.LongLength * sizeof(double);

    public override void Resize(int count, int room)
    {
        if (room > _values.Length)
            Array.Resize(ref _values, room);
        if (count > _count)
            _values.AsSpan(_count, count - _count).Fill(SortKey.MissingNumber);
        _count = count;
    }

    public override void Clear(int slot) => _values[slot] = SortKey.MissingNumber;

    public override void Put(int slot, Row row) => _values[slot] = row.Bool(2) ? double.NaN : row.Double(1);

    public override void Match(Comparison comparison, Span<bool> found, Scratch scratch) => NumberMatch.Of(_values.AsSpan(0, found.Length), comparison, found);

    public override void SortKeys(ReadOnlySpan<int> slots, Span<ulong> keys, FilterField field, bool descending)
    {
        for (var i = 0; i < slots.Length; i++)
            keys[i] = SortKey.Of(_values[slots[i]], descending);
    }

    public override RunValue Value(int slot, string name, FilterField field) => SortKey.IsMissing(_values[slot]) ? new RunValue(name) : new RunValue(name, _values[slot]);
}

/// <summary>Texts, each distinct one kept once, so that a pattern is tried once for it and not for each run.</summary>
internal sealed class TextColumn : RunColumn
{
    private readonly TextValues _texts = new();
    private int[] _codes = [];
    private int _count;

    public override long Bytes => (_codes.LongLength * sizeof(int)) + _texts.Bytes;

    public override bool Wasteful => _texts.Count > (2 * _count) + 1_000;

    public override void Resize(int count, int room)
    {
        if (room > _codes.Length)
            Array.Resize(ref _codes, room);
        if (count > _count)
            _codes.AsSpan(_count, count - _count).Fill(-1);
        _count = count;
    }

    public override void Clear(int slot) => _codes[slot] = -1;

    public override void Put(int slot, Row row) => _codes[slot] = _texts.Code(row.Text(1));

    public override void Match(Comparison comparison, Span<bool> found, Scratch scratch)
    {
        var meets = _texts.Match(comparison, scratch);
        for (var i = 0; i < found.Length; i++)
            found[i] = _codes[i] >= 0 && meets[_codes[i]];
    }

    public override void SortKeys(ReadOnlySpan<int> slots, Span<ulong> keys, FilterField field, bool descending)
    {
        var ranks = field.AsNumber ? null : _texts.Ranks();
        var numbers = field.AsNumber ? _texts.Numbers() : null;
        for (var i = 0; i < slots.Length; i++)
        {
            var code = _codes[slots[i]];
            keys[i] = code < 0 ? SortKey.Missing : numbers is not null ? SortKey.Of(numbers[code], descending) : descending ? SortKey.Missing - 1 - (ulong)ranks![code] : (ulong)ranks![code];
        }
    }

    public override RunValue Value(int slot, string name, FilterField field) => _codes[slot] < 0 ? new RunValue(name) : RunFields.Value(name, _texts[_codes[slot]], field.AsNumber);
}

/// <summary>Several texts a run: the datasets that it read.</summary>
internal sealed class TextsColumn : RunColumn
{
    private readonly TextValues _texts = new();
    private int[]?[] _codes = [];

    public override long Bytes => (_codes.LongLength * 40) + _texts.Bytes;

    public override void Resize(int count, int room)
    {
        if (room > _codes.Length)
            Array.Resize(ref _codes, room);
    }

    public override void Clear(int slot) => _codes[slot] = null;

    public override void Put(int slot, Row row)
    {
        var code = _texts.Code(row.Text(1));
        if (_codes[slot] is not { } own)
            _codes[slot] = [code];
        else if (!own.Contains(code))
            _codes[slot] = [.. own, code];
    }

    public override void Match(Comparison comparison, Span<bool> found, Scratch scratch)
    {
        var meets = _texts.Match(comparison, scratch);
        for (var i = 0; i < found.Length; i++)
            found[i] = _codes[i] is { } own && Array.Exists(own, code => meets[code]);
    }

    public override void SortKeys(ReadOnlySpan<int> slots, Span<ulong> keys, FilterField field, bool descending) => throw RunSql.Unordered(field);

    public override RunValue Value(int slot, string name, FilterField field) =>
        _codes[slot] is { } own ? new RunValue(name, Text: string.Join(", ", own.Select(code => _texts[code]))) : new RunValue(name);
}

/// <summary>The distinct texts of a column.</summary>
internal sealed class TextValues
{
    private readonly List<string> _values = [];
    private readonly Dictionary<string, int> _codes = new(StringComparer.Ordinal);
    private readonly List<int> _sorted = [];
    private readonly Lock _gate = new();
    private int[] _ranks = [];
    private double[] _numbers = [];
    private long _characters;

    public int Count => _values.Count;

    public long Bytes => (_values.Count * 100L) + (_characters * 2);

    public string this[int code] => _values[code];

    public int Code(string text)
    {
        ref var code = ref CollectionsMarshal.GetValueRefOrAddDefault(_codes, text, out var known);
        if (known)
            return code;
        code = _values.Count;
        _values.Add(text);
        _characters += text.Length;
        return code;
    }

    /// <summary>For each code whether it meets the comparison.</summary>
    public bool[] Match(Comparison c, Scratch scratch)
    {
        var meets = scratch.Rent<bool>(_values.Count);
        var own = meets.AsSpan(0, _values.Count);
        own.Clear();
        if (c.Field.AsNumber)
        {
            NumberMatch.Of(Numbers(), c, own);
        }
        else if (c.Op == "=")
        {
            if (_codes.TryGetValue((string)c.Value!, out var code))
                own[code] = true;
        }
        else
        {
            var meet = TextMatch.Of(c.Op, c.Value);
            for (var i = 0; i < own.Length; i++)
                own[i] = meet(_values[i]);
        }

        return meets;
    }

    // Where each text stands among all of them, by code point. New texts are put between the sorted ones.
    public int[] Ranks()
    {
        lock (_gate)
        {
            if (_ranks.Length == _values.Count)
                return _ranks;
            var order = Comparer<int>.Create((a, b) => TextMatch.ByCodePoint(_values[a], _values[b]));
            if (_values.Count - _sorted.Count > 50)
            {
                for (var code = _sorted.Count; code < _values.Count; code++)
                    _sorted.Add(code);
                _sorted.Sort(order);
            }
            else
            {
                for (var code = _sorted.Count; code < _values.Count; code++)
                    _sorted.Insert(~_sorted.BinarySearch(code, order), code);
            }

            var ranks = new int[_sorted.Count];
            for (var i = 0; i < ranks.Length; i++)
                ranks[_sorted[i]] = i;
            return _ranks = ranks;
        }
    }

    /// <summary>For each code the number that it writes.</summary>
    public double[] Numbers()
    {
        lock (_gate)
        {
            var known = _numbers.Length;
            if (known == _values.Count)
                return _numbers;
            Array.Resize(ref _numbers, _values.Count);
            for (var i = known; i < _numbers.Length; i++)
                _numbers[i] = NumberText.Read(_values[i]) ?? SortKey.MissingNumber;
            return _numbers;
        }
    }
}
