using System.Globalization;
using Holdfast.Contracts;
using Holdfast.Serving;

namespace Holdfast.Rollout;

/// <summary>Two versions that serve side by side at fixed shares, until one is better or both are known to be alike.</summary>
/// <param name="B">The version tested, <c>model/4</c> or <c>model@alias</c>.</param>
/// <param name="A">The version that it is compared with; null = the primary.</param>
/// <param name="Share">Share of the units that B answers.</param>
/// <param name="Outcome"><c>correct</c> (a label equals the prediction) or anything that a figure may be (<see cref="MeanRule.Of"/>).</param>
/// <param name="Better"><c>higher</c> or <c>lower</c>.</param>
/// <param name="Difference">The difference of the mean outcome below which both count as alike, in the outcome's unit.</param>
/// <param name="Alpha">Chance of a wrong end over all looks.</param>
/// <param name="For">When it ends without a result, on the endpoint's clock.</param>
/// <param name="Then"><c>winner</c>: the better one becomes the primary; <c>keep</c>: A serves again in any case.</param>
/// <param name="LabelHorizon">How long labels take (<see cref="GuardSpec.LabelHorizon"/>).</param>
/// <param name="Low">Smaller outcomes count as this.</param>
/// <param name="High">Larger outcomes count as this.</param>
public sealed record AbSpec(
    string B, string? A, double Share, string Outcome, string Better, double Difference, double Alpha, TimeSpan For, string Then = "winner", TimeSpan LabelHorizon = default, double? Low = null, double? High = null)
{
    /// <summary>Everything that is wrong with it.</summary>
    public IReadOnlyList<Fault> Faults(string endpoint)
    {
        var at = $"endpoints.{endpoint}.ab_test";
        var faults = new List<Fault>();
        if (string.IsNullOrWhiteSpace(B))
            faults.Add(new Fault(at + ".b", "No version is named.", "Write NAME/4 or NAME@ALIAS."));
        if (!(Share > 0 && Share < 1))
            faults.Add(new Fault(at + ".share", $"The share of b is {Number(Share)}.", "Give a share between 0% and 100%, such as 50%."));
        if (!(Difference > 0))
            faults.Add(new Fault(at + ".difference", $"The difference is {Number(Difference)}.", "Give the difference below which both count as alike, above 0, in the outcome's unit."));
        if (!(Alpha > 0 && Alpha < 0.5))
            faults.Add(new Fault(at + ".alpha", $"alpha is {Number(Alpha)}.", "Choose a chance of a wrong end between 0 and 0.5, such as 0.05."));
        if (For <= TimeSpan.Zero)
            faults.Add(new Fault(at + ".for", "The term is empty.", "Give the longest term, such as 14d."));
        if (Then is not ("winner" or "keep"))
            faults.Add(new Fault(at + ".then", $"'{Then}' is unknown.", "Use winner or keep."));
        faults.AddRange(Rule.Faults(at).Where(f => !f.Field.EndsWith(".margin", StringComparison.Ordinal)).Select(f => f with { Field = f.Field.Replace(".of", ".outcome", StringComparison.Ordinal) }));
        return faults;
    }

    internal MeanRule Rule => new("outcome", Outcome, Better, 0, Difference, Low, High);

    internal GuardSpec Guard => new(null, null, null, Alpha, Means: [Rule], LabelHorizon: LabelHorizon);

    private static string Number(double value) => value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>An A/B test; stored as one row.</summary>
/// <param name="Status"><c>starting</c>, <c>running</c>, <c>ending</c> (decided, the route is not changed yet), <c>ended</c>.</param>
/// <param name="PlanRevision">Revision of the route that it put in force last, or found.</param>
/// <param name="Result"><c>a</c>, <c>b</c>, <c>alike</c>, <c>undecided</c>, <c>invalid</c> or <c>stopped</c>; null while it runs.</param>
/// <param name="Serves">Who serves after it.</param>
public sealed record AbTestState(
    string Id, int WorkspaceId, string Endpoint, VariantRef A, VariantRef B, AbSpec Spec, string Status, DateTimeOffset StartedAt, long PlanRevision,
    DateTimeOffset? EndedAt = null, string? Result = null, string? Reason = null, VariantRef? Serves = null, AbFigures? Last = null);

/// <summary>What an A/B test knows.</summary>
/// <param name="ALabelled">Outcomes of A that count.</param>
/// <param name="AMean">Mean outcome of A; null without.</param>
/// <param name="Difference">B less A, compared within blocks of time.</param>
/// <param name="Low">Its lower limit at every look.</param>
/// <param name="High">Its upper limit.</param>
/// <param name="EMismatch">e-value against "units go where the share says"; invalid from 1,000 on.</param>
public sealed record AbFigures(long Requests, long ALabelled, long BLabelled, double? AMean, double? BMean, double? Difference, double? Low, double? High, double EMismatch);

/// <summary>How an A/B test ends: a pure function of its figures.</summary>
internal static class AbTest
{
    public const string IdPrefix = "ab-";

    private const double MostMismatch = 1000;

    public static AbFigures Figures(RolloutEvidence e, AbSpec spec)
    {
        var mean = e.Means[0].Mean;
        var sign = spec.Better == "higher" ? -1 : 1;
        var (low, high) = mean.Interval(spec.Alpha);
        if (sign < 0)
            (low, high) = (-high, -low);
        return new AbFigures(
            e.Tally.Requests, mean.StableCount, mean.CandidateCount, Known(sign * mean.StableMean), Known(sign * mean.CandidateMean), Known(sign * mean.Difference), Known(low), Known(high), Math.Exp(Math.Min(700, e.LogMismatch)));
    }

    /// <summary>Result and reason; null while it goes on.</summary>
    public static (string Result, string Reason)? Decide(AbTestState s, AbFigures f, DateTimeOffset now)
    {
        if (f.EMismatch >= MostMismatch)
            return ("invalid", "units do not go where the share says, so the comparison is not valid; check the keys");
        if (f is { Low: { } low, High: { } high })
        {
            var d = s.Spec.Difference;
            var interval = string.Create(CultureInfo.InvariantCulture, $"the difference lies between {low:G4} and {high:G4}");
            var (worst, best) = s.Spec.Better == "higher" ? (low, high) : (-high, -low);
            if (worst > 0)
                return ("b", $"{s.B} is better than {s.A}: {interval}");
            if (best < 0)
                return ("a", $"{s.A} is better than {s.B}: {interval}");
            if (low >= -d && high <= d)
                return ("alike", string.Create(CultureInfo.InvariantCulture, $"no difference larger than {d:G4}: it lies between {low:G4} and {high:G4}"));
        }

        if (now < s.StartedAt + s.Spec.For)
            return null;
        return ("undecided", f is { Low: { } l, High: { } h }
            ? string.Create(CultureInfo.InvariantCulture, $"not decided by its end: the difference lies between {l:G4} and {h:G4}")
            : "not decided by its end: too few outcomes");
    }

    public static VariantRef Serves(AbTestState s, string result) => result == "b" && s.Spec.Then == "winner" ? s.B : s.A;

    private static double? Known(double value) => double.IsFinite(value) ? value : null;
}
