using Holdfast.Contracts;
using Holdfast.Tracking;
using Holdfast.Tracking.Filters;
using static Holdfast.Platform.Tests.Tracking.TrackingRoom;

namespace Holdfast.Platform.Tests.Tracking;

/// <summary>The search grammar over a fixed set of runs, on every database.</summary>
public sealed class RunSearchTests
{
    // name, acc, loss, depth, team; "" = absent
    private static readonly (string Name, string Acc, string Loss, string Depth, string Team)[] _runs =
    [
        ("a", "0.9", "0.10", "6", "Risk"),
        ("b", "0.8", "NaN", "12", "risk"),
        ("c", "", "0.30", "6", ""),
        ("d", "-1", "0.20", "", "fraud_1"),
    ];

    /// <summary>filter, order, expected names, native grammar only</summary>
    public static TheoryData<string, string, string, bool> Rows => new()
    {
        { "", "attributes.run_name", "a b c d", false },
        { "metrics.acc > 0.85", "", "a", false },
        { "metrics.acc >= -1 AND metrics.acc<0.9", "run_name", "b d", false },
        { "metrics.acc != 0.9", "run_name", "b d", false },
        { "metrics.acc > -1e0 and metrics.acc <= 8e-1", "", "b", false },
        { "metrics.loss > -1", "run_name", "a b c d", false },
        { "metrics.`loss` < 0.25 and metric.\"acc\" > 0", "run_name", "a b", false },
        { "params.depth = '6'", "run_name", "a c", false },
        { "params.depth != '6'", "run_name", "b", false },
        { "param.depth LIKE '1%'", "", "b", false },
        { "tags.team = 'risk'", "", "b", false },
        { "tags.team like 'r%'", "", "b", false },
        { "tags.team ILIKE 'r%'", "run_name", "a b", false },
        { "tag.team LIKE 'fraud_1'", "", "d", false },
        { "tags.team LIKE '%[*?]%'", "", "", false },
        { "attributes.status = 'RUNNING' and run_name = \"c\"", "", "c", false },
        { "`run name` = 'd'", "", "d", false },
        { "start_time > 0 and end_time > 0", "", "", false },
        { "dataset.name = 'credit'", "", "a", false },
        { "dataset.name IN ('x', 'credit') and dataset.context = 'training'", "", "a", false },
        { "", "metrics.loss", "a d c b", false },
        { "", "metrics.loss DESC", "c d a b", false },
        { "", "metrics.acc ASC|run_name", "d b a c", false },
        { "", "metrics.acc desc", "a b d c", false },
        { "", "params.depth|run_name desc", "b c a d", false },
        { "", "tags.team", "a d b c", false },
        { "metrics.acc > 0.85 or params.depth = '12'", "run_name", "a b", true },
        { "not (metrics.acc > 0.85 or run_name = 'd')", "run_name", "b c", true },
        { "(tags.team = 'Risk' or tags.team = 'risk') and metrics.loss < 0.05", "", "b", true },
        { "run_name in ('a','d') and not params.depth = '6'", "", "d", true },
    };

