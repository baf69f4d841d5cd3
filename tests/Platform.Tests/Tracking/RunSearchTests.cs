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
        { "metrics.`loss` > 0.05 and metric.\"acc\" > 0", "run_name", "a", false },
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
        { "(tags.team = 'Risk' or tags.team = 'risk') and metrics.loss < 0.15", "", "a", true },
        { "run_name in ('a','d') and not params.depth = '6'", "", "d", true },
    };

    /// <summary>What only the native grammar says: filter, order, expected names. Runs e and f have several points (see the test).</summary>
    public static TheoryData<string, string, string> NativeRows => new()
    {
        { "metrics.loss > -1", "run_name", "a c d" },
        { "metrics.loss is nan", "", "b" },
        { "not metrics.loss is nan", "run_name", "a c d e f" },
        { "metrics.loss is not null", "run_name", "a b c d" },
        { "metrics.loss is null", "run_name", "e f" },
        { "params.depth is null", "run_name", "d e f" },
        { "end_time is null and tags.team is not null", "run_name", "a b d" },
        { "not end_time > 5", "run_name", "a b c d e f" },
        { "metrics.acc in (0.9, -1)", "run_name", "a d" },
        { "metrics.acc not in (0.9, -1)", "run_name", "b e f" },
        { "params.depth in (6, 7)", "run_name", "a c" },
        { "params.depth in ('6', '7')", "run_name", "a c" },
        { "params.depth > 6", "", "b" },
        { "params.depth <= 1.2e1", "run_name", "a b c" },
        { "run_name not in ('a', 'b')", "run_name", "c d e f" },
        { "status in ('running') and run_name <= 'b'", "run_name", "a b" },
        { "metrics.acc between 0.8 and 0.9", "run_name", "a b f" },
        { "metrics.acc not between 0 and 0.85", "run_name", "a d" },
        { "tags.team ~ '^[Rr]isk$'", "run_name", "a b" },
        { "tags.team matches 'fraud_[0-9]'", "", "d" },
        { "tags.team !~ 'fraud'", "run_name", "a b" },
        { "tags.team not matches '(?i)RISK'", "", "d" },
        { "not tags.team ~ 'fraud'", "run_name", "a b c e f" },
        { "tags.team not like 'r%'", "run_name", "a d" },
        { "tags.team not ilike 'r%'", "", "d" },
        { "run_name ~ '[ac]'", "run_name", "a c" },
        { "metrics.acc.max > 0.8", "run_name", "a e" },
        { "max(metrics.acc) > 0.8", "run_name", "a e" },
        { "metrics.acc.min < 0.2 and metrics.acc.min > 0", "run_name", "e f" },
        { "metrics.acc.first = 0.1", "run_name", "e f" },
        { "metrics.acc.count >= 3", "run_name", "e f" },
        { "metrics.acc.max_step = 2", "", "e" },
        { "metrics.`a.max` = 5", "", "e" },
        { "metrics.`a.max`.max >= 5", "", "e" },
        { "metrics.a.max > 0", "", "" },
        { "metrics.acc at max(metrics.val) = 0.4", "", "e" },
        { "metrics.acc at metrics.val.min > 0.7", "", "f" },
        { "metrics.val at max(metrics.acc) is not null", "run_name", "e f" },
        { "experiment_id = 1 and start_time > '2020-01-01' and not start_time > '2999-01-01T00:00Z'", "run_name", "a b c d e f" },
        { "duration > 0", "", "" },
        { "(run_name = 'a' or run_name = 'b') and not (run_name = 'b')", "", "a" },
        { "", "metrics.acc.max desc|run_name", "e a b f d c" },
        { "", "metrics.acc at max(metrics.val) desc|run_name", "f e a b c d" },
        { "", "number(params.depth) desc|run_name", "b a c d e f" },
        { "", "metrics.loss|run_name", "a d c b e f" },
        { "", "max(metrics.acc)|run_name desc", "d f b a e c" },
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
    public async Task The_native_grammar_gives_the_expected_runs(string database)
    {
        var ct = TestContext.Current.CancellationToken;
        await using var room = await Fill(database, ct);
        var faults = new List<string>();
        foreach (var (filter, order, expected) in NativeRows.Select(r => r.Data))
        {
            string[] by = order.Length == 0 ? [] : order.Split('|');
            var found = await room.Tracking.SearchRuns(Someone, new RunQuery(["1"], filter, by), ct: ct);
            var names = string.Join(' ', found.Items.Select(r => r.Name));
            if (names != expected)
                faults.Add($"{filter} order by {order}: expected {expected}, got {names}");
        }

        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task Columns_of_the_answer_are_what_was_asked(string database)
    {
        var ct = TestContext.Current.CancellationToken;
        await using var room = await Fill(database, ct);
        string[] columns = ["metrics.acc.max", "metrics.acc at max(metrics.val)", "params.depth", "number(params.depth)", "run_name", "metrics.loss", "dataset.name", "metrics.acc.max_step"];
        var found = await room.Tracking.SearchRuns(Someone, new RunQuery(["1"], OrderBy: ["run_name"], Columns: columns, Brief: true), ct: ct);
        string Row(int i) => string.Join(' ', found.Items[i].Columns!.Select(c => c.Number?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? c.Text ?? "-"));
        Assert.Equal("0.9 - 6 6 a 0.1 credit 0", Row(0));
        Assert.Equal("0.8 - 12 12 b NaN - 0", Row(1));
        Assert.Equal("0.95 0.4 - - e - - 2", Row(4));
        Assert.Equal(columns, found.Items[4].Columns!.Select(c => c.Name));
        Assert.Empty(found.Items[0].Metrics);
        Assert.Null((await room.Tracking.SearchRuns(Someone, new RunQuery(["1"]), ct: ct)).Items[0].Columns);
        var e = await Assert.ThrowsAsync<HoldfastException>(() => room.Tracking.SearchRuns(Someone, new RunQuery(Columns: ["nothing.x", "metrics.a", "max(params.x)"]), ct: ct));
        Assert.Equal(["columns[0]", "columns[2]"], e.Faults.Select(f => f.Field));
    }

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task A_search_sees_every_change_that_was_acknowledged(string database)
    {
        var ct = TestContext.Current.CancellationToken;
        await using var room = await Open(database);
        async Task<string> Found(string filter, ViewType view = ViewType.ActiveOnly) =>
            string.Join(' ', (await room.Tracking.SearchRuns(Someone, new RunQuery(["1"], filter, ["run_name"], View: view), ct: ct)).Items.Select(r => r.Name));

        Assert.Equal("", await Found(""));
        var a = await room.NewRun(name: "a");
        Assert.Equal("a", await Found(""));
        Assert.Equal("", await Found("metrics.m > 1 or params.p = 'x' or tags.t like 'y%' or dataset.name = 'd'"));
        await room.Log(a, Point("m", 2));
        Assert.Equal("a", await Found("metrics.m > 1"));
        await room.Log(a, Point("m", 0, step: 1));
        Assert.Equal("", await Found("metrics.m > 1"));
        Assert.Equal("a", await Found("metrics.m.max > 1"));
        var b = await room.NewRun(name: "b");
        await room.Tracking.LogBatch(Someone, b.RunId, [], [new Param("p", "x")], [new Tag("t", "yes")], ct);
        Assert.Equal("b", await Found("params.p = 'x' and tags.t like 'y%'"));
        await room.Tracking.DeleteTag(Someone, b.RunId, "t", ct);
        Assert.Equal("", await Found("params.p = 'x' and tags.t like 'y%'"));
        await room.Tracking.LogInput(Someone, a.RunId, new RunInput("d", "1", "local", "x"), ct);
        Assert.Equal("a", await Found("dataset.name = 'd'"));
        await room.Tracking.DeleteRun(Someone, a.RunId, ct);
        Assert.Equal("b", await Found(""));
        Assert.Equal("a", await Found("", ViewType.DeletedOnly));
        await room.Tracking.UpdateRun(Someone, b.RunId, new RunChange("c", RunStatus.Finished), ct);
        Assert.Equal("c", await Found("run_name >= 'c' and status = 'finished'"));
        await room.Tracking.DeleteExperiment(Someone, "1", ct);
        Assert.Equal("a c", await Found("", ViewType.DeletedOnly));
        await room.Tracking.RestoreExperiment(Someone, "1", ct);
        Assert.Equal("a c", await Found(""));
        Assert.Empty((await room.Tracking.SearchRuns(Neighbour, new RunQuery(), ct: ct)).Items);
    }

    [Fact]
    public async Task In_memory_and_in_SQL_every_order_and_page_is_the_same()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var room = await Open(TestDatabases.Sqlite);
        var random = new Random(7);
        for (var i = 0; i < 300; i++)
        {
            var run = await room.NewRun(name: "r" + random.Next(40));
            MetricPoint[] points = random.Next(5) == 0 ? [] : [Point("m", random.Next(12) switch { 0 => double.NaN, 1 => double.PositiveInfinity, 2 => -0.0, var n => n - 5 })];
            await room.Tracking.LogBatch(
                Someone, run.RunId, points, random.Next(4) == 0 ? [] : [new Param("p", random.Next(6) switch { 0 => "x", 1 => "\uffee", 2 => "\U0001F600", var n => n.ToString(System.Globalization.CultureInfo.InvariantCulture) })],
                [], ct);
        }

        foreach (var filter in new[] { "", "metrics.m >= 0", "metrics.m != 0 or params.p > 'x'", "not params.p in (3, 4) and metrics.m is not nan", "params.p ~ '[2-4x]' and not metrics.m is null" })
        {
            foreach (string[] order in (string[][])[[], ["metrics.m"], ["metrics.m desc", "params.p"], ["params.p desc"], ["number(params.p)", "run_name desc"], ["run_name"]])
            {
                foreach (var (offset, limit) in new[] { (0, 10), (40, 25), (0, 1_000), (250, 100) })
                {
                    var search = new RunSearch(null, FilterParser.Parse(filter, RunFilter.Native), FilterParser.ParseOrder(order, RunFilter.Native), ViewType.All, limit, offset, []);
                    var expected = await room.Db.Read(tx => RunSql.Search(tx, 1, search), ct);
                    using var table = new RunTable(1);
                    var found = await room.Db.Read(tx => table.Search(tx, search), ct);
                    Assert.Equal((filter, string.Join(',', order), offset, string.Join(' ', expected.Keys)), (filter, string.Join(',', order), offset, string.Join(' ', found.Keys)));
                }
            }
        }
    }

    [Theory]
    [InlineData("metrics.a >", "Expected a number to compare metric 'a' with at position 11, found the end")]
    [InlineData("metrics.a > 'x'", "at position 12, found 'x'")]
    [InlineData("metrics.a > 1 && b = 'c'", "at position 14")]
    [InlineData("(metrics.a > 1", "Expected ')' at position 14")]
    [InlineData("metrics.a ~ 'x'", "Expected a comparison of numbers")]
    [InlineData("params.a ~ '('", "Expected a regular expression at position 11")]
    [InlineData("params.a ~ '(a)\\1'", "Expected a regular expression")]
    [InlineData("params.a in ('a', 5)", "mixes numbers and texts")]
    [InlineData("metrics.a at metrics.b > 1", "after 'at' at position 13")]
    [InlineData("metrics.a.max at max(metrics.b) > 1", "before 'at'")]
    [InlineData("median(metrics.a) > 1", "before '('")]
    [InlineData("max(params.a) > 1", "Expected a metric at position 4")]
    [InlineData("metrics.a is odd", "Expected null or nan at position 13")]
    [InlineData("params.a is nan", "Expected null")]
    [InlineData("start_time > 'soon'", "a number to compare attribute 'start_time'")]
    [InlineData("nothing.a = 'x'", "Invalid entity type 'nothing'")]
    [InlineData("status = 5", "a text in quotes")]
    public void What_is_refused_natively_names_the_place(string filter, string message)
    {
        var e = Assert.Throws<HoldfastException>(() => FilterParser.Parse(filter, RunFilter.Native));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.Contains("position", e.Message, StringComparison.Ordinal);
        Assert.NotEmpty(e.Hint!);
    }

    [Fact]
    public void Patterns_that_explode_elsewhere_do_not_here()
    {
        var regex = Holdfast.Storage.Sql.TextPattern.Of("^(a+)+$");
        Assert.DoesNotMatch(regex, new string('a', 5_000) + "!");
        Assert.NotNull(Holdfast.Storage.Sql.TextPattern.Fault(new string('a', 2_000)));
        Assert.NotNull(Holdfast.Storage.Sql.TextPattern.Fault("(?=a)b"));
    }

    [Fact]
    public void MLflow_counts_NaN_as_zero() =>
        Assert.True(((Comparison)FilterParser.Parse("metrics.loss > -1", RunFilter.Mlflow)).Field.NanAsZero);

    private static async Task<TrackingRoom> Fill(string database, CancellationToken ct)
    {
        var room = await Open(database);
        foreach (var (name, acc, loss, depth, team) in _runs)
        {
            var run = await room.NewRun(name: name);
            MetricPoint[] metrics = [.. new[] { ("acc", acc), ("loss", loss) }.Where(m => m.Item2.Length > 0).Select(m => Point(m.Item1, double.Parse(m.Item2, System.Globalization.CultureInfo.InvariantCulture)))];
            await room.Tracking.LogBatch(Someone, run.RunId, metrics, depth.Length > 0 ? [new Param("depth", depth)] : [], team.Length > 0 ? [new Tag("team", team)] : [], ct);
            if (name == "a")
                await room.Tracking.LogInput(Someone, run.RunId, new RunInput("credit", "1", "local", "x", Context: "training"), ct);
        }

        var e = await room.NewRun(name: "e");
        await room.Log(e, [Point("acc", 0.1, 0), Point("acc", 0.4, 1), Point("acc", 0.95, 2), Point("acc", 0.5, 3), Point("val", 0.2, 0), Point("val", 0.7, 1), Point("val", 0.3, 3), Point("a.max", 5)]);
        var f = await room.NewRun(name: "f");
        // The best step of val lies between two points of acc: the one before counts.
        await room.Log(f, [Point("acc", 0.1, 0), Point("acc", 0.75, 10), Point("acc", 0.8, 20), Point("val", 0.9, 15), Point("val", 0.1, 16)]);
        return room;
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
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task In_MLflows_grammar_NaN_is_found_as_zero(string database)
    {
        await using var room = await Fill(database, TestContext.Current.CancellationToken);
        var found = await room.Tracking.SearchRuns(Someone, new RunQuery(["1"], "metrics.loss > -1", ["run_name"]), RunFilter.Mlflow, TestContext.Current.CancellationToken);
        Assert.Equal("a b c d", string.Join(' ', found.Items.Select(r => r.Name)));
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
