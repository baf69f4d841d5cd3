using System.Buffers;

namespace Holdfast.Kernel;

/// <summary>What a public name may look like.</summary>
public static class Names
{
    /// <summary>The rule, as a hint.</summary>
    public const string Rule = "Use 1 to 120 letters, digits, '.', '_' and '-', beginning with a letter or digit.";

    private static readonly SearchValues<char> Allowed = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

    /// <summary>Whether a text is a name.</summary>
    public static bool IsValid(string? name) =>
        name is { Length: > 0 and <= 120 } && char.IsAsciiLetterOrDigit(name[0]) && !name.AsSpan().ContainsAnyExcept(Allowed);
}
