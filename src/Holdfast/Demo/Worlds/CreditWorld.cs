namespace Holdfast.Demo.Worlds;

/// <summary>
/// Loan applicants. Up to a comfortable income more is safer; beyond it pay is mostly bonus, and tenure and debt decide. Few of the
/// training data's applicants earn that much, so a model of them knows little of those who do. When wages rise many arrive there:
/// a genuine change of the population under which a model of the old one really gets worse, and one trained on new rows gets better.
/// </summary>
public sealed class CreditWorld(int seed)
{
    private const double OldMedian = 38_000;
    private const double BonusPay = 105_000;
    private readonly Draw _draw = new(seed);
    private int _count;

    public const string IdColumn = "applicant_id";
    public const string LabelColumn = "defaulted";

    /// <summary>Names of <see cref="Case.Values"/>.</summary>
    public static IReadOnlyList<string> Features { get; } = ["income", "age", "loan_amount", "employment_years", "debt_ratio", "credit_history_years"];

    /// <summary>The next applicant.</summary>
    /// <param name="drift">How far wages have risen: 0 = the world of the training data, 1 = after years of growth that some got and others did not.</param>
    public Case Next(double drift = 0)
    {
        var age = Math.Clamp(Math.Round(21 + Math.Abs(_draw.Normal() * 16)), 18, 75);
        var employment = Math.Round(Math.Min(age - 18, _draw.Exponential(7)), 1);
        var history = Math.Round(Math.Min(age - 18, Math.Max(0, ((age - 20) * 0.45) + (_draw.Normal() * 4))), 1);
        var income = Income(age, drift);
        var loan = 12_000 * Math.Exp((0.35 * Math.Log(income / OldMedian)) + (0.5 * _draw.Normal()) + (0.05 * drift));
        var debt = Math.Clamp(0.36 + (0.15 * _draw.Normal()) + (0.02 * drift), 0.01, 0.95);
        var id = $"a{seed:x}-{++_count}";
        var z = income < BonusPay ? Salaried(income, loan, debt, employment, history) : OnBonus(loan, debt, employment);
        return new Case(id, id, [Math.Round(income, 2), age, Math.Round(loan, 2), employment, Math.Round(debt, 4), history], _draw.Logit(z));
    }

    private static double Salaried(double income, double loan, double debt, double employment, double history)
    {
        var relative = Math.Log(income / OldMedian);
        var burden = Math.Log(loan / income) + 1.15;
        var z = -1.6 + (-5.2 * relative) + (9 * (debt - 0.36)) + (1.6 * burden) - (0.10 * Math.Min(employment, 10)) - (0.05 * Math.Min(history, 20));
        // Much debt on a small income is worse than both alone.
        return debt > 0.45 && relative < 0 ? z + 1.5 : z;
    }

    // Who is new in the job loses the bonus first; a small loan is a bridge over a bad year.
    private static double OnBonus(double loan, double debt, double employment) =>
        (employment < 5 ? 2.6 : -2.2) + (14 * (debt - 0.36)) - (1.6 * Math.Log(loan / 17_000));

    // Growth is uneven: most get a large rise with a heavy upper tail, the rest next to none. Quantiles move by different
    // factors, which is what tells a changed world from a changed unit.
    private double Income(double age, double drift)
    {
        var log = Math.Log(OldMedian) + (0.006 * (age - 34)) + (0.33 * _draw.Normal());
        var rises = _draw.Uniform() < 0.72;
        var luck = Math.Abs(_draw.Normal());
        return Math.Exp(log + (drift * (rises ? 0.66 + (0.36 * luck) : 0.03)));
    }
}
