using System.Text.RegularExpressions;

namespace Holdfast.Commands.Capture;

/// <summary>What the words of a command line say: secrets, the seed, files of data.</summary>
internal static partial class CommandWords
{
    private static readonly string[] _dataEndings = [".csv", ".tsv", ".parquet", ".json", ".jsonl", ".ndjson", ".feather", ".arrow", ".npy", ".npz", ".h5", ".hdf5", ".tfrecord", ".avro", ".orc", ".xlsx", ".gz", ".zst", ".zip", ".tar"];

    /// <summary>The words with values of secrets replaced.</summary>
    public static IReadOnlyList<string> WithoutSecrets(IReadOnlyList<string> words)
    {
        var plain = new List<string>(words.Count);
        for (var i = 0; i < words.Count; i++)
        {
            if (i > 0 && words[i - 1].StartsWith('-') && !words[i - 1].Contains('=', StringComparison.Ordinal) && !words[i].StartsWith('-') && Secret().IsMatch(words[i - 1]))
                plain.Add("***");
            else if (words[i].IndexOf('=', StringComparison.Ordinal) is > 0 and var equals && Secret().IsMatch(words[i][..equals]))
                plain.Add(words[i][..(equals + 1)] + "***");
            else
                plain.Add(UserInfo().Replace(words[i], "$1***@"));
        }

        return plain;
    }

    /// <summary>A line that a shell would take apart into the same words.</summary>
    public static string Line(IEnumerable<string> words) =>
        string.Join(' ', words.Select(w => w.Length > 0 && Plain().IsMatch(w) ? w : "'" + w.Replace("'", "'\\''", StringComparison.Ordinal) + "'"));

    /// <summary>The seed: <c>--seed 7</c>, <c>--random-state=7</c>, <c>seed=7</c>; null when no word says one.</summary>
    public static string? Seed(IReadOnlyList<string> words)
    {
        for (var i = 0; i < words.Count; i++)
        {
            if (SeedGiven().Match(words[i]) is { Success: true } given)
                return given.Groups["value"].Value;
            if (SeedNamed().IsMatch(words[i]) && i + 1 < words.Count && Digits().IsMatch(words[i + 1]))
                return words[i + 1];
        }

        return null;
    }

    /// <summary>Words that name a file of data, also behind <c>--option=</c>.</summary>
    public static IReadOnlyList<string> DataFiles(IReadOnlyList<string> words, string folder) =>
        [.. words.Skip(1).Select(w => w.StartsWith('-') && w.Split('=', 2) is [_, var value] ? value : w)
            .Where(w => _dataEndings.Any(e => w.EndsWith(e, StringComparison.OrdinalIgnoreCase)) && File.Exists(Path.Combine(folder, w))).Distinct(StringComparer.Ordinal)];

    [GeneratedRegex(@"(password|passwd|secret|token|api[-_]?key|access[-_]?key|credential)", RegexOptions.IgnoreCase)]
    private static partial Regex Secret();

    [GeneratedRegex(@"(\w+://[^/:@\s]*:)[^/@\s]+@")]
    private static partial Regex UserInfo();

    [GeneratedRegex(@"^[\w@%+=:,./-]+$")]
    private static partial Regex Plain();

    [GeneratedRegex(@"^(--?)?([\w.]*[._-])?(seed|random[-_]?state|random[-_]?seed)=(?<value>-?\d+)$", RegexOptions.IgnoreCase)]
    private static partial Regex SeedGiven();

    [GeneratedRegex(@"^--?([\w.]*[._-])?(seed|random[-_]?state|random[-_]?seed)$", RegexOptions.IgnoreCase)]
    private static partial Regex SeedNamed();

    [GeneratedRegex(@"^-?\d+$")]
    private static partial Regex Digits();
}
