namespace Holdfast.Kernel.Expressions;

/// <summary>A function of the language. All but <c>coalesce</c> take numbers and give missing as soon as one argument is missing.</summary>
internal sealed record ExprFunction(string Name, int Least, int Most, Func<double[], double>? Compute)
{
    public static IReadOnlyDictionary<string, ExprFunction> All { get; } = new ExprFunction[]
    {
        new("min", 1, 50, static values => values.Min()),
        new("max", 1, 50, static values => values.Max()),
        new("abs", 1, 1, static values => Math.Abs(values[0])),
        // Natural logarithm; of zero or less it is missing.
        new("log", 1, 1, static values => values[0] > 0 ? Math.Log(values[0]) : double.NaN),
        // Halves go away from zero, as people round; digits after the point, 0 to 15.
        new("round", 1, 2, static values => Math.Round(values[0], values.Length == 1 ? 0 : (int)Math.Clamp(values[1], 0, 15), MidpointRounding.AwayFromZero)),
        new("coalesce", 1, 50, null),
    }.ToDictionary(f => f.Name, StringComparer.Ordinal);
}
