using Holdfast.Contracts;
using Holdfast.Serving.Backends;

namespace Holdfast.Serving;

/// <summary>The inputs of a request, column by column, as a protocol's parser fills them: one value a row in each.</summary>
public sealed class InferRequest
{
    private readonly List<string> _names = [];
    private readonly List<double[]> _numbers = [];
    private readonly List<string?[]?> _texts = [];

    /// <summary>Number of rows; -1 before the first column.</summary>
    public int Rows { get; private set; } = -1;

    /// <summary>The caller's own id, which is echoed.</summary>
    public string? Id { get; set; }

    /// <summary>Sticky key of all rows.</summary>
    public string? Key { get; set; }

    /// <summary>Event time of all rows.</summary>
    public DateTimeOffset? EventTime { get; set; }

    /// <summary>A version of the model by number: it alone answers, outside of any rollout.</summary>
    public int? Version { get; set; }

    /// <summary>Whether the answer says why; refused when the model that is to answer cannot.</summary>
    public bool Explain { get; set; }

    /// <summary>Sticky keys by row, when an input is the key.</summary>
    public string?[]? RowKeys { get; private set; }

    /// <summary>Event times by row, when an input <c>event_time</c> gives them.</summary>
    public DateTimeOffset[]? RowTimes { get; private set; }

    /// <summary>Takes a column of numbers.</summary>
    public void Add(string name, double[] numbers)
    {
        ArgumentNullException.ThrowIfNull(numbers);
        Add(name, numbers.Length, numbers, null);
    }

    /// <summary>Takes a column of texts.</summary>
    public void Add(string name, string?[] texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        var missing = new double[texts.Length];
        Array.Fill(missing, double.NaN);
        Add(name, texts.Length, missing, texts);
    }

    internal FeatureRows Features(Route route)
    {
        TakeOutTimes(route);
        TakeOutKeys(route);
        return new FeatureRows(route.Canonical(_names), Math.Max(Rows, 0), [.. _numbers], [.. _texts]);
    }

    private void Add(string name, int rows, double[] numbers, string?[]? texts)
    {
        if (_names.Contains(name))
            throw new HoldfastException(ErrorCode.InvalidArgument, $"The input '{name}' stands twice in the request.", "Send each input once.");
        if (Rows >= 0 && rows != Rows)
            throw new HoldfastException(ErrorCode.InvalidArgument, $"The input '{name}' has {rows} rows, '{_names[0]}' has {Rows}.", "All inputs of a request have the same number of rows.");
        Rows = rows;
        _names.Add(name);
        _numbers.Add(numbers);
        _texts.Add(texts);
    }

    private void TakeOutTimes(Route route)
    {
        var i = _names.IndexOf("event_time");
        if (i < 0 || EventTime is not null || route.Reads("event_time"))
            return;
        var times = new DateTimeOffset[Rows];
        for (var row = 0; row < Rows; row++)
            times[row] = _texts[i] is { } texts ? EventTimes.Parse(texts[row]) : EventTimes.FromUnixMilliseconds(_numbers[i][row]);
        RowTimes = times;
        Remove(i);
    }

    private void TakeOutKeys(Route route)
    {
        if (route.Spec.Key is not { } key || _names.IndexOf(key) is not (>= 0 and var i))
            return;
        var keys = new string?[Rows];
        for (var row = 0; row < Rows; row++)
            keys[row] = _texts[i] is { } texts ? texts[row] : double.IsNaN(_numbers[i][row]) ? null : _numbers[i][row].ToString("R", System.Globalization.CultureInfo.InvariantCulture);
        RowKeys = keys;
        if (!route.Reads(key))
            Remove(i);
    }

    private void Remove(int i)
    {
        _names.RemoveAt(i);
        _numbers.RemoveAt(i);
        _texts.RemoveAt(i);
    }
}

/// <summary>Event times as callers write them.</summary>
public static class EventTimes
{
    /// <summary>RFC 3339 with a zone.</summary>
    public static DateTimeOffset Parse(string? text) =>
        DateTimeOffset.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal | System.Globalization.DateTimeStyles.AdjustToUniversal, out var at)
            ? at
            : throw Refused(text);

    /// <summary>Unix milliseconds.</summary>
    public static DateTimeOffset FromUnixMilliseconds(double milliseconds) =>
        milliseconds is >= 0 and < 253_402_300_800_000 ? DateTimeOffset.FromUnixTimeMilliseconds((long)milliseconds) : throw Refused(milliseconds.ToString(System.Globalization.CultureInfo.InvariantCulture));

    private static HoldfastException Refused(string? text) =>
        new(ErrorCode.InvalidArgument, $"'{text}' is not an event_time.", "Write RFC 3339, such as 2026-01-31T12:00:00Z, or unix milliseconds.");
}

/// <summary>The answer to a request.</summary>
/// <param name="Ids">Prediction ids by row, for labels.</param>
/// <param name="Role">Role of the variant that answered; <c>mixed</c> when rows went different ways.</param>
/// <param name="Version">Its version; 0 for the rules, -1 when mixed.</param>
public sealed record InferAnswer(string[] Ids, Outcome[] Outcomes, string Role, string Model, int Version)
{
    /// <summary>By row, when they were asked for; null where the answer came from what cannot explain it (the fallback rules).</summary>
    public IReadOnlyList<Explanation?>? Explanations { get; init; }
}
