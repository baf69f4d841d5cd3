using Holdfast.Contracts;
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
    private readonly (string Name, bool IsText, bool Required)[] _inputs;
    // 1 for the shelf itself, and 1 for each request inside.
    private int _users = 1;
    private int _stuck;

    public Variant(string model, int version, IBackend backend)
    {
        (Model, Version, _backend) = (model, version, backend);
        // Rules are total: what is not there, or of another kind, is missing, and they say what follows.
        _inputs = backend.Info.Kind == "rules" ? [] : [.. backend.Info.Signature.Inputs.Select(i => (i.Name, i.Datatype == "BYTES", i.Default is null))];
        Inputs = backend.Info.Signature.Inputs.Select(i => i.Name).ToHashSet(StringComparer.Ordinal);
    }

    public string Model { get; }

    public int Version { get; }

    public BackendInfo Info => _backend.Info;

    public IReadOnlySet<string> Inputs { get; }

    public bool CanExplain => _backend is IExplains;

    /// <summary>What its processes printed last; null when it has none.</summary>
    public IReadOnlyList<string>? Log(int lines) => (_backend as Backends.Remote.IKeepsLog)?.Tail(lines);

    /// <summary>Why this variant cannot take these rows: inputs without a default that are not there, numbers for texts and texts for numbers. Null when it can.</summary>
    public string? Refuses(FeatureRows rows)
    {
        List<string>? faults = null;
        foreach (var (name, isText, required) in _inputs)
        {
            var column = rows.Column(name);
            if (column < 0)
            {
                if (required)
                    (faults ??= []).Add($"the input '{name}' is missing and has no default");
            }
            else if (rows.Texts(column) is null == isText)
            {
                (faults ??= []).Add(isText ? $"the input '{name}' is a text (BYTES), the request sends numbers" : $"the input '{name}' is a number, the request sends texts (BYTES)");
            }
        }

        return faults is null ? null : string.Join("; ", faults);
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

        var call = Task.Run(() => Run(rows, outcomes));
        try
        {
            var error = await call.WaitAsync(timeout);
            Leave();
            return error;
        }
        catch (TimeoutException)
        {
            Interlocked.Increment(ref _stuck);
            _ = call.ContinueWith(
                _ =>
                {
                    Interlocked.Decrement(ref _stuck);
                    Leave();
                },
                TaskScheduler.Default);
            return "timeout";
        }
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

    private async ValueTask<string?> Await(FeatureRows rows, Outcome[] outcomes, TimeSpan timeout)
    {
        using var patience = new CancellationTokenSource(timeout);
        try
        {
            await _backend.PredictAsync(rows, outcomes, patience.Token);
            return Numbers(outcomes);
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

        return Numbers(outcomes);
    }

    private static string Short(string message) => message.Length > 300 ? message[..300] : message;

    private static string? Numbers(Outcome[] outcomes)
    {
        foreach (var outcome in outcomes)
        {
            if (double.IsNaN(outcome.Score))
                return "the score is not a number";
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
