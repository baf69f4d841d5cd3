using Holdfast.Ui.Tests.Shell;
using static Microsoft.Playwright.Assertions;

namespace Holdfast.Ui.Tests.Watching;

[Collection(InBrowser.Name)]
public sealed class WatchingPages(BrowserFixture browser)
{
    [Fact]
    public async Task A_monitor_shows_features_distribution_and_drift_over_time()
    {
        await browser.TellStoryAsync();
        await EveryPage.LookAsync(browser, "/monitors", "monitors-full");
        var page = await EveryPage.LookAsync(browser, $"/monitors/{Story.Endpoint}", "monitor");
        await Expect(page.Locator("tr.at")).ToContainTextAsync("amount");
        await Expect(page.Locator("[data-chart=histogram][data-drawn=yes]")).ToHaveCountAsync(1);
        await Expect(page.Locator("[data-chart=heatmap][data-drawn=yes]")).ToHaveCountAsync(1);
        await page.ClickAsync("table.grid >> text=country");
        await page.WaitForURLAsync("**feature=country");
        await Expect(page.Locator("h2 >> text=country")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_rollout_shows_its_steps_its_weights_and_its_evidence()
    {
        await browser.TellStoryAsync();
        var page = await EveryPage.LookAsync(browser, $"/rollouts/{Story.Completed}", "rollout");
        await Expect(page.Locator(".steps li")).ToHaveCountAsync(5);
        await Expect(page.Locator("[data-chart=rollout][data-drawn=yes]")).ToHaveCountAsync(1);
        page = await EveryPage.LookAsync(browser, $"/rollouts/{Story.RolledBack}", "rollout-back");
        await Expect(page.Locator("table.grid .badge.bad")).ToHaveTextAsync("harm");
    }

    [Fact]
    public async Task An_endpoint_shows_who_answers_and_what_was_rolled_out()
    {
        await browser.TellStoryAsync();
        await EveryPage.LookAsync(browser, "/", "home-full");
        await EveryPage.LookAsync(browser, "/endpoints", "endpoints-full");
        var page = await EveryPage.LookAsync(browser, $"/endpoints/{Story.Endpoint}", "endpoint");
        await Expect(page.Locator(".notice")).ToContainTextAsync("The rules answer");
        page = await EveryPage.LookAsync(browser, $"/endpoints/{Story.Endpoint}?tab=rollout", "endpoint-rollout");
        await Expect(page.Locator("text=Earlier rollouts")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task An_open_page_comes_back_after_the_server_was_restarted()
    {
        await browser.TellStoryAsync();
        var (page, _) = await browser.OpenAsync();
        await BrowserFixture.VisitAsync(page, $"/monitors/{Story.Endpoint}?feature=country");
        await browser.Server.StopAsync();
        await Expect(page.Locator("#components-reconnect-modal")).ToBeVisibleAsync();
        await browser.Server.StartAsync(ServerFixture.Executable(), new Uri(browser.Server.Url).Port);
        await Expect(page.Locator("#components-reconnect-modal")).ToBeHiddenAsync(new() { Timeout = 20_000 });
        await page.WaitForFunctionAsync("() => document.querySelector('.shell[data-live]')");
        await Expect(page.Locator("h2 >> text=country")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task An_incident_shows_its_evidence_its_actions_and_its_timeline()
    {
        await browser.TellStoryAsync();
        await EveryPage.LookAsync(browser, "/incidents", "incidents-full");
        var page = await EveryPage.LookAsync(browser, $"/incidents/{Story.Incident}", "incident");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Data fault (scale change) in amount");
        await Expect(page.Locator(".timeline li")).Not.ToHaveCountAsync(0);
        await EveryPage.LookAsync(browser, "/journal", "journal-full");
    }
}
