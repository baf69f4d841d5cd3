using System.Globalization;
using Holdfast.Contracts;
using Holdfast.Serving.Backends;

namespace Holdfast.Serving;

/// <summary>The inputs of a request, column by column, as a protocol's parser fills them: one value a row in each.</summary>
public sealed class InferRequest
{
    private readonly List<string> _names = [];
    private readonly List<double[]> _numbers = [];
    private readonly List<string?[]?> _texts = [];
    private int _positional;

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

    /// <summary>What a tester asks for, a version or a role (<c>primary</c>, <c>candidate</c>, <c>fallback</c>): it alone answers, outside of any rollout.</summary>
    public string? Variant { get; set; }

    /// <summary>Whether the answer says why; refused when the model that is to answer cannot.</summary>
    public bool Explain { get; set; }

    /// <summary>Whether the rows belong to a batch: it waits for room in the prediction log, and its length says nothing of the load.</summary>
    public bool Batch { get; set; }

    /// <summary>Ends the wait of a batch.</summary>
    public CancellationToken Ended { get; set; }

    /// <summary>Sticky keys by row, when an input is the key.</summary>
    public string?[]? RowKeys { get; private set; }

    /// <summary>Event times by row, when an input <c>event_time</c> gives them; the default value where it is missing.</summary>
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
        Add(name, texts.Length, Missing(texts.Length), texts);
    }

    /// <summary>Takes columns without names: the endpoint's inputs in the order of its signature.</summary>
    public void AddInOrder(IReadOnlyList<double[]> columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        foreach (var numbers in columns)
            Add(Position(), numbers.Length, numbers, null);
    }

    /// <summary>Takes columns of texts without names: the endpoint's inputs in the order of its signature.</summary>
    public void AddInOrder(IReadOnlyList<string?[]> columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        foreach (var texts in columns)
            Add(Position(), texts.Length, Missing(texts.Length), texts);
    }

    internal FeatureRows Features(Route route)
    {
        if (_positional > 0)
            NamePositions(route);
        TakeOutTimes(route);
        TakeOutKeys(route);
        return new FeatureRows(route.Canonical(_names), Math.Max(Rows, 0), [.. _numbers], [.. _texts]);
    }

    private string Position() => $"#{++_positional}";

    private static double[] Missing(int count)
    {
        var missing = new double[count];
        Array.Fill(missing, double.NaN);
        return missing;
    }

    private void Add(string name, int rows, double[] numbers, string?[]? texts)
    {
        if (Rows >= 0 && rows != Rows)
            throw new HoldfastException(ErrorCode.InvalidArgument, $"The input '{name}' has {rows} rows, '{_names[0]}' has {Rows}.", "All inputs of a request have the same number of rows.");
        Rows = rows;
        _names.Add(name);
        _numbers.Add(numbers);
        _texts.Add(texts);
    }

    private void NamePositions(Route route)
    {
        var inputs = route.Inputs;
        if (_positional != inputs.Count)
        {
            throw new HoldfastException(
                ErrorCode.InvalidArgument, $"The request has {_positional} values a row without names; the endpoint '{route.Key.Name}' takes {inputs.Count}: {string.Join(", ", inputs.Select(i => i.Name))}.",
                "Send one value for each input in this order, or inputs by name.");
        }

        for (var (i, next) = (0, 0); i < _names.Count; i++)
        {
            if (_names[i][0] != '#')
                continue;
            var input = inputs[next++];
            _names[i] = input.Name;
            // What is wholly missing has no type of its own.
            if (input.Datatype == "BYTES" && _texts[i] is null && Array.TrueForAll(_numbers[i], double.IsNaN))
                _texts[i] = new string?[Rows];
            if (input.Datatype == "BYTES" == _texts[i] is null)
                throw new HoldfastException(ErrorCode.InvalidArgument, $"Values without names are the endpoint's inputs in their order, but '{input.Name}' is a {(_texts[i] is null ? "text (BYTES)" : "number")}.", "Send inputs by name, each with its datatype.");
        }

        _positional = 0;
    }

    private void TakeOutTimes(Route route)
    {
        var i = _names.IndexOf("event_time");
        if (i < 0 || EventTime is not null || route.Reads("event_time"))
            return;
        var times = new DateTimeOffset[Rows];
        for (var row = 0; row < Rows; row++)
        {
            if (_texts[i] is { } texts)
                times[row] = texts[row] is { } text ? EventTimes.Parse(text) : default;
            else
                times[row] = double.IsNaN(_numbers[i][row]) ? default : EventTimes.FromUnixMilliseconds(_numbers[i][row]);
        }

        RowTimes = times;
        Remove(i);
    }

    private void TakeOutKeys(Route route)
    {
        if (route.Spec.Key is not { } key || _names.IndexOf(key) is not (>= 0 and var i))
            return;
        var keys = new string?[Rows];
        for (var row = 0; row < Rows; row++)
            keys[row] = _texts[i] is { } texts ? texts[row] : double.IsNaN(_numbers[i][row]) ? null : _numbers[i][row].ToString("R", CultureInfo.InvariantCulture);
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
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at)
            ? at
            : throw Refused(text);

    /// <summary>Unix milliseconds.</summary>
    public static DateTimeOffset FromUnixMilliseconds(double milliseconds) =>
        milliseconds is >= 0 and < 253_402_300_800_000 ? DateTimeOffset.FromUnixTimeMilliseconds((long)milliseconds) : throw Refused(milliseconds.ToString(CultureInfo.InvariantCulture));

    private static HoldfastException Refused(string? text) =>
        new(ErrorCode.InvalidArgument, $"'{text}' is not an event_time.", "Write RFC 3339, such as 2026-01-31T12:00:00Z, or unix milliseconds.");
}

/// <summary>Who answered a row.</summary>
/// <param name="Role">Role of the variant that answered.</param>
/// <param name="Model">Its model; <c>rules</c> for the rules.</param>
/// <param name="Version">Its version; 0 for the rules.</param>
public readonly record struct AnsweredBy(string Role, string Model, int Version);

/// <summary>The answer to a request.</summary>
/// <param name="Ids">Prediction ids by row, for labels.</param>
/// <param name="Role">Role of the variant that answered; <c>mixed</c> when rows went different ways.</param>
/// <param name="Version">Its version; 0 for the rules, -1 when mixed.</param>
/// <param name="ByRow">Who answered each row, when they went different ways.</param>
public sealed record InferAnswer(string[] Ids, Outcome[] Outcomes, string Role, string Model, int Version, IReadOnlyList<AnsweredBy>? ByRow = null)
{
    /// <summary>By row, when they were asked for; null where the answer came from what cannot explain it (the fallback rules).</summary>
    public IReadOnlyList<Explanation?>? Explanations { get; init; }

    /// <summary>The word for <see cref="Role"/> when rows went different ways.</summary>
    public const string Mixed = "mixed";

    /// <summary>Who answered a row.</summary>
    public AnsweredBy By(int row) => ByRow is null ? new AnsweredBy(Role, Model, Version) : ByRow[row];
}
