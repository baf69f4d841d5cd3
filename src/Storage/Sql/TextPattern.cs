using System.Collections.Concurrent;
using System.Text.RegularExpressions;

namespace Holdfast.Storage.Sql;

/// <summary>
/// Regular expressions out of user input. They run on .NET's engine without backtracking, in time proportional to the text, so no pattern
/// can stall the server; back references and look-around, which that engine lacks, are refused.
/// </summary>
public static class TextPattern
{
    private const int MaxLength = 1_000;
    private const int MaxKept = 200;
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(1);
    private static readonly ConcurrentDictionary<string, Regex> _kept = new(StringComparer.Ordinal);

    /// <summary>The expression; it matches anywhere in a text unless anchored with <c>^</c> and <c>$</c>.</summary>
    public static Regex Of(string pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        if (_kept.TryGetValue(pattern, out var regex))
            return regex;
        if (_kept.Count >= MaxKept)
            _kept.Clear();
        return _kept.GetOrAdd(pattern, p => new Regex(p, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, _limit));
    }

    /// <summary>Why a pattern cannot be used; null when it can.</summary>
    public static string? Fault(string pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        if (pattern.Length > MaxLength)
            return $"The pattern has {pattern.Length} characters; at most {MaxLength} are read.";
        try
        {
            Of(pattern);
            return null;
        }
        catch (NotSupportedException)
        {
            return "Back references, look-ahead and look-behind are not supported; join two patterns with and, or, not instead.";
        }
        catch (ArgumentException e)
        {
            return e.Message;
        }
    }
}
