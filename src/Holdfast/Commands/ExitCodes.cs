namespace Holdfast.Commands;

/// <summary>The same for all commands; held by a test.</summary>
public static class ExitCodes
{
    /// <summary>Fine.</summary>
    public const int Fine = 0;

    /// <summary>Failed to run.</summary>
    public const int Failed = 1;

    /// <summary>A finding: drift, a violation, a refused gate.</summary>
    public const int Finding = 2;

    /// <summary>A data fault.</summary>
    public const int DataFault = 3;

    /// <summary>Could not decide: not enough data.</summary>
    public const int Undecided = 4;

    /// <summary>Wrong usage.</summary>
    public const int Usage = 64;

    /// <summary>Interrupted.</summary>
    public const int Interrupted = 130;
}
