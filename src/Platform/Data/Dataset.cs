using System.Text.RegularExpressions;
using Holdfast.Contracts;

namespace Holdfast.Data;

/// <summary>What a reference names: <c>name</c> (newest), <c>name@v3</c>, <c>name@latest</c> or <c>name@&lt;hash prefix&gt;</c>, each also behind <c>data/</c>.</summary>
internal sealed partial record DatasetReference(string Dataset, int? Version, string? HashPrefix)
{
    public static DatasetReference Parse(string reference)
    {
        ArgumentNullException.ThrowIfNull(reference);
        CheckName(Split(reference).Name);
        return TryParse(reference)
            ?? throw new HoldfastException(ErrorCode.InvalidArgument, $"'{reference}' does not name a dataset version.", "Write name@v3, name@<at least 6 digits of the hash>, or name alone for the newest.");
    }

    /// <summary>Null if it is not written like one.</summary>
    public static DatasetReference? TryParse(string reference)
    {
        var (name, which) = Split(reference);
        if (!NameRule().IsMatch(name))
            return null;
        if (which is "latest" or "newest")
            return new DatasetReference(name, null, null);
        if (which.Length > 1 && which[0] == 'v' && int.TryParse(which.AsSpan(1), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var version))
            return new DatasetReference(name, version, null);
        return which.Length >= 6 && which.All(char.IsAsciiHexDigit) ? new DatasetReference(name, null, which.ToLowerInvariant()) : null;
    }

    private static (string Name, string Which) Split(string reference)
    {
        var text = reference.StartsWith("data/", StringComparison.Ordinal) ? reference[5..] : reference;
        var at = text.IndexOf('@', StringComparison.Ordinal);
        return at < 0 ? (text, "latest") : (text[..at], text[(at + 1)..]);
    }

    public static void CheckName(string name)
    {
        if (!NameRule().IsMatch(name))
            throw new HoldfastException(ErrorCode.InvalidArgument, $"'{name}' is not a name for a dataset.", "Use letters, digits, '.', '_' and '-', beginning with a letter or digit, at most 100 characters.");
    }

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{0,99}\z")]
    private static partial Regex NameRule();
}
