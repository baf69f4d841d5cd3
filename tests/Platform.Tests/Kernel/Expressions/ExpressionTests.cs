using Holdfast.Contracts;
using Holdfast.Kernel.Expressions;

namespace Holdfast.Platform.Tests.Kernel.Expressions;

public sealed class ExpressionTests
{
    private static readonly Dictionary<string, ExprValue> World = new()
    {
        ["amount"] = ExprValue.Of(1500),
        ["zero"] = ExprValue.Of(0),
        ["negative"] = ExprValue.Of(-2.5),
        ["country"] = ExprValue.Of("NO"),
        ["quoted"] = ExprValue.Of("it's"),
        ["foreign"] = ExprValue.True,
        ["gone"] = ExprValue.Missing,
        ["nan"] = ExprValue.Of(double.NaN),
        ["loan amount"] = ExprValue.Of(7),
        ["features.age"] = ExprValue.Of(33),
    };

    [Theory]
    // arithmetic and precedence
    [InlineData("1 + 2 * 3", "7")]
    [InlineData("(1 + 2) * 3", "9")]
    [InlineData("7 - 2 - 1", "4")]
    [InlineData("8 / 2 / 2", "2")]
    [InlineData("7 % 4", "3")]
    [InlineData("-amount", "-1500")]
    [InlineData("--amount", "1500")]
    [InlineData("2 * -3", "-6")]
    [InlineData(".5 + 1e3", "1000.5")]
    [InlineData("1.5e-3 * 2", "0.003")]
    [InlineData("amount / zero", "missing")]
    [InlineData("1e308 * 10", "missing")]
    [InlineData("gone + 1", "missing")]
    // comparison
    [InlineData("amount > 1000", "true")]
    [InlineData("amount >= 1500 and amount <= 1500", "true")]
    [InlineData("amount != 1500", "false")]
    [InlineData("0 == -0", "true")]
    [InlineData("country == 'NO'", "true")]
    [InlineData("country == \"NO\"", "true")]
    [InlineData("country == 'no'", "false")]
    [InlineData("country < 'SE'", "true")]
    [InlineData("quoted == 'it''s'", "true")]
    [InlineData("foreign == true", "true")]
    [InlineData("`loan amount` == 7", "true")]
    [InlineData("features.age > 30", "true")]
    [InlineData("amount+1>1500", "true")]
    // three values
    [InlineData("gone == 1", "missing")]
    [InlineData("gone != 1", "missing")]
    [InlineData("nan > 0", "missing")]
    [InlineData("nan == nan", "missing")]
    [InlineData("not (gone > 1)", "missing")]
    [InlineData("gone > 1 and false", "false")]
    [InlineData("gone > 1 and true", "missing")]
    [InlineData("gone > 1 or true", "true")]
    [InlineData("gone > 1 or false", "missing")]
    [InlineData("unknown > 1", "missing")]
    [InlineData("gone is missing", "true")]
    [InlineData("nan is missing", "true")]
    [InlineData("amount is missing", "false")]
    [InlineData("amount is not missing", "true")]
    [InlineData("(amount / zero) is missing", "true")]
    // and, or, not
    [InlineData("true or false and false", "true")]
    [InlineData("not false and false", "false")]
    [InlineData("not foreign or amount > 1", "true")]
    [InlineData("not not foreign", "true")]
    [InlineData("not amount > 2000", "true")]
    // in
    [InlineData("country in ['NO', 'SE']", "true")]
    [InlineData("country not in ['NO', 'SE']", "false")]
    [InlineData("amount in [1, 1500]", "true")]
    [InlineData("negative in [-2.5]", "true")]
    [InlineData("foreign in [false]", "false")]
    [InlineData("gone in [1]", "missing")]
    [InlineData("gone not in [1]", "missing")]
    // functions
    [InlineData("min(3, 1, 2)", "1")]
    [InlineData("max(amount, 2000)", "2000")]
    [InlineData("abs(negative)", "2.5")]
    [InlineData("round(log(10), 3)", "2.303")]
    [InlineData("round(2.5)", "3")]
    [InlineData("round(-2.5)", "-3")]
    [InlineData("log(zero)", "missing")]
    [InlineData("max(gone, 1)", "missing")]
    [InlineData("coalesce(gone, nan, 3)", "3")]
    [InlineData("coalesce(gone, nan)", "missing")]
    [InlineData("coalesce(country, 'XX') == 'NO'", "true")]
    public void Evaluates(string expression, string expected) =>
        Assert.Equal(expected, Expression.Parse(expression).Evaluate(name => World.GetValueOrDefault(name)).ToString());

