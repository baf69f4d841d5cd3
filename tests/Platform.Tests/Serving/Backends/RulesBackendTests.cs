using Holdfast.Contracts;
using Holdfast.Serving.Backends;

namespace Holdfast.Platform.Tests.Serving.Backends;

public sealed class RulesBackendTests
{
    private const string Yaml = """
        inputs:
          amount: {type: number, default: 0}
          country: {type: text, default: ""}
          hour: {type: number}
          is_new: {type: boolean, default: false}
        rules:
          - when: "amount > 1000 and country == 'XX'"
            score: 0.9
            prediction: "1"
          - {when: "is_new", score: "min(0.8, amount / 1000)", prediction: "1"}
          - {when: "hour < 6", score: 0.4, prediction: "0"}
        else: {score: 0.1, prediction: "0"}
        """;

    [Theory]
    [InlineData(2000, "XX", 12, 0, 0.9, "1")]
    [InlineData(2000, "NO", 12, 0, 0.1, "0")]
    [InlineData(500, "NO", 12, 1, 0.5, "1")]
    [InlineData(2000, null, 3, 0, 0.4, "0")]
    [InlineData(double.NaN, "XX", double.NaN, double.NaN, 0.1, "0")]
    public void The_first_true_rule_answers(double amount, string? country, double hour, double isNew, double score, string prediction)
    {
        using var backend = RulesBackend.Parse(Yaml);
        var rows = FeatureRows.For(backend.Info.Signature, 1);
        (rows.Numbers(0)[0], rows.Texts(1)![0], rows.Numbers(2)[0], rows.Numbers(3)[0]) = (amount, country, hour, isNew);
        Assert.Equal(new Outcome(score, prediction), One(backend, rows));
    }

    [Fact]
    public void Answers_rows_of_other_columns_too()
    {
        using var backend = RulesBackend.Parse(Yaml);
        var rows = new FeatureRows(["income", "hour"], 2);
        rows.Numbers(1)[1] = 2;
        var outcomes = new Outcome[2];
        backend.Predict(rows, outcomes);
        Assert.Equal([new Outcome(0.1, "0"), new Outcome(0.4, "0")], outcomes);
        // A text column where a number is declared is a missing number, not an error: rules are total.
        var odd = new FeatureRows(["hour"], 1);
        odd.MakeTexts(0)[0] = "early";
        Assert.Equal(new Outcome(0.1, "0"), One(backend, odd));
    }

    [Fact]
    public void Reports_all_faults_at_once_with_their_place()
    {
        var fault = Assert.Throws<HoldfastException>(() => RulesBackend.Parse("""
            inputs:
              amount: {type: numeric}
              hour: {type: number, default: noon}
            rules:
              - {when: "hour > 'x'", score: 0.9, prediction: "1"}
              - {when: "merchant == 3", score: 0.9, prediction: "1"}
              - {when: "hour + 1", score: 0.9}
              - {wehn: "hour > 1", score: high, prediction: "1"}
            """));
        string[] fields = ["inputs.amount.type", "inputs.hour.default", "rules[0].when", "rules[1].when", "rules[2].when", "rules[2].prediction", "rules[3].wehn", "rules[3].when", "rules[3].score", "else"];
        Assert.Equal(fields.Order(), fault.Faults.Select(f => f.Field).Order());
        Assert.Contains("line 6, column 12", fault.Faults.Single(f => f.Field == "rules[1].when").Message, StringComparison.Ordinal);
        Assert.Contains("amount, hour", fault.Faults.Single(f => f.Field == "rules[1].when").Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("- a\n- b")]
    [InlineData("inputs: {amount: {type: number")]
    [InlineData("else: {score: amount, prediction: \"0\"}\ninputs: {amount: {type: number}}")]
    [InlineData("else: {score: 1 / 0, prediction: \"0\"}")]
    public void Refuses_what_is_not_a_total_rules_file(string yaml) => Assert.NotEmpty(Assert.Throws<HoldfastException>(() => RulesBackend.Parse(yaml)).Faults);

    [Fact]
    public void What_a_request_may_cost_is_bounded()
    {
        var many = string.Concat(Enumerable.Repeat("  - {when: 'x > 1', score: 1, prediction: '1'}\n", 1_001));
        Assert.Contains("has 1001 rules", Assert.Throws<HoldfastException>(() => RulesBackend.Parse($"inputs: {{x: {{type: number}}}}\nrules:\n{many}else: {{score: 0, prediction: '0'}}")).Message, StringComparison.Ordinal);
        var wide = string.Concat(Enumerable.Range(0, 1_001).Select(i => $"  x{i}: {{type: number}}\n"));
        Assert.Contains("has 1001 inputs", Assert.Throws<HoldfastException>(() => RulesBackend.Parse($"inputs:\n{wide}else: {{score: 0, prediction: '0'}}")).Message, StringComparison.Ordinal);
        Assert.Contains("characters", Assert.Throws<HoldfastException>(() => RulesBackend.Parse(new string('#', (1 << 20) + 1))).Message, StringComparison.Ordinal);
        // Aliases of YAML are not copied out: a small file cannot grow.
        Assert.Throws<HoldfastException>(() => RulesBackend.Parse("a: &a [1,1]\nb: &b [*a,*a]\nc: &c [*b,*b]\nelse: {score: 0, prediction: '0'}"));
    }

    private static Outcome One(RulesBackend backend, FeatureRows rows)
    {
        var outcomes = new Outcome[1];
        backend.Predict(rows, outcomes);
        return outcomes[0];
    }
}
