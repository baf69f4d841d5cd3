namespace Holdfast.Demo.Worlds;

/// <summary>What happens to the amounts of a <see cref="FraudWorld"/>.</summary>
public enum AmountChange
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The payment processor sends every amount twice as large; the payments themselves are as before. A broken pipe.</summary>
    Doubled,

    /// <summary>People really buy dearer things: a segment of large payments grows, and fraud looks different in it. A changed world.</summary>
    Rise,
}

/// <summary>Card payments of a pool of accounts.</summary>
public sealed class FraudWorld
{
    private const int Accounts = 4000;
    private readonly int _seed;
    private readonly Draw _draw;
    private readonly double[] _accountAge;
    private int _count;

    public FraudWorld(int seed)
    {
        _seed = seed;
        _draw = new Draw(seed);
        // The accounts are the same in every world; only what they pay depends on the seed.
        var accounts = new Draw(4711);
        _accountAge = [.. Enumerable.Range(0, Accounts).Select(_ => Math.Round(Math.Min(5000, 20 + accounts.Exponential(900))))];
    }

    public const string IdColumn = "transaction_id";
    public const string KeyColumn = "account_id";
    public const string LabelColumn = "fraud";

    /// <summary>Names of <see cref="Case.Values"/>.</summary>
    public static IReadOnlyList<string> Features { get; } = ["amount", "hour", "merchant_risk", "distance_km", "account_age_days", "is_foreign"];

    /// <summary>The next payment.</summary>
    /// <param name="level">How much of a <see cref="AmountChange.Rise"/> has come, 0..1.</param>
    public Case Next(AmountChange change = AmountChange.None, double level = 1)
    {
        var account = _draw.Below(Accounts);
        var dear = change == AmountChange.Rise && _draw.Chance(0.5 * level);
        var amount = dear ? 190 * Math.Exp(0.62 * _draw.Normal()) : 48 * Math.Exp(0.74 * _draw.Normal());
        var hour = dear || _draw.Chance(0.85) ? 8 + _draw.Below(15) : _draw.Below(8);
        var risk = Math.Clamp((dear ? 0.36 : 0.28) + (0.14 * _draw.Normal()), 0, 1);
        // Dear things are bought around the corner or ordered from afar: two humps, which no change of unit makes.
        var near = _draw.Uniform() < 0.45;
        var distance = (dear ? near ? _draw.Exponential(4) : 30 + _draw.Exponential(30) : _draw.Exponential(18)) + 0.2;
        var foreign = _draw.Chance(dear ? 0.16 : 0.08) ? 1 : 0;
        var age = _accountAge[account];

        // In the new segment a large amount is normal; there distance and merchant tell.
        var usual = dear ? 240 : 60;
        var z = -4.4 + (3.4 * Math.Log(amount / usual)) + (9 * (risk - 0.28)) + (1.1 * Math.Log(distance / 18)) + (2.2 * foreign) + (hour < 6 ? 1.8 : 0) - (0.7 * Math.Log(age / 600));
        var fraud = _draw.Logit(1.35 * z);
        var sent = change == AmountChange.Doubled ? amount * 2 : amount;
        return new Case(
            $"t{_seed:x}-{++_count}", $"acc-{account}",
            [Math.Round(sent, 2), hour, Math.Round(risk, 3), Math.Round(distance, 2), age, foreign], fraud);
    }
}
