namespace Holdfast.Statistics.Multivariate;

/// <summary>One feature of a table, before encoding: numbers or categories.</summary>
public sealed class FeatureColumn
{
    private FeatureColumn(string name, double[]? numbers, string?[]? categories) => (Name, Numbers, Categories) = (name, numbers, categories);

    /// <summary>Name of the feature.</summary>
    public string Name { get; }

    /// <summary>Values of a numeric feature (NaN and infinite values are missing), or null.</summary>
    public double[]? Numbers { get; }

    /// <summary>Values of a categorical feature (null is missing), or null.</summary>
    public string?[]? Categories { get; }

    /// <summary>Number of rows.</summary>
    public int Rows => Numbers?.Length ?? Categories!.Length;

    /// <summary>A numeric feature.</summary>
    public static FeatureColumn Numeric(string name, double[] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return new FeatureColumn(name, values, null);
    }

    /// <summary>A categorical feature; categories are compared as they stand.</summary>
    public static FeatureColumn Categorical(string name, string?[] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return new FeatureColumn(name, null, values);
    }
}