    [Theory]
    [InlineData("", 1, "empty")]
    [InlineData("  ", 3, "empty")]
    [InlineData("1 +", 4, "a value is expected")]
    [InlineData("amount = 3", 8, "==")]
    [InlineData("a & b", 3, "'and'")]
    [InlineData("1 < a < 3", 7, "do not chain")]
    [InlineData("(1 + 2", 7, "')'")]
    [InlineData("1 2", 3, "not expected")]
    [InlineData("'abc", 1, "does not end")]
    [InlineData("1.2.3", 1, "not a number")]
    [InlineData("5x", 1, "not a number")]
    [InlineData("pow(1, 2)", 1, "no function 'pow'")]
    [InlineData("abs(1, 2)", 1, "1 argument")]
    [InlineData("a in ['x', b]", 12, "literal")]
    [InlineData("a in 'x'", 6, "'['")]
    [InlineData("a == missing", 6, "is missing")]
    [InlineData("a is true", 6, "is missing")]
    [InlineData("1 + 'a'", 5, "needs a number")]
    [InlineData("'5' == 5", 5, "cannot be compared")]
    [InlineData("1 and true", 1, "needs a truth value")]
    [InlineData("not 1", 5, "needs a truth value")]
    [InlineData("true < false", 6, "no order")]
    [InlineData("a in [1, 'x']", 10, "list holds")]
    [InlineData("coalesce(1, 'x')", 13, "mixes")]
    public void Says_what_is_wrong_and_where(string expression, int position, string part)
    {
        var fault = Assert.Throws<HoldfastException>(() => Expression.Parse(expression));
        Assert.Equal(ErrorCode.InvalidArgument, fault.Code);
        Assert.Contains($"position {position}:", fault.Message, StringComparison.Ordinal);
        Assert.Contains(part, fault.Message + fault.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("country > 5")]
    [InlineData("amount == 'NO'")]
    [InlineData("amount and true")]
    [InlineData("country + 1 > 2")]
    [InlineData("country in [1, 2]")]
    public void Converts_nothing_at_evaluation(string expression) =>
        Assert.Throws<HoldfastException>(() => Expression.Parse(expression).Evaluate(name => World[name]));

    [Fact]
    public void Is_bounded_in_depth_parts_and_length()
    {
        Assert.Contains("deeper than 50", Refused(new string('(', 51) + "1" + new string(')', 51)), StringComparison.Ordinal);
        Assert.Contains("deeper than 50", Refused(new string('-', 51) + "1"), StringComparison.Ordinal);
        Assert.Contains("more than 1000 parts", Refused(string.Join('+', Enumerable.Repeat("1", 501))), StringComparison.Ordinal);
        Assert.Contains("10 KB", Refused("'" + new string('a', 10_240) + "'"), StringComparison.Ordinal);
        Assert.Equal(500, Expression.Parse(string.Join('+', Enumerable.Repeat("1", 500))).Evaluate(_ => default).AsNumber);
        Assert.Equal(1, Expression.Parse(new string('(', 50) + "1" + new string(')', 50)).Evaluate(_ => default).AsNumber);

        static string Refused(string text) => Assert.Throws<HoldfastException>(() => Expression.Parse(text)).Message;
    }

    [Fact]
    public void Checks_declared_names_and_types_before_evaluating()
    {
        var expression = Expression.Parse("amount > 5 and country == 'NO'");
        Assert.Equal(ExprType.Boolean, expression.Check(name => name == "amount" ? ExprType.Number : ExprType.Text));
        Assert.Throws<HoldfastException>(() => expression.Check(_ => ExprType.Number));
        Assert.Contains("'country' is not declared", Assert.Throws<HoldfastException>(() => expression.Check(name => name == "amount" ? ExprType.Number : null)).Message, StringComparison.Ordinal);
        Assert.Equal(["amount", "country"], expression.Names);
    }
}
