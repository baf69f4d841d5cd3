using System.Globalization;
using Holdfast.Contracts;
using Holdfast.Registry;
using Holdfast.Serving.Backends;

namespace Holdfast.Serving;

/// <summary>
/// A backend that is loaded and warm. Requests enter and leave; once it is retired and the last request has left, it is
/// disposed, so a route can be changed under load.
/// </summary>
internal sealed class Variant
{
    private const int MostStuck = 8;
    // What is answered on the caller's thread stays short.
    private const int MostInline = 4_096;
    private readonly IBackend _backend;
    private readonly Input[] _inputs;
    private readonly ColumnMap _columns;
    private readonly HashSet<string>? _categories;
    // 1 for the shelf itself, and 1 for each request inside.
    private int _users = 1;
    private int _stuck;
    private readonly Func<FeatureRows, Outcome[], string?> _run;
    private readonly Action _cameBack;

    public Variant(string model, int version, IBackend backend)
    {
        (Model, Version, _backend) = (model, version, backend);
        // Rules are total: what is not there, or of another kind, is missing, and they say what follows.
        _inputs = IsRules ? [] : [.. backend.Info.Signature.Inputs.Select(Input.Of)];
        _columns = new ColumnMap([.. _inputs.Select(i => i.Name)]);
        _categories = backend.Info.Signature.Outputs.FirstOrDefault(o => o.Categories is not null)?.Categories?.ToHashSet(StringComparer.Ordinal);
        Inputs = backend.Info.Signature.Inputs.Select(i => i.Name).ToHashSet(StringComparer.Ordinal);
        _run = Run;
        _cameBack = () =>
        {
            Interlocked.Decrement(ref _stuck);
            Leave();
        };
    }

    public string Model { get; }

    public int Version { get; }

    public BackendInfo Info => _backend.Info;

    public IReadOnlySet<string> Inputs { get; }

    public bool CanExplain => _backend is IExplains;

    /// <summary>What its processes printed last; null when it has none.</summary>
    public IReadOnlyList<string>? Log(int lines) => (_backend as Backends.Remote.IKeepsLog)?.Tail(lines);

    public bool IsRules => Info.Kind == "rules";

    /// <summary>One input as requests are checked against it.</summary>
    /// <param name="Low">Least value; whole numbers only when this and <paramref name="High"/> are numbers.</param>
    private readonly record struct Input(string Name, string Datatype, bool IsText, bool Required, double Low, double High)
    {
        public static Input Of(SignatureField field)
        {
            var (low, high) = field.Datatype switch
            {
                "BOOL" => (0, 1),
                "UINT8" => (0, byte.MaxValue),
                "UINT16" => (0, ushort.MaxValue),
                "UINT32" => (0, uint.MaxValue),
                "UINT64" => (0, ulong.MaxValue),
                "INT8" => (sbyte.MinValue, sbyte.MaxValue),
                "INT16" => (short.MinValue, short.MaxValue),
                "INT32" => (int.MinValue, int.MaxValue),
                "INT64" => (long.MinValue, long.MaxValue),
                _ => (double.NaN, double.NaN),
            };
            return new Input(field.Name, field.Datatype, field.Datatype == "BYTES", field.Default is null, low, high);
        }
    }

    /// <summary>
    /// Why this variant cannot take these rows, all faults at once: inputs without a default that are not there (unless
    /// <paramref name="missingIsFine"/>), numbers for texts, texts for numbers, and values that are not of a whole type. Null when it can.
    /// </summary>
    public string? Refuses(FeatureRows rows, bool missingIsFine = false)
    {
        List<string>? faults = null;
        var columns = _columns.For(rows);
        for (var i = 0; i < _inputs.Length; i++)
        {
            ref readonly var input = ref _inputs[i];
            var column = columns[i];
            if (column < 0)
            {
                if (input.Required && !missingIsFine)
                    (faults ??= []).Add($"the input '{input.Name}' is missing and has no default");
            }
            else if (rows.Texts(column) is null == input.IsText)
            {
                (faults ??= []).Add(input.IsText ? $"the input '{input.Name}' is a text (BYTES), the request sends numbers" : $"the input '{input.Name}' is a number, the request sends texts (BYTES)");
            }
            else if (!double.IsNaN(input.Low) && Odd(rows.Numbers(column), input) is var odd and >= 0)
            {
                (faults ??= []).Add(string.Create(CultureInfo.InvariantCulture, $"the input '{input.Name}' is {input.Datatype}, which {rows.Numbers(column)[odd]}{(rows.Count > 1 ? $" in row {odd}" : "")} is not"));
            }
        }

        if (faults is null)
            return null;
        if (rows.Names.Where(n => !Inputs.Contains(n)).ToList() is { Count: > 0 } unread)
            faults.Add($"nothing reads {string.Join(", ", unread.Select(n => $"'{n}'"))}");
        return string.Join("; ", faults);
    }

