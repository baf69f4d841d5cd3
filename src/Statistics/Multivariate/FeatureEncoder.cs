namespace Holdfast.Statistics.Multivariate;

/// <summary>
/// Makes complete numeric rows of a table, by rules fitted on the reference, or on both samples together where a classifier is to tell them apart (the shares of
/// many rare categories in one sample are its fingerprint):
/// numbers as they are, a missing one as the reference's median; up to <see cref="MostOneHot"/> categories as one 0/1 column each, more as one column with the
/// category's share in the reference (frequency encoding). A category that the reference did not have is 0 in all of them. Every feature also gets a 0/1 column
/// "missing", even if the reference has no gaps: gaps that begin later must be seen. Standardise afterwards (<see cref="Standardisation"/>).
/// Frequency encoding cannot tell categories of equal share apart: tests of the single column do.
/// </summary>
public sealed class FeatureEncoder
{
    /// <summary>Most categories that get a column each, by default.</summary>
    public const int DefaultOneHot = 10;

    private readonly List<Rule> _rules;
    private readonly string[] _columnNames;

    private FeatureEncoder(List<Rule> rules, int mostOneHot)
    {
        MostOneHot = mostOneHot;
        _rules = rules;
        _columnNames = [.. rules.SelectMany(rule => rule.ColumnNames())];
    }

    /// <summary>Most categories that get a column each.</summary>
    public int MostOneHot { get; }

    /// <summary>Names of the encoded columns: "f", "f=category", "f share", "f missing".</summary>
    public IReadOnlyList<string> ColumnNames => _columnNames;

    /// <summary>Fits. A numeric feature without finite values gets the median 0.</summary>
    /// <param name="reference">The features, of equal length.</param>
    /// <param name="mostOneHot">Most categories that get a column each. Default 10.</param>
    public static FeatureEncoder Fit(IReadOnlyList<FeatureColumn> reference, int mostOneHot = DefaultOneHot)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentOutOfRangeException.ThrowIfNegative(mostOneHot);
        CheckLengths(reference);
        var rules = new List<Rule>();
        var start = 0;
        foreach (var feature in reference)
        {
            var rule = feature.Numbers is { } numbers ? OfNumbers(feature.Name, numbers, start) : OfCategories(feature.Name, feature.Categories!, mostOneHot, start);
            rules.Add(rule);
            start += rule.Width;
        }
        return new FeatureEncoder(rules, mostOneHot);
    }

    /// <summary>The positions of a feature's encoded columns, for <see cref="ClassifierTwoSample.AucWithout"/>.</summary>
    public int[] ColumnsOf(string feature)
    {
        var rule = _rules.Find(r => r.Name == feature) ?? throw new ArgumentException($"The encoder knows no feature \"{feature}\".", nameof(feature));
        return [.. Enumerable.Range(rule.Start, rule.Width)];
    }

    /// <summary>For each feature, in the order of fitting, the sum of figures of its encoded columns, such as importances.</summary>
    public (string Feature, double Value)[] SumByFeature(ReadOnlySpan<double> columns)
    {
        if (columns.Length != _columnNames.Length) throw new ArgumentException($"The encoder makes {_columnNames.Length} columns, got {columns.Length} figures.", nameof(columns));
        var result = new (string, double)[_rules.Count];
        for (var i = 0; i < result.Length; i++)
        {
            double sum = 0;
            foreach (var value in columns.Slice(_rules[i].Start, _rules[i].Width)) sum += value;
            result[i] = (_rules[i].Name, sum);
        }
        return result;
    }

    /// <summary>The complete rows of a table that has the fitted features, of the same kinds, in any order. Other features are ignored.</summary>
    public Matrix Encode(IReadOnlyList<FeatureColumn> table)
    {
        ArgumentNullException.ThrowIfNull(table);
        var result = new Matrix(CheckLengths(table), _columnNames.Length);
        foreach (var rule in _rules)
        {
            var feature = table.FirstOrDefault(column => column.Name == rule.Name) ?? throw new ArgumentException($"The table lacks the feature \"{rule.Name}\".", nameof(table));
            if (feature.Numbers is null != rule.Codes is not null)
                throw new ArgumentException($"The feature \"{rule.Name}\" was {(rule.Codes is null ? "numeric" : "categorical")} in the reference and is not now.", nameof(table));
            if (feature.Numbers is { } numbers) rule.Encode(numbers, result);
            else rule.Encode(feature.Categories!, result);
        }
        return result;
    }

    private static int CheckLengths(IReadOnlyList<FeatureColumn> table)
    {
        foreach (var feature in table)
        {
            if (feature.Rows != table[0].Rows) throw new ArgumentException($"\"{feature.Name}\" has {feature.Rows} rows, \"{table[0].Name}\" has {table[0].Rows}.", nameof(table));
        }
        return table.Count == 0 ? 0 : table[0].Rows;
    }

    private static Rule OfNumbers(string name, double[] values, int start)
    {
        var sorted = Samples.SortedFinite(values);
        return new Rule(name, start, 2, sorted.Length == 0 ? 0 : Samples.Quantile(sorted, 0.5), null, false);
    }

    private static Rule OfCategories(string name, string?[] values, int mostOneHot, int start)
    {
        var counts = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var present = 0;
        foreach (var value in values)
        {
            if (value is null) continue;
            counts[value] = counts.GetValueOrDefault(value) + 1;
            present++;
        }
        var codes = new Dictionary<string, double>(StringComparer.Ordinal);
        var oneHot = counts.Count <= mostOneHot;
        foreach (var (category, count) in counts) codes[category] = oneHot ? codes.Count : (double)count / present;
        return new Rule(name, start, (oneHot ? counts.Count : 1) + 1, 0, codes, oneHot);
    }

    /// <param name="Name">The feature.</param>
    /// <param name="Start">Its first encoded column.</param>
    /// <param name="Width">Its encoded columns, the last of them "missing".</param>
    /// <param name="Median">What a missing number becomes.</param>
    /// <param name="Codes">Position of the category's column or its share; null for numbers.</param>
    /// <param name="OneHot">Codes are positions.</param>
    private sealed record Rule(string Name, int Start, int Width, double Median, Dictionary<string, double>? Codes, bool OneHot)
    {
        public IEnumerable<string> ColumnNames()
        {
            if (Codes is null) yield return Name;
            else if (!OneHot) yield return Name + " share";
            else
            {
                foreach (var (category, _) in Codes.OrderBy(code => code.Value)) yield return $"{Name}={category}";
            }
            yield return Name + " missing";
        }

        public void Encode(double[] values, Matrix to)
        {
            for (var i = 0; i < values.Length; i++)
            {
                var present = double.IsFinite(values[i]);
                to[i, Start] = present ? values[i] : Median;
                to[i, Start + 1] = present ? 0 : 1;
            }
        }

        public void Encode(string?[] values, Matrix to)
        {
            for (var i = 0; i < values.Length; i++)
            {
                if (values[i] is not { } category) to[i, Start + Width - 1] = 1;
                else if (!Codes!.TryGetValue(category, out var code)) continue;
                else if (OneHot) to[i, Start + (int)code] = 1;
                else to[i, Start] = code;
            }
        }
    }
}
