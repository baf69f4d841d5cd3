using System.Globalization;

namespace Holdfast.Storage.Tables;

/// <summary>Times as text: ISO 8601 only; anything looser would read "1-2" as a day of the current year.</summary>
internal static class TimeText
{
    /// <summary>Unix milliseconds, UTC; a time without zone is UTC.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out double milliseconds)
    {
        milliseconds = 0;
        if (text.Length < 10 || text[4] != '-' || text[7] != '-' || !char.IsAsciiDigit(text[0]) || !char.IsAsciiDigit(text[9]))
            return false;
        if (!DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at))
            return false;
        milliseconds = at.ToUnixTimeMilliseconds();
        return true;
    }
}