    /// <summary>What a row lacks of the inputs without a default; null when nothing.</summary>
    public string? Lacks(FeatureRows rows, int row)
    {
        List<string>? lacking = null;
        var columns = _columns.For(rows);
        for (var i = 0; i < _inputs.Length; i++)
        {
            ref readonly var input = ref _inputs[i];
            if (!input.Required)
                continue;
            var column = columns[i];
            if (column < 0 || (rows.Texts(column) is { } texts ? texts[row] is null : double.IsNaN(rows.Numbers(column)[row])))
                (lacking ??= []).Add(input.Name);
        }

        return lacking is null ? null : string.Join("; ", lacking.Select(name => $"the input '{name}' is missing"));
    }

    /// <summary>Answers all rows, or says why not. A call that outlives its time is left to itself; after a few of those the variant is not asked again until they end.</summary>
    public async ValueTask<string?> Predict(FeatureRows rows, Outcome[] outcomes, TimeSpan timeout)
    {
        if (Volatile.Read(ref _stuck) >= MostStuck)
            return "timeout: earlier calls have not come back";
        if (!TryEnter())
            return "unloaded";
        // Rules and trees cannot hang: no hop to another thread for them.
        if (Info.Style == CallStyle.Inline && rows.Count <= MostInline)
        {
            var error = Run(rows, outcomes);
            Leave();
            return error;
        }

        if (Info.Style == CallStyle.Awaited)
            return await Await(rows, outcomes, timeout);

        var answer = await VariantCall.Start(_run, rows, outcomes, timeout, _cameBack);
        if (ReferenceEquals(answer, VariantCall.TimedOut))
            Interlocked.Increment(ref _stuck);
        else
            Leave();
        return answer;
    }

    /// <summary>Why it answers these rows as it does; null when it cannot say.</summary>
    public IReadOnlyList<Explanation>? Explain(FeatureRows rows)
    {
        if (_backend is not IExplains explains || !TryEnter())
            return null;
        try
        {
            return explains.Explain(rows);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Takes the shelf's own hold away.</summary>
    public void Retire() => Leave();

    private static int Odd(double[] values, in Input input)
    {
        for (var i = 0; i < values.Length; i++)
        {
            var value = values[i];
            if (!(double.IsNaN(value) || (value == Math.Floor(value) && value >= input.Low && value <= input.High)))
                return i;
        }

        return -1;
    }

    private async ValueTask<string?> Await(FeatureRows rows, Outcome[] outcomes, TimeSpan timeout)
    {
        using var patience = new CancellationTokenSource(timeout);
        try
        {
            await _backend.PredictAsync(rows, outcomes, patience.Token);
            return Fits(outcomes);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            return "timeout";
        }
        catch (Exception e)
        {
            return Short(e.Message);
        }
        finally
        {
            Leave();
        }
    }

    private string? Run(FeatureRows rows, Outcome[] outcomes)
    {
        try
        {
            _backend.Predict(rows, outcomes);
        }
        catch (Exception e)
        {
            // The edge of foreign code: whatever it throws, another variant answers.
            return Short(e.Message);
        }

        return Fits(outcomes);
    }

    private static string Short(string message) => message.Length > 300 ? message[..300] : message;

    private string? Fits(Outcome[] outcomes)
    {
        foreach (ref readonly var outcome in outcomes.AsSpan())
        {
            if (double.IsNaN(outcome.Score))
                return "the score is not a number";
            if (outcome.Prediction is null)
                return "there is no prediction";
            if (_categories?.Contains(outcome.Prediction) == false)
                return $"the prediction '{outcome.Prediction}' is none of the signature's: {string.Join(", ", _categories)}";
        }

        return null;
    }

    private bool TryEnter()
    {
        var users = Volatile.Read(ref _users);
        while (users > 0)
        {
            var seen = Interlocked.CompareExchange(ref _users, users + 1, users);
            if (seen == users)
                return true;
            users = seen;
        }

        return false;
    }

    private void Leave()
    {
        if (Interlocked.Decrement(ref _users) == 0)
            _backend.Dispose();
    }
}
