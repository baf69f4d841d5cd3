using Holdfast.Statistics.Multivariate;

namespace Holdfast.Statistics.Quality;

/// <summary>What the other columns say about one that moved.</summary>
internal sealed class OtherFeatures
{
    // A column that is nearly a function of the suspect moves with it, broken or not, and explains nothing.
    private const double SameColumn = 0.995;
    private const double LeastEffectiveRows = 40;

    // The trees are cautious, so they never show the whole of a change.
    private const double ExplainedShare = 0.4;

    private readonly JointRows _rows;
    private readonly string _feature;
    private readonly List<FeatureColumn> _reference;
    private readonly List<FeatureColumn> _current;
    private readonly Separation _others;

    private OtherFeatures(JointRows rows, string feature, List<FeatureColumn> reference, List<FeatureColumn> current)
    {
        (_rows, _feature, _reference, _current) = (rows, feature, reference, current);
        _others = JointRows.Separate(reference, current);
    }

    /// <summary>AUC of the other columns alone.</summary>
    public double Auc => _others.Auc;

    /// <summary>The others moved beyond chance.</summary>
    public bool Moved => _others.IsClear;

    /// <summary>Looks at the others; null without rows, or if no other column is left.</summary>
    /// <param name="rows">Whole rows.</param>
    /// <param name="feature">The one that moved.</param>
    /// <param name="suspects">Columns that have a defect of their own.</param>
    public static OtherFeatures? Of(JointRows? rows, string feature, IReadOnlyCollection<string> suspects)
    {
        if (rows is not { IsUsable: true } || rows.FindReference(feature) is not { } mine || rows.FindCurrent(feature) is null) return null;
        var reference = new List<FeatureColumn>();
        var current = new List<FeatureColumn>();
        foreach (var column in rows.Reference)
        {
            if (column.Name == feature || suspects.Contains(column.Name) || rows.FindCurrent(column.Name) is not { } other) continue;
            if (mine.Numbers is { } a && column.Numbers is { } b && Math.Abs(RankCorrelation.Of(a, b)) >= SameColumn) continue;
            reference.Add(column);
            current.Add(other);
        }
        return reference.Count == 0 ? null : new OtherFeatures(rows, feature, reference, current);
    }

    /// <summary>AUC of all columns, with the current values of this one replaced.</summary>
    public Separation With(double[] current) => JointRows.Separate([.. _reference, _rows.FindReference(_feature)!], [.. _current, FeatureColumn.Numeric(_feature, current)]);

    /// <summary>True if the share of the values that satisfy the question, in the reference given the current mix of the other columns, shows a good part of the change.</summary>
    public bool Explains(double before, double after, Func<double, bool> question) =>
        IsTelling && (_others.Share(Array.ConvertAll(Reference, x => question(x))) - before) / (after - before) >= ExplainedShare;

    /// <summary>The same for the share of missing values.</summary>
    public bool ExplainsMissing(double before, double after) =>
        IsTelling && (_others.Share(Missing(_rows.FindReference(_feature)!)) - before) / (after - before) >= ExplainedShare;

    /// <summary>True if giving the reference the current mix of the other columns removes at least half of the KS distance.</summary>
    public bool ExplainsShape() => IsTelling && DistanceLeft() <= 0.5 * DistanceRaw();

    private bool IsTelling => Moved && _others.EffectiveRows >= LeastEffectiveRows;

    private double[] Reference => _rows.FindReference(_feature)!.Numbers!;

    private static bool[] Missing(FeatureColumn column) =>
        column.Numbers is { } numbers ? Array.ConvertAll(numbers, x => !double.IsFinite(x)) : Array.ConvertAll(column.Categories!, x => x is null);

    private double DistanceLeft() => _others.Distance(Reference, _rows.FindCurrent(_feature)!.Numbers!);

    private double DistanceRaw() => Tests.KolmogorovSmirnov.Statistic(Samples.SortedFinite(Reference), Samples.SortedFinite(_rows.FindCurrent(_feature)!.Numbers!));
}
