using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Holdfast.Ui.Tests.Shell;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Holdfast.Ui.Tests.Tracking;

/// <summary>The page of runs as people work with it: table, charts, groups, views, actions, all of it in the address.</summary>
[Collection(InBrowser.Name)]
public sealed class RunWorkspace(BrowserFixture browser)
{
    private const string Row = ".runs-table tbody tr[data-run]";

    [Fact]
    public async Task Table_and_charts_stand_on_one_page()
    {
        var experiment = await SeedAsync("one page", runs: 6, steps: 50);
        var page = await EveryPage.LookAsync(browser, $"/runs?experiment={experiment}", "runs");
        await Expect(page.Locator(Row)).ToHaveCountAsync(6);
        await Expect(page.Locator(".line-panel[data-drawn=yes][data-count='6']")).ToHaveCountAsync(2);
        await Expect(page.Locator("[data-section=train] h2")).ToHaveTextAsync("train");
        await Expect(page.Locator(Row).First.Locator(".badge")).ToHaveTextAsync("running");

        await page.FillAsync("[data-panel-search]", "^val/");
        await Expect(page.Locator(".line-panel")).ToHaveCountAsync(1);
    }

    [Fact]
    public async Task An_eye_hides_a_run_in_every_chart_and_the_address_keeps_it()
    {
        var experiment = await SeedAsync("eyes", runs: 4, steps: 20);
        var (page, errors) = await VisitAsync($"/runs?experiment={experiment}");
        await Expect(page.Locator(".line-panel[data-count='4']")).ToHaveCountAsync(2);
        await page.Locator(Row).Nth(1).Locator(".eye").ClickAsync();
        await Expect(page.Locator(".line-panel[data-count='3']")).ToHaveCountAsync(2);
        Assert.Contains("off=", page.Url, StringComparison.Ordinal);
        await page.ReloadAsync();
        await Expect(page.Locator(".line-panel[data-count='3']")).ToHaveCountAsync(2);
        await Expect(page.Locator(Row).Nth(1)).ToHaveAttributeAsync("data-shown", "no");
        Assert.Empty(errors);
    }

    [Fact]
    public async Task Keys_move_hide_and_choose()
    {
        var experiment = await SeedAsync("keys", runs: 3, steps: 5);
        var (page, _) = await VisitAsync($"/runs?experiment={experiment}");
        await page.Keyboard.PressAsync("j");
        await page.Keyboard.PressAsync("j");
        await Expect(page.Locator(Row).Nth(1)).ToHaveClassAsync(new System.Text.RegularExpressions.Regex(@"\bat\b"));
        await page.Keyboard.PressAsync("Space");
        await Expect(page.Locator(Row).Nth(1)).ToHaveAttributeAsync("data-shown", "no");
        await page.Keyboard.PressAsync("x");
        await Expect(page.Locator(".bulk b")).ToHaveTextAsync("1 chosen");
        await page.Keyboard.PressAsync("k");
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync("**/runs/*");
    }

