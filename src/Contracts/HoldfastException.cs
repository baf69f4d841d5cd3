namespace Holdfast.Contracts;

/// <summary>One fault of an input: where, what stood there, and what to write instead.</summary>
/// <param name="Field">Path of the field, such as <c>endpoints.credit.rollout.steps[0]</c>.</param>
/// <param name="Message">What is wrong, with the value.</param>
/// <param name="Hint">The remedy, when there is one.</param>
public sealed record Fault(string Field, string Message, string? Hint = null);

/// <summary>Something that cannot be done, with a message for the person who asked and the remedy as hint.</summary>
public sealed class HoldfastException : Exception
{
    /// <summary>Creates the exception for a single fault.</summary>
    public HoldfastException(ErrorCode code, string message, string? hint = null, Exception? inner = null)
        : base(message, inner)
    {
        Code = code;
        Hint = hint;
    }

    /// <summary>Creates the exception for all faults of an input at once.</summary>
    public HoldfastException(string message, IReadOnlyList<Fault> faults)
        : base(message)
    {
        Code = ErrorCode.InvalidArgument;
        Faults = faults;
    }

    /// <summary>What kind of failure it is.</summary>
    public ErrorCode Code { get; }

    /// <summary>What to do about it.</summary>
    public string? Hint { get; }

    /// <summary>All faults of a rejected input; empty for other failures.</summary>
    public IReadOnlyList<Fault> Faults { get; } = [];
}
