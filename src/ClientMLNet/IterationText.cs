using System.Globalization;
using System.Text.RegularExpressions;

namespace Holdfast.Client.MLNet;

/// <summary>Figures of an iteration in what a trainer says: <c>Iteration 12: loss=0.31</c>, <c>Iter 3, Loss: 0.2, Gradient norm: 1e-3</c>.</summary>
internal static partial class IterationText
{
    public static IReadOnlyList<(string Name, long Step, double Value)> Read(string? message)
    {
        if (message is null || Iteration().Match(message) is not { Success: true } at || !long.TryParse(at.Groups["step"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var step))
            return [];
        return [.. Figure().Matches(message[(at.Index + at.Length)..])
            .Select(m => (Name: m.Groups["name"].Value.Trim().ToLowerInvariant().Replace(' ', '_'), step, double.Parse(m.Groups["value"].Value, NumberStyles.Float, CultureInfo.InvariantCulture)))
            .Where(f => f.Name.Length > 0)];
    }

    [GeneratedRegex(@"\b(iteration|iter|epoch)s?\b[\s#:=]*(?<step>\d+)", RegexOptions.IgnoreCase)]
    private static partial Regex Iteration();

    [GeneratedRegex(@"(?<name>[A-Za-z][A-Za-z0-9 _-]*?)\s*[:=]\s*(?<value>[-+]?\d+(\.\d+)?([eE][-+]?\d+)?)")]
    private static partial Regex Figure();
}