    /// <summary>A filter that is refused, and a piece of the message.</summary>
    public static TheoryData<string, string> Refusals => new()
    {
        { "metrics.acc > 0.85 or params.depth = '12'", "Invalid clause(s) in filter string" },
        { "(metrics.acc > 1)", "Invalid clause(s) in filter string" },
        { "metrics.acc", "Invalid clause(s) in filter string" },
        { "metrics.acc >", "Invalid clause(s) in filter string" },
        { "metrics.acc > 1 and", "Invalid clause(s) in filter string" },
        { "metrics.acc > 1 params.x = '1'", "Invalid clause(s) in filter string" },
        { "metrics.acc > 'x'", "Expected numeric value type for metric. Found 'x'" },
        { "metrics.acc LIKE 'x'", "Invalid comparator 'LIKE'" },
        { "params.depth = 6", "Expected a quoted string value for param" },
        { "params.depth > '6'", "Invalid comparator '>'" },
        { "nothing.x = '1'", "Invalid entity type 'nothing'" },
        { "attributes.nothing = '1'", "Invalid attribute key 'nothing'" },
        { "attributes.status IN ('a')", "Invalid comparator 'IN'" },
        { "run_id IN (\"a\")", "While parsing a list in the query" },
        { "dataset.nothing = 'x'", "Invalid dataset key 'nothing'" },
        { "tags.x = 'open", "is not closed" },
        { "tags.x = '1'; drop table run", "Invalid clause(s) in filter string" },
    };

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task Filters_and_orders_give_the_expected_runs(string database)
    {
        var ct = TestContext.Current.CancellationToken;
        await using var room = await Open(database);
        foreach (var (name, acc, loss, depth, team) in _runs)
        {
            var run = await room.NewRun(name: name);
            MetricPoint[] metrics = [.. new[] { ("acc", acc), ("loss", loss) }.Where(m => m.Item2.Length > 0).Select(m => Point(m.Item1, double.Parse(m.Item2, System.Globalization.CultureInfo.InvariantCulture)))];
            await room.Tracking.LogBatch(Someone, run.RunId, metrics, depth.Length > 0 ? [new Param("depth", depth)] : [], team.Length > 0 ? [new Tag("team", team)] : [], ct);
            if (name == "a")
                await room.Tracking.LogInput(Someone, run.RunId, new RunInput("credit", "1", "local", "x", Context: "training"), ct);
        }

        foreach (var row in Rows.Select(r => r.Data))
        {
            var (filter, order, expected, nativeOnly) = row;
            string[] by = order.Length == 0 ? [] : order.Split('|');
            foreach (var grammar in nativeOnly ? [RunFilter.Native] : new[] { RunFilter.Mlflow, RunFilter.Native })
            {
                var found = await room.Tracking.SearchRuns(Someone, new RunQuery(["1"], filter, by), grammar, ct);
                Assert.True(expected == string.Join(' ', found.Items.Select(r => r.Name)), $"{filter} order by {order}: expected {expected}, got {string.Join(' ', found.Items.Select(r => r.Name))}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task Pages_follow_each_other_without_gap_or_repeat(string database)
    {
        var ct = TestContext.Current.CancellationToken;
        await using var room = await Open(database);
        for (var i = 0; i < 7; i++)
            await room.NewRun(name: "r" + i);
        var seen = new List<string>();
        string? token = null;
        do
        {
            var page = await room.Tracking.SearchRuns(Someone, new RunQuery(["1"], OrderBy: ["run_name"], Max: 3, Token: token), ct: ct);
            seen.AddRange(page.Items.Select(r => r.Name));
            token = page.NextToken;
        }
        while (token is not null);
        Assert.Equal(Enumerable.Range(0, 7).Select(i => "r" + i), seen);
        Assert.Empty((await room.Tracking.SearchRuns(Someone, new RunQuery([]), ct: ct)).Items);
        Assert.Equal(7, (await room.Tracking.SearchRuns(Someone, new RunQuery(), ct: ct)).Items.Count);
        Assert.StartsWith("Invalid page token", (await Assert.ThrowsAsync<HoldfastException>(() => room.Tracking.SearchRuns(Someone, new RunQuery(Token: "x"), ct: ct))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public void What_MLflow_refuses_is_refused(string filter, string message)
    {
        var e = Assert.Throws<HoldfastException>(() => FilterParser.Parse(filter, RunFilter.Mlflow));
        Assert.Equal(ErrorCode.InvalidArgument, e.Code);
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Deep_nesting_is_refused()
    {
        var filter = new string('(', 500) + "metrics.a > 1" + new string(')', 500);
        Assert.Contains("nested", Assert.Throws<HoldfastException>(() => FilterParser.Parse(filter, RunFilter.Native)).Message, StringComparison.Ordinal);
        Assert.Throws<HoldfastException>(() => FilterParser.Parse(string.Concat(Enumerable.Repeat("not ", 5_000)) + "metrics.a > 1", RunFilter.Native));
    }

    [Theory]
    [InlineData("metrics.a sideways")]
    [InlineData("")]
    [InlineData("metrics.a desc, metrics.b")]
    public void Orders_that_are_not_understood_are_refused(string order) =>
        Assert.Throws<HoldfastException>(() => FilterParser.ParseOrder([order], RunFilter.Mlflow));

    [Fact]
    public void One_field_twice_in_an_order_is_refused() =>
        Assert.Throws<HoldfastException>(() => FilterParser.ParseOrder(["start_time", "attribute.Created desc"], RunFilter.Mlflow));
}
