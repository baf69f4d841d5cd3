using System.Globalization;
using System.IO.Compression;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Holdfast.Ui.Tests.Shell;
using static Microsoft.Playwright.Assertions;

namespace Holdfast.Ui.Tests.Registry;

[Collection(InBrowser.Name)]
public sealed class ModelPages(BrowserFixture browser)
{
    [Fact]
    public async Task A_model_shows_its_versions_and_a_version_its_origin()
    {
        var model = await SeedAsync();
        var page = await EveryPage.LookAsync(browser, $"/models/{model}", "model");
        await Expect(page.Locator("table.grid tbody tr")).ToHaveCountAsync(2);
        await Expect(page.Locator(".prose strong")).ToHaveTextAsync("risk");
        page = await EveryPage.LookAsync(browser, $"/models/{model}/versions/1", "model-version");
        await Expect(page.Locator("svg.graph")).ToContainTextAsync("applications@v1");
        await Expect(page.Locator("svg.graph")).ToContainTextAsync("trainer 1");
        await Expect(page.Locator("main")).ToContainTextAsync("income");
    }

    [Fact]
    public async Task Two_versions_are_compared()
    {
        var model = await SeedAsync();
        var (page, errors) = await browser.OpenAsync();
        await BrowserFixture.VisitAsync(page, $"/models/{model}");
        await page.ClickAsync(".compare-two >> text=Compare");
        await page.WaitForURLAsync("**/compare?a=1&b=2");
        await Expect(page.Locator("[data-compare=metrics] td.best")).ToHaveTextAsync("0.9");
        await Expect(page.Locator("[data-compare=signature] tr.differs")).ToHaveCountAsync(1);
        await Expect(page.Locator("[data-compare=signature] tr.differs")).ToContainTextAsync("input age");
        await Expect(page.Locator("[data-compare=origin]")).ToContainTextAsync("applications@v2");
        await EveryPage.PictureAsync(page, "model-compare");
        Assert.Empty(errors);
    }

    [Fact]
    public async Task An_alias_is_given_and_taken_away_and_that_can_be_undone()
    {
        var model = await SeedAsync();
        var (page, errors) = await browser.OpenAsync();
        await BrowserFixture.VisitAsync(page, $"/models/{model}/versions/2");
        await page.ClickAsync("text=+ alias");
        await page.FillAsync("dialog input[name=alias]", "champion");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator(".titled .chip")).ToContainTextAsync("champion");
        await page.ClickAsync("[aria-label='Remove the alias champion']");
        await Expect(page.Locator(".titled .chip")).ToHaveCountAsync(0);
        await page.Locator(".toast").GetByText("Undo").ClickAsync();
        await Expect(page.Locator(".titled .chip")).ToContainTextAsync("champion");
        Assert.Empty(errors);
    }

    [Fact]
    public async Task A_description_is_written_in_Markdown()
    {
        var model = await SeedAsync();
        var (page, errors) = await browser.OpenAsync();
        await BrowserFixture.VisitAsync(page, $"/models/{model}/versions/1");
        await page.Locator("[data-do=describe]").ClickAsync();
        await page.FillAsync("dialog textarea", "Better on **new** customers.\n\n<script>window.stolen = true</script>");
        await page.Locator("dialog").GetByText("Save").ClickAsync();
        await Expect(page.Locator(".prose strong").First).ToHaveTextAsync("new");
        await Expect(page.Locator(".prose").First).ToContainTextAsync("<script>");
        Assert.False(await page.EvaluateAsync<bool>("window.stolen === true"));
        Assert.Empty(errors);
    }

    [Fact]
    public async Task A_card_is_written_and_comments_are_made_changed_and_taken_away()
    {
        var model = await SeedAsync();
        var (page, errors) = await browser.OpenAsync();
        await BrowserFixture.VisitAsync(page, $"/models/{model}/versions/2");
        await page.ClickAsync("[data-do=card]");
        await page.FillAsync("dialog textarea", "Not for **mortgages**.");
        await page.Locator("dialog").GetByText("Save").ClickAsync();
        await Expect(page.Locator("[data-card] .prose")).ToContainTextAsync("mortgages");
        await page.Locator("[data-comments] header").GetByText("Comment").Last.ClickAsync();
        await page.FillAsync("dialog textarea", "Looks *fine*.");
        await page.Locator("dialog button[type=submit]").ClickAsync();
        await Expect(page.Locator(".comment em")).ToHaveTextAsync("fine");
        await page.Locator(".comment").GetByText("Change").ClickAsync();
        await page.FillAsync("dialog textarea", "Looks *good*.");
        await page.Locator("dialog button[type=submit]").ClickAsync();
        await Expect(page.Locator(".comment em")).ToHaveTextAsync("good");
        await EveryPage.PictureAsync(page, "model-version-comments");
        await page.Locator(".comment").GetByText("Delete").ClickAsync();
        await Expect(page.Locator(".comment")).ToHaveCountAsync(0);
        Assert.Empty(errors);
    }

    private async Task<string> SeedAsync()
    {
        var model = "credit-" + Holdfast.Kernel.Ids.Hex32()[..8];
        for (var version = 1; version <= 2; version++)
        {
            using var made = await SendAsync("/api/v1/runs", new { experiment_id = "0", name = $"trainer {version}" });
            var run = made.RootElement.GetProperty("run_id").GetString();
            await SendAsync($"/api/v1/runs/{run}/batch", new { metrics = new[] { new { key = "accuracy", value = version == 1 ? 0.8 : 0.9, timestamp = DateTimeOffset.UnixEpoch, step = 0 } } });
            using var body = new ByteArrayContent(Package(version)) { Headers = { ContentType = new MediaTypeHeaderValue("application/zip") } };
            using var stored = await browser.Server.Http.PostAsync(new Uri($"/api/v1/models/{model}/versions?run_id={run}&dataset_version=applications@v{version}", UriKind.Relative), body);
            Assert.True(stored.IsSuccessStatusCode, await stored.Content.ReadAsStringAsync());
        }

        await SendAsync($"/api/v1/models/{model}", new { description = "Scores the **risk** of a loan." }, HttpMethod.Patch);
        return model;
    }

    private static byte[] Package(int version)
    {
        var inputs = new List<object> { new { name = "income", datatype = "FP32" } };
        if (version == 2)
        {
            inputs.Add(new { name = "age", datatype = "INT64" });
        }

        var manifest = JsonSerializer.Serialize(new { format = 1, backend = "constant", file = "", task = "binary", signature = new { inputs, outputs = new[] { new { name = "score", datatype = "FP32" } } } });
        using var memory = new MemoryStream();
        using (var zip = new ZipArchive(memory, ZipArchiveMode.Create, leaveOpen: true))
        {
            using var writer = new StreamWriter(zip.CreateEntry("holdfast-model.json").Open());
            writer.Write(manifest);
        }

        return memory.ToArray();
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
