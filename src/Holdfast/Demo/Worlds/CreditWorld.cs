namespace Holdfast.Demo.Worlds;

/// <summary>
/// Loan applicants. Whether one defaults depends on the income *relative to everyone else's*: when wages rise, an income that
/// used to be comfortable no longer is. So a rise of incomes is a genuine change: a model of the old world really gets worse,
/// one trained on new rows gets better.
/// </summary>
public sealed class CreditWorld(int seed)
{
    private const double OldMedian = 38_000;
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

        // Today's median, as wages have risen; the rest of the world looks at incomes through it.
        var relative = Math.Log(income / (OldMedian * Math.Exp(0.52 * drift)));
        var burden = Math.Log(loan / income) + 1.15;
        var z = -4.2 + (-5.2 * relative) + (9 * (debt - 0.36)) + (1.6 * burden) - (0.10 * Math.Min(employment, 10)) - (0.05 * Math.Min(history, 20));
        // Much debt on a small income is worse than both alone.
        if (debt > 0.45 && relative < 0)
            z += 1.5;
        var id = $"a{seed:x}-{++_count}";
        return new Case(id, id, [Math.Round(income, 2), age, Math.Round(loan, 2), employment, Math.Round(debt, 4), history], _draw.Logit(z + 2.6));
    }

    // Growth is uneven: most get a large rise with a heavy upper tail, the rest next to none. Quantiles move by different
    // factors, which is what tells a changed world from a changed unit.
    private double Income(double age, double drift)
    {
        var log = Math.Log(OldMedian) + (0.006 * (age - 34)) + (0.45 * _draw.Normal());
        var rises = _draw.Uniform() < 0.62;
        var luck = Math.Abs(_draw.Normal());
        return Math.Exp(log + (drift * (rises ? 0.48 + (0.30 * luck) : 0.03)));
    }
}
