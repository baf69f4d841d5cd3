using System.Globalization;
using System.Text;
using Holdfast.Ui.Tests.Shell;
using static Microsoft.Playwright.Assertions;

namespace Holdfast.Ui.Tests.Data;

[Collection(InBrowser.Name)]
public sealed class DataPages(BrowserFixture browser)
{
    [Fact]
    public async Task A_dataset_shows_its_versions_and_the_profile_of_its_columns()
    {
        await SeedAsync();
        await EveryPage.LookAsync(browser, "/data", "datasets");
        await EveryPage.LookAsync(browser, "/data/applications", "dataset");
        var page = await EveryPage.LookAsync(browser, "/data/applications/versions/1", "dataset-version");
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(5);
        await Expect(page.Locator("text=income").First).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_version_that_does_not_exist_is_said_so_with_404()
    {
        var (page, _) = await browser.OpenAsync();
        var answer = await page.GotoAsync("/data/applications/versions/999");
        Assert.Equal(404, answer!.Status);
        await Expect(page.Locator("[role=alert] h2").First).ToHaveTextAsync("Not found");
    }

    private async Task SeedAsync()
    {
        var random = new Random(7);
        var csv = new StringBuilder("event_time,income,age,region,defaulted\n");
        var start = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        for (var row = 0; row < 2000; row++)
        {
            var income = Math.Exp(10.4 + (0.5 * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())));
            var missing = random.NextDouble() < 0.03;
            csv.Append(CultureInfo.InvariantCulture, $"{start.AddMinutes(row * 11):O},{(missing ? "" : income.ToString("F0", CultureInfo.InvariantCulture))},{random.Next(18, 80)},{"north south east west".Split(' ')[random.Next(4)]},{(random.NextDouble() < 0.2 ? 1 : 0)}\n");
        }

        using var content = new StringContent(csv.ToString(), Encoding.UTF8, "text/csv");
        using var answer = await browser.Server.Http.PostAsync(new Uri("/api/v1/datasets/applications/versions?file_name=applications.csv&source=test", UriKind.Relative), content);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }
}
