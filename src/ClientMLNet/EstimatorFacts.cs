using System.Collections;
using System.Globalization;
using System.Reflection;

namespace Holdfast.Client.MLNet;

/// <summary>
/// What an estimator says of itself. ML.NET keeps the options of a trainer in fields that are not public, so they are looked for by
/// shape; an estimator that keeps them otherwise has none here.
/// </summary>
internal static class EstimatorFacts
{
    private const BindingFlags Own = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    /// <summary>The estimators of a chain, in order; a lone one is its own.</summary>
    public static IEnumerable<object> Steps(object estimator)
    {
        ArgumentNullException.ThrowIfNull(estimator);
        if (!estimator.GetType().Name.StartsWith("EstimatorChain", StringComparison.Ordinal))
            return [estimator];
        return Members(estimator).Select(m => m.Value).OfType<IEnumerable>().Where(v => v is not string).SelectMany(v => v.Cast<object>())
            .Where(v => v.GetType().GetInterfaces().Any(i => i.Name.StartsWith("IEstimator", StringComparison.Ordinal))).SelectMany(Steps).ToList();
    }

    /// <summary>Whether it trains.</summary>
    public static bool IsTrainer(object estimator) => estimator.GetType().GetInterfaces().Any(i => i.Name.StartsWith("ITrainerEstimator", StringComparison.Ordinal));

    /// <summary>The options of a trainer that are numbers, words or switches.</summary>
    public static IReadOnlyList<(string Name, string Value)> Options(object trainer)
    {
        var options = Members(trainer).Select(m => m.Value).FirstOrDefault(v => v is not null && v.GetType().Name.EndsWith("Options", StringComparison.Ordinal));
        if (options is null)
            return [];
        return [.. Fields(options).Select(f => (f.Name, Value: f.GetValue(options)))
            .Where(f => f.Value is bool or int or long or float or double or string or Enum)
            .Select(f => (f.Name, Convert.ToString(f.Value, CultureInfo.InvariantCulture)!))
            .DistinctBy(f => f.Name).OrderBy(f => f.Name, StringComparer.Ordinal)];
    }

    private static IEnumerable<FieldInfo> Fields(object value)
    {
        for (var type = value.GetType(); type is not null && type != typeof(object); type = type.BaseType)
        {
            foreach (var field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly))
                yield return field;
        }
    }

    private static IEnumerable<(string Name, object? Value)> Members(object value)
    {
        for (var type = value.GetType(); type is not null && type != typeof(object); type = type.BaseType)
        {
            foreach (var field in type.GetFields(Own))
                yield return (field.Name, field.GetValue(value));
        }
    }
}
