using Holdfast.Serving.Backends;

namespace Holdfast.Serving;

/// <summary>
/// A backend that is loaded and warm. Requests enter and leave; once it is retired and the last request has left, it is
/// disposed, so a route can be changed under load.
/// </summary>
internal sealed class Variant
{
    private const int MostStuck = 8;
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
        // Rules and constants cannot hang: no hop to another thread for them.
        if (Info.Kind is "rules" or "constant")
        {
            var error = Run(rows, outcomes);
            Leave();
            return error;
        }

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

    /// <summary>Takes the shelf's own hold away.</summary>
    public void Retire() => Leave();

    private string? Run(FeatureRows rows, Outcome[] outcomes)
    {
        try
        {
            _backend.Predict(rows, outcomes);
        }
        catch (Exception e)
        {
            // The edge of foreign code: whatever it throws, another variant answers.
            return e.Message.Length > 300 ? e.Message[..300] : e.Message;
        }

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
