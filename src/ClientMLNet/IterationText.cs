using System.Globalization;
using System.Text.RegularExpressions;

namespace Holdfast.Client.MLNet;

/// <summary>What a trainer says in words. Figures of an iteration: <c>Iteration 12: loss=0.31</c>, <c>Iter 3, Loss: 0.2, Gradient norm: 1e-3</c>.</summary>
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

    /// <summary>A parameter that the trainer chose itself: <c>Auto-tuning parameters: L2 = 0.01</c>, <c>Using best model from iteration 2</c>.</summary>
    public static (string Name, string Value)? Chosen(string? message)
    {
        if (message is null)
            return null;
        if (Tuned().Match(message) is { Success: true } tuned)
            return ("tuned." + NotInNames().Replace(tuned.Groups["name"].Value, "_").Trim('_'), tuned.Groups["value"].Value);
        return Best().Match(message) is { Success: true } best ? ("best_iteration", best.Groups["step"].Value) : null;
    }

    [GeneratedRegex(@"Auto-tuning parameters: (?<name>.+?) = (?<value>[-+]?\d+(\.\d+)?([eE][-+]?\d+)?)")]
    private static partial Regex Tuned();

    [GeneratedRegex(@"best model from iteration (?<step>\d+)")]
    private static partial Regex Best();

    [GeneratedRegex(@"[^A-Za-z0-9.-]+")]
    private static partial Regex NotInNames();

    [GeneratedRegex(@"\b(iteration|iter|epoch)s?\b[\s#:=]*(?<step>\d+)", RegexOptions.IgnoreCase)]
    private static partial Regex Iteration();

    [GeneratedRegex(@"(?<name>[A-Za-z][A-Za-z0-9 _-]*?)\s*[:=]\s*(?<value>[-+]?\d+(\.\d+)?([eE][-+]?\d+)?)")]
    private static partial Regex Figure();
}
