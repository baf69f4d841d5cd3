using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Holdfast.Ui.Tests.Shell;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Holdfast.Ui.Tests.Tracking;

[Collection(InBrowser.Name)]
public sealed class RunPages(BrowserFixture browser)
{
    private const string Nasty = "<img src=x onerror=\"window.stolen=true\">";

    [Fact]
    public async Task A_run_shows_its_table_row_its_figures_its_charts_and_its_files()
    {
        var run = await SeedAsync();
        await EveryPage.LookAsync(browser, "/runs", "runs-full");
        var page = await EveryPage.LookAsync(browser, $"/runs/{run}", "run");
        await Expect(page.Locator("table.grid >> text=train/loss")).ToBeVisibleAsync();
        await Expect(page.Locator(".prose strong")).ToHaveTextAsync("deeper");
        page = await EveryPage.LookAsync(browser, $"/runs/{run}?tab=charts", "run-charts");
        await Expect(page.Locator(".line-panel[data-drawn=yes]")).ToHaveCountAsync(2);
        page = await EveryPage.LookAsync(browser, $"/runs/{run}?tab=artifacts", "run-artifacts");
        await page.ClickAsync("text=model/");
        await page.ClickAsync("text=holdfast-model.json");
        await Expect(page.Locator("[data-preview] pre")).ToContainTextAsync("\"format\": 1");
        foreach (var tab in new[] { "system", "console", "code" })
        {
            page = await EveryPage.LookAsync(browser, $"/runs/{run}?tab={tab}", "run-" + tab);
            await Expect(page.Locator(".empty, .none").First).ToBeVisibleAsync();
        }

        page = await EveryPage.LookAsync(browser, $"/runs/{run}?tab=environment", "run-environment");
        await Expect(page.GetByText("4f2c1d9")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_name_that_is_markup_is_shown_as_text_and_never_run()
    {
        var run = await CreateAsync(Nasty, status: "finished");
        // Of all experiments, the thousand runs of another test may stand above it.
        foreach (var url in new[] { "/runs?experiment=0", $"/runs/{run}", $"/runs/{run}?tab=charts" })
        {
            var (page, errors) = await browser.OpenAsync();
            await BrowserFixture.VisitAsync(page, url);
            await Expect(page.GetByText(Nasty).First).ToBeVisibleAsync();
            Assert.Equal(0, await page.Locator("main img").CountAsync());
            Assert.Equal(0, await page.Locator(".tip img").CountAsync());
            Assert.False(await page.EvaluateAsync<bool>("window.stolen === true"));
            Assert.Empty(errors);
        }
    }

    [Fact]
    public async Task The_links_that_MLflows_clients_print_open_the_run_and_the_experiment()
    {
        var run = await CreateAsync("linked", status: "finished");
        var (page, errors) = await browser.OpenAsync();
        await page.GotoAsync($"/#/experiments/0/runs/{run}");
        await page.WaitForURLAsync($"**/runs/{run}");
        await Expect(page.GetByText("linked").First).ToBeVisibleAsync();
        await page.GotoAsync("about:blank");
        await page.GotoAsync("/#/experiments/0");
        await page.WaitForURLAsync("**/runs?experiment=0");
        Assert.Empty(errors);
    }

    [Fact]
    public async Task A_filter_is_typed_applied_and_stands_in_the_address()
    {
        await SeedAsync();
        var (page, errors) = await browser.OpenAsync();
        await BrowserFixture.VisitAsync(page, "/runs");
        await page.Keyboard.PressAsync("/");
        await page.Keyboard.TypeAsync("metrics.`val/accuracy` > 0.5 and params.depth = '6'");
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync("**/runs?filter=**");
        await Expect(page.Locator(".runs-table tbody")).Not.ToContainTextAsync("onerror");
        await Expect(page.Locator(".runs-table tbody tr[data-run]")).Not.ToHaveCountAsync(0);

        await page.FillAsync("[data-filter]", "metrics.accuracy >");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("[role=alert] h2").First).ToHaveTextAsync("The filter cannot be read");
        // The refusal itself is all that the console may say.
        Assert.All(errors, e => Assert.Contains("400", e, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Keys_move_through_the_rows_and_open_one()
    {
        await SeedAsync();
        var (page, _) = await browser.OpenAsync();
        await BrowserFixture.VisitAsync(page, "/runs");
        await page.Keyboard.PressAsync("j");
        await Expect(page.Locator("tr.at")).ToHaveCountAsync(1);
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync("**/runs/*");
    }

    [Fact]
    public async Task The_console_shows_what_comes_and_finds_words_in_it()
    {
        var run = await CreateAsync("talker", status: "running");
        await PrintAsync(run, 1, "stdout", "epoch 1\nloss 0.5\n\u001b[32mdone\u001b[0m 10 %\r20 %\n");
        await PrintAsync(run, 2, "stderr", "warning: <img src=x onerror=alert(1)>\n");
        var (page, errors) = await browser.OpenAsync();
        await BrowserFixture.VisitAsync(page, $"/runs/{run}?tab=console");
        await Expect(page.Locator(".console-lines > div")).ToHaveCountAsync(4);
        await Expect(page.Locator(".console-lines > div").Nth(2)).ToHaveTextAsync("320 %");
        await Expect(page.Locator(".console-lines .stderr")).ToContainTextAsync("warning: <img");
        await PrintAsync(run, 3, "stdout", "epoch 2\n");
        await Expect(page.Locator(".console-lines > div")).ToHaveCountAsync(5);
        await page.Keyboard.PressAsync("/");
        await page.Keyboard.TypeAsync("^epoch");
        await Expect(page.Locator(".console-lines > div")).ToHaveCountAsync(2);
        await Expect(page.GetByText("2 of 5 lines")).ToBeVisibleAsync();
        await EveryPage.PictureAsync(page, "run-console-full");
        Assert.Empty(errors);
    }

    [Fact]
    public async Task The_code_of_a_run_is_shown_and_that_of_two_compared()
    {
        var (first, second) = (await CreateAsync("one", status: "finished"), await CreateAsync("two", status: "finished"));
        await StoreAsync(first, "holdfast/code.diff", "diff --git a/train.py b/train.py\n--- a/train.py\n+++ b/train.py\n@@ -1 +1 @@\n-lr = 0.1\n+lr = 0.2\n");
        await StoreAsync(second, "holdfast/code.diff", "diff --git a/train.py b/train.py\n--- a/train.py\n+++ b/train.py\n@@ -1 +1 @@\n-lr = 0.1\n+lr = 0.3\n");
        var (page, errors) = await browser.OpenAsync();
        await BrowserFixture.VisitAsync(page, $"/runs/{first}?tab=code");
        await Expect(page.Locator("[data-patch] .added")).ToHaveTextAsync("+lr = 0.2");
        await EveryPage.PictureAsync(page, "run-code");
        await BrowserFixture.VisitAsync(page, $"/compare?tab=code&runs={first},{second}");
        await Expect(page.Locator("[data-patch] .removed")).ToHaveTextAsync("- +lr = 0.2");
        await Expect(page.Locator("[data-patch] .added")).ToHaveTextAsync("+ +lr = 0.3");
        Assert.Empty(errors);
    }

    [Fact]
    public async Task A_note_is_written_and_a_run_renamed_on_its_page()
    {
        var run = await CreateAsync("plain", status: "finished");
        var (page, errors) = await browser.OpenAsync();
        await BrowserFixture.VisitAsync(page, $"/runs/{run}");
        await page.ClickAsync("[data-do=note]");
        await page.FillAsync("dialog textarea", "## Why\n\nA **try**.");
        await page.Locator("dialog").GetByText("Save").ClickAsync();
        await Expect(page.Locator(".prose strong")).ToHaveTextAsync("try");
        await page.ClickAsync("[data-do=run]");
        await page.GetByRole(AriaRole.Menuitem, new() { Name = "Rename…" }).ClickAsync();
        await page.FillAsync("dialog input[name=name]", "better name");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("h1")).ToHaveTextAsync("better name");
        Assert.Empty(errors);
    }

    private Task<System.Text.Json.JsonDocument> PrintAsync(string run, int seq, string stream, string text) =>
        SendAsync($"/api/v1/runs/{run}/console", new { source = "test", pieces = new[] { new { seq, at = DateTimeOffset.UnixEpoch, stream, text } } });

    private async Task StoreAsync(string run, string path, string text)
    {
        using var file = new StringContent(text, Encoding.UTF8, "application/octet-stream");
        using var stored = await browser.Server.Http.PutAsync(new Uri($"/api/v1/runs/{run}/artifacts/{path}", UriKind.Relative), file);
        Assert.True(stored.IsSuccessStatusCode, await stored.Content.ReadAsStringAsync());
    }

    internal async Task<string> SeedAsync()
    {
        var run = await CreateAsync("gradient boosting, depth 6", status: "finished");
        var metrics = new List<object>();
        for (var step = 0; step < 400; step++)
        {
            var at = DateTimeOffset.FromUnixTimeMilliseconds(1_780_000_000_000 + (step * 1000));
            metrics.Add(new { key = "train/loss", value = (0.9 * Math.Exp(-step / 90.0)) + 0.1 + (0.02 * Math.Sin(step)), timestamp = at, step });
            metrics.Add(new { key = "val/accuracy", value = 0.92 - (0.4 * Math.Exp(-step / 60.0)), timestamp = at, step });
        }

        await SendAsync($"/api/v1/runs/{run}/batch", new
        {
            metrics,
            @params = new[] { new { key = "depth", value = "6" }, new { key = "learning_rate", value = "0.05" }, new { key = "trees", value = "400" } },
            tags = new[] { new { key = "git.commit", value = "4f2c1d9" }, new { key = "mlflow.note.content", value = "A **deeper** one." } },
        });
        await SendAsync($"/api/v1/runs/{run}/inputs", new[] { new { name = "applications", digest = "v1", source_type = "holdfast", source = "applications@v1", context = "training" } });
        using var file = new StringContent("{\"format\":1}", Encoding.UTF8, "application/octet-stream");
        using var stored = await browser.Server.Http.PutAsync(new Uri($"/api/v1/runs/{run}/artifacts/model/holdfast-model.json", UriKind.Relative), file);
        Assert.True(stored.IsSuccessStatusCode, await stored.Content.ReadAsStringAsync());
        await SendAsync($"/api/v1/runs/{run}", new { status = "finished", end_time = DateTimeOffset.FromUnixTimeMilliseconds(1_780_000_410_000) }, HttpMethod.Patch);
        return run;
    }

    internal async Task<string> CreateAsync(string name, string status)
    {
        using var made = await SendAsync("/api/v1/runs", new { experiment_id = "0", name, user = "ada", start_time = DateTimeOffset.FromUnixTimeMilliseconds(1_780_000_000_000) });
        var run = made.RootElement.GetProperty("run_id").GetString()!;
        if (name == Nasty)
        {
            await SendAsync($"/api/v1/runs/{run}", new { status }, HttpMethod.Patch);
        }

        return run;
    }

    internal async Task<JsonDocument> SendAsync(string url, object body, HttpMethod? method = null)
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Post, url) { Content = JsonContent.Create(body) };
        using var answer = await browser.Server.Http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, string.Create(CultureInfo.InvariantCulture, $"{url}: {(int)answer.StatusCode} {text}"));
        return JsonDocument.Parse(text.Length == 0 ? "{}" : text);
    }
}