    [Fact]
    public async Task The_pointer_reads_all_runs_sorted_and_a_drag_zooms()
    {
        var experiment = await SeedAsync("pointer", runs: 5, steps: 2000);
        var (page, errors) = await VisitAsync($"/runs?experiment={experiment}");
        var plot = page.Locator(".line-panel[data-key='train/loss'][data-drawn=yes] .plot");
        await plot.ScrollIntoViewIfNeededAsync();
        var box = (await plot.BoundingBoxAsync())!;
        await page.Mouse.MoveAsync(box.X + (box.Width / 2), box.Y + 40);
        await Expect(page.Locator(".tip tbody tr")).ToHaveCountAsync(5);
        var shown = (await page.Locator(".tip tbody tr td:nth-child(2)").AllInnerTextsAsync()).Select(t => double.Parse(t, CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(shown.OrderDescending(), shown);

        var asked = page.WaitForRequestAsync(r => r.Url.EndsWith("/runs/series", StringComparison.Ordinal) && r.PostData?.Contains("\"from\"", StringComparison.Ordinal) == true);
        await page.Mouse.MoveAsync(box.X + (box.Width * 0.4f), box.Y + 60);
        await page.Mouse.DownAsync();
        await page.Mouse.MoveAsync(box.X + (box.Width * 0.6f), box.Y + 62, new MouseMoveOptions { Steps = 4 });
        await page.Mouse.UpAsync();
        await asked;
        await page.WaitForURLAsync("**zoom=*");
        await Expect(page.GetByText("Reset zoom")).ToBeVisibleAsync();
        await plot.DblClickAsync();
        await page.WaitForFunctionAsync("() => !location.search.includes('zoom')");
        Assert.Empty(errors);
    }

    [Fact]
    public async Task Every_setting_of_the_charts_survives_a_reload()
    {
        var experiment = await SeedAsync("settings", runs: 3, steps: 40);
        var (page, errors) = await VisitAsync($"/runs?experiment={experiment}");
        await page.SelectOptionAsync("[aria-label='Horizontal axis']", "relative");
        await page.Locator("[aria-label=Smoothing]").FillAsync("0.5");
        await page.SelectOptionAsync("[aria-label='Way of smoothing']", "gaussian");
        await page.GetByLabel("Log y").CheckAsync();
        await page.GetByLabel("Outliers").UncheckAsync();
        await page.ReloadAsync();
        await Expect(page.Locator("[aria-label='Horizontal axis']")).ToHaveValueAsync("relative");
        await Expect(page.Locator("[aria-label=Smoothing]")).ToHaveValueAsync("0.5");
        await Expect(page.Locator("[aria-label='Way of smoothing']")).ToHaveValueAsync("gaussian");
        await Expect(page.GetByLabel("Log y")).ToBeCheckedAsync();
        await Expect(page.GetByLabel("Outliers")).Not.ToBeCheckedAsync();
        await page.SelectOptionAsync("[aria-label='Horizontal axis']", "m:train/loss");
        await Expect(page.Locator(".line-panel[data-key='val/accuracy'][data-count='3']")).ToBeVisibleAsync();
        Assert.Empty(errors);
    }

    [Fact]
    public async Task Groups_are_counted_and_drawn_as_a_mean()
    {
        var experiment = await SeedAsync("groups", runs: 6, steps: 30);
        var (page, errors) = await VisitAsync($"/runs?experiment={experiment}&group=params.depth");
        await Expect(page.Locator(".runs-table tr.group")).ToHaveCountAsync(2);
        await Expect(page.Locator(".runs-table tr.group .chip")).ToHaveTextAsync(["3", "3"]);
        await Expect(page.Locator(".line-panel[data-count='2']")).ToHaveCountAsync(2);
        await page.Locator(".runs-table tr.group").First.Locator("[aria-expanded]").ClickAsync();
        await Expect(page.Locator(Row)).ToHaveCountAsync(3);
        await EveryPage.PictureAsync(page, "runs-groups");
        Assert.Empty(errors);
    }

    [Fact]
    public async Task Columns_are_chosen_pinned_and_sorted()
    {
        var experiment = await SeedAsync("columns", runs: 4, steps: 5);
        var (page, errors) = await VisitAsync($"/runs?experiment={experiment}");
        await page.GetByRole(AriaRole.Button, new() { Name = "val/accuracy", Exact = true }).ClickAsync();
        await Expect(page.Locator("th[aria-sort=descending]")).ToContainTextAsync("val/accuracy");
        await Expect(page.Locator(Row).First).ToContainTextAsync("run 3");
        await page.GetByRole(AriaRole.Button, new() { Name = "Column val/accuracy" }).ClickAsync();
        await page.GetByRole(AriaRole.Menuitem, new() { Name = "Pin to the left" }).ClickAsync();
        await Expect(page.Locator("th.pinned")).ToHaveCountAsync(2);
        await page.GetByRole(AriaRole.Button, new() { Name = "Columns", Exact = true }).ClickAsync();
        await page.Locator(".popover").GetByText("depth").ClickAsync();
        await page.ReloadAsync();
        await Expect(page.Locator("th.pinned")).ToHaveCountAsync(2);
        await Expect(page.Locator(".runs-table thead")).Not.ToContainTextAsync("depth");
        await Expect(page.Locator(Row).First).ToContainTextAsync("run 3");
        Assert.Empty(errors);
    }

    [Fact]
    public async Task Deleting_many_can_be_undone()
    {
        var experiment = await SeedAsync("bulk", runs: 4, steps: 5);
        var (page, errors) = await VisitAsync($"/runs?experiment={experiment}");
        await page.Locator(Row).Nth(0).Locator("input[type=checkbox]").CheckAsync();
        await page.Locator(Row).Nth(2).Locator("input[type=checkbox]").ClickAsync(new LocatorClickOptions { Modifiers = [KeyboardModifier.Shift] });
        await Expect(page.Locator(".bulk b")).ToHaveTextAsync("3 chosen");
        await page.Locator(".bulk").GetByText("Delete").ClickAsync();
        await Expect(page.Locator(Row)).ToHaveCountAsync(1);
        await page.Locator(".toast").GetByText("Undo").ClickAsync();
        await Expect(page.Locator(Row)).ToHaveCountAsync(4);
        Assert.Empty(errors);
    }

    [Fact]
    public async Task Runs_move_to_another_experiment_and_back()
    {
        var (from, to) = (await SeedAsync("leaving", runs: 3, steps: 2), await SeedAsync("arriving", runs: 0, steps: 0));
        var (page, errors) = await VisitAsync($"/runs?experiment={from}");
        await page.Locator(Row).Nth(0).Locator("input[type=checkbox]").CheckAsync();
        await page.Locator(".bulk").GetByText("Move…").ClickAsync();
        await page.SelectOptionAsync("dialog select", to);
        await page.Locator("dialog button[type=submit]").ClickAsync();
        await Expect(page.Locator(Row)).ToHaveCountAsync(2);
        await page.Locator(".toast").GetByText("Undo").ClickAsync();
        await Expect(page.Locator(Row)).ToHaveCountAsync(3);
        Assert.Empty(errors);
    }

    [Fact]
    public async Task Runs_are_exported_as_a_table_that_no_spreadsheet_runs()
    {
        var experiment = await SeedAsync("export", runs: 2, steps: 5);
        await SendAsync("/api/v1/runs", new { experiment_id = experiment, name = "=HYPERLINK(\"x\")", tags = new Dictionary<string, string> { ["note"] = "a,b" } });
        var (page, _) = await VisitAsync($"/runs?experiment={experiment}");
        var saved = await page.RunAndWaitForDownloadAsync(() => page.Locator(".runs-left .pager").GetByText("CSV").ClickAsync());
        var lines = await File.ReadAllLinesAsync(await saved.PathAsync(), TestContext.Current.CancellationToken);
        Assert.Equal(4, lines.Length);
        Assert.StartsWith("name,id,state,started,duration_s,user,experiment,metrics.train/loss,metrics.val/accuracy,params.depth", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("\"'=HYPERLINK(\"\"x\"\")\"", lines[1], StringComparison.Ordinal);
        Assert.Contains("\"a,b\"", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_view_is_saved_and_opened()
    {
        var experiment = await SeedAsync("views", runs: 3, steps: 5);
        var (page, errors) = await VisitAsync($"/runs?experiment={experiment}&group=params.depth&smooth=0.3");
        await page.GetByRole(AriaRole.Button, new() { Name = "Views" }).ClickAsync();
        await page.GetByText("Save this view…").ClickAsync();
        await page.FillAsync("dialog input[name=name]", "by depth");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator(".toast")).ToContainTextAsync("saved");
        await BrowserFixture.VisitAsync(page, $"/runs?experiment={experiment}");
        await page.GetByRole(AriaRole.Button, new() { Name = "Views" }).ClickAsync();
        await page.Locator(".popover").GetByText("by depth").ClickAsync();
        await Expect(page.Locator(".runs-table tr.group")).ToHaveCountAsync(2);
        Assert.Contains("smooth=0.3", page.Url, StringComparison.Ordinal);
        Assert.Empty(errors);
    }

    [Fact]
    public async Task New_runs_points_and_states_appear_without_a_reload()
    {
        var experiment = await SeedAsync("live", runs: 1, steps: 5);
        var (page, errors) = await VisitAsync($"/runs?experiment={experiment}");
        await Expect(page.Locator(Row)).ToHaveCountAsync(1);
        await page.EvaluateAsync("window.same = true");
        using var made = await SendAsync("/api/v1/runs", new { experiment_id = experiment, name = "newcomer" });
        var run = made.RootElement.GetProperty("run_id").GetString();
        await Expect(page.Locator(Row)).ToHaveCountAsync(2);
        await Expect(page.Locator(".runs-table")).ToContainTextAsync("newcomer");
        await SendAsync($"/api/v1/runs/{run}/batch", new { metrics = new[] { new { key = "train/loss", value = 0.125, timestamp = DateTimeOffset.UnixEpoch, step = 1 } } });
        await Expect(page.Locator($"tr[data-run='{run}']")).ToContainTextAsync("0.125");
        await Expect(page.Locator(".line-panel[data-key='train/loss'][data-count='2']")).ToBeVisibleAsync();
        await SendAsync($"/api/v1/runs/{run}", new { status = "failed" }, HttpMethod.Patch);
        await Expect(page.Locator($"tr[data-run='{run}'] .badge")).ToHaveTextAsync("failed");
        Assert.True(await page.EvaluateAsync<bool>("window.same === true"));
        Assert.Empty(errors);
    }

    [Fact]
    public async Task A_baseline_shows_differences_in_the_table()
    {
        var experiment = await SeedAsync("baseline", runs: 3, steps: 5);
        var (page, errors) = await VisitAsync($"/runs?experiment={experiment}");
        await page.Keyboard.PressAsync("j");
        await page.Keyboard.PressAsync("b");
        await Expect(page.Locator("tr.base")).ToHaveCountAsync(1);
        await Expect(page.Locator("small.delta.good, small.delta.bad")).Not.ToHaveCountAsync(0);
        Assert.Contains("baseline=", page.Url, StringComparison.Ordinal);
        Assert.Empty(errors);
    }

    [Fact]
    public async Task A_run_has_the_same_colour_on_every_page()
    {
        var experiment = await SeedAsync("colours", runs: 1, steps: 5);
        var (page, _) = await VisitAsync($"/runs?experiment={experiment}");
        const string colour = "e => getComputedStyle(e).backgroundColor";
        var inTable = await page.Locator(Row + " .dot").EvaluateAsync<string>(colour);
        var run = await page.Locator(Row).GetAttributeAsync("data-run");
        await BrowserFixture.VisitAsync(page, $"/runs/{run}");
        await Expect(page.Locator("h1 ~ .dot")).ToHaveCSSAsync("background-color", inTable);
        await SendAsync($"/api/v1/runs/{run}", new { tags = new Dictionary<string, string> { ["mlflow.runColor"] = "#123456" } }, HttpMethod.Patch);
        await page.ReloadAsync();
        await Expect(page.Locator("h1 ~ .dot")).ToHaveCSSAsync("background-color", "rgb(18, 52, 86)");
    }

    [Fact]
    public async Task A_thousand_runs_are_all_drawn()
    {
        var experiment = await SeedAsync("thousand", runs: 1000, steps: 2);
        var (page, errors) = await VisitAsync($"/runs?experiment={experiment}&show=1000");
        await Expect(page.Locator(".line-panel[data-key='train/loss'][data-count='1000']")).ToBeVisibleAsync(new() { Timeout = 30_000 });
        await Expect(page.Locator(".runs-left .pager")).ToContainTextAsync("1,000 runs, 1000 in the charts");
        // Only the rows that can be seen are elements.
        Assert.InRange(await page.Locator(Row).CountAsync(), 5, 100);
        Assert.Empty(errors);
    }

    [Theory]
    [InlineData("parallel")]
    [InlineData("scatter")]
    public async Task Runs_are_related_to_each_other(string chart)
    {
        var experiment = await SeedAsync("related", runs: 5, steps: 5);
        var (page, errors) = await VisitAsync($"/runs?experiment={experiment}&chart={chart}");
        await Expect(page.Locator($"[data-drawn-relation={chart}] canvas").First).ToBeVisibleAsync();
        if (chart == "parallel")
        {
            // The accuracy rises with the seed, run by run.
            await Expect(page.Locator(".strengths tr").Filter(new() { HasText = "seed" })).ToContainTextAsync("+1.00");
        }

        await EveryPage.PictureAsync(page, "runs-" + chart);
        Assert.Empty(errors);
    }

    [Fact]
    public async Task The_arithmetic_of_the_charts_is_that_of_their_words()
    {
        var (page, errors) = await VisitAsync("/runs");
        var found = await page.EvaluateAsync<double[]>("""
            async () => {
              const { smooth, combine, ticks } = await import('/_content/Holdfast.Ui/holdfast-lines.js');
              const x = Float64Array.from({ length: 50 }, (_, i) => i), flat = new Float64Array(50).fill(3), step = x.map(i => i < 25 ? 0 : 1);
              const trace = y => ({ x, y, raw: y, min: y, max: y });
              const group = combine([trace(flat), trace(x.map(() => 5)), trace(x.map(() => 10))], 'std');
              const wide = combine([trace(flat), trace(x.map(() => 5)), trace(x.map(() => 10))], 'minmax');
              const odd = combine([{ ...trace(flat) }, { x: Float64Array.of(0, 20), y: Float64Array.of(3, 7), raw: null }], 'minmax');
              const holes = Float64Array.from(flat); holes[10] = NaN;
              return [
                ...['ema', 'gaussian', 'average'].map(kind => smooth(x, flat, 0.9, kind)[30]),
                smooth(x, step, 0.5, 'none')[25], smooth(x, step, 0.5, 'average')[24], smooth(x, step, 0.9, 'gaussian')[49] > 0.99 ? 1 : 0,
                smooth(x, holes, 0.9, 'ema')[10],
                group.y[7], group.high[7] - group.y[7], wide.low[7], wide.high[7], wide.n[7],
                odd.n[0], odd.n[odd.n.length - 1], odd.y[odd.x.length - 1],
                ...ticks(0, 1, 4, false), ...ticks(1, 1000, 4, true).filter(t => t === 1 || t === 10 || t === 100 || t === 1000),
              ];
            }
            """);
        // Means and the band of 3, 5 and 10: their sample standard deviation is the root of 13.
        double[] expected = [3, 3, 3, 1, 1.0 / 3, 1, 3, 6, Math.Sqrt(13), 3, 10, 3, 2, 1, 3, 0, 0.25, 0.5, 0.75, 1, 1, 10, 100, 1000];
        Assert.Equal(expected.Length, found.Length);
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, 9));
        Assert.Empty(errors);
    }

    [Fact]
    public async Task A_phone_reads_the_runs_without_scrolling_the_page_sideways()
    {
        var experiment = await SeedAsync("phone", runs: 3, steps: 5);
        var (page, _) = await browser.OpenAsync(width: 420);
        await BrowserFixture.VisitAsync(page, $"/runs?experiment={experiment}");
        Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth"));
        await EveryPage.PictureAsync(page, "runs-phone");
    }

    [Fact]
    public async Task Compared_runs_show_what_differs_and_which_is_best()
    {
        var experiment = await SeedAsync("compared", runs: 3, steps: 5);
        var (page, errors) = await VisitAsync($"/runs?experiment={experiment}");
        await page.GetByLabel("Choose all").CheckAsync();
        await page.Locator(".bulk").GetByText("Compare").ClickAsync();
        await page.WaitForURLAsync("**/compare?*");
        await Expect(page.Locator("[data-compare=params] tbody tr")).ToHaveCountAsync(2);
        await Expect(page.Locator("[data-compare=metrics] td.best")).ToHaveCountAsync(2);
        await page.ClickAsync("[data-differing]");
        await Expect(page.Locator("[data-compare=params] tbody tr")).ToHaveCountAsync(3);
        await Expect(page.Locator("[data-compare=params]")).ToContainTextAsync("trees");
        await page.ClickAsync("text=Runs as rows");
        await Expect(page.Locator("[data-compare=params] tbody tr")).ToHaveCountAsync(3);
        await EveryPage.PictureAsync(page, "compare");
        foreach (var (tab, shown) in new[] { ("Charts", "[data-lines][data-drawn=yes]"), ("Parallel", "[data-kind=parallel][data-drawn=yes] canvas"), ("Scatter", "[data-kind=scatter][data-drawn=yes] canvas"), ("Code", "text=Code of the first two") })
        {
            await page.Locator("nav.tabs").GetByText(tab).ClickAsync();
            await Expect(page.Locator(shown).First).ToBeVisibleAsync();
            await EveryPage.PictureAsync(page, "compare-" + tab.ToLowerInvariant());
        }

        Assert.Empty(errors);
    }

    /// <summary>An experiment of runs with two metrics and three params: depth and seed differ, trees do not.</summary>
    internal async Task<string> SeedAsync(string name, int runs, int steps)
    {
        using var made = await SendAsync("/api/v1/experiments", new { name = name + " " + Holdfast.Kernel.Ids.Hex32()[..8] });
        var experiment = made.RootElement.GetProperty("id").GetInt32().ToString(CultureInfo.InvariantCulture);
        await Parallel.ForAsync(0, runs, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, _) =>
        {
            var start = DateTimeOffset.FromUnixTimeMilliseconds(1_780_000_000_000 - (i * 60_000L));
            using var run = await SendAsync("/api/v1/runs", new { experiment_id = experiment, name = $"run {i}", user = "ada", start_time = start });
            var id = run.RootElement.GetProperty("run_id").GetString();
            await SendAsync($"/api/v1/runs/{id}/batch", new { @params = new[] { new { key = "depth", value = (4 + (i % 2 * 2)).ToString(CultureInfo.InvariantCulture) }, new { key = "seed", value = i.ToString(CultureInfo.InvariantCulture) }, new { key = "trees", value = "400" } } });
            foreach (var part in Enumerable.Range(0, steps).Chunk(500))
            {
                await SendAsync($"/api/v1/runs/{id}/batch", new
                {
                    metrics = part.SelectMany(step => new[]
                    {
                        new { key = "train/loss", value = (1.0 + (0.1 * i)) * Math.Exp(-step / 500.0), timestamp = start.AddSeconds(step), step },
                        new { key = "val/accuracy", value = 0.5 + (0.01 * i) + (0.0001 * step), timestamp = start.AddSeconds(step), step },
                    }),
                });
            }
        });
        return experiment;
    }

    private async Task<(IPage Page, List<string> Errors)> VisitAsync(string url)
    {
        var opened = await browser.OpenAsync();
        await BrowserFixture.VisitAsync(opened.Page, url);
        return opened;
    }

    private async Task<JsonDocument> SendAsync(string url, object body, HttpMethod? method = null)
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Post, url) { Content = JsonContent.Create(body) };
        using var answer = await browser.Server.Http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, string.Create(CultureInfo.InvariantCulture, $"{url}: {(int)answer.StatusCode} {text}"));
        return JsonDocument.Parse(text.Length == 0 ? "{}" : text);
    }
}
