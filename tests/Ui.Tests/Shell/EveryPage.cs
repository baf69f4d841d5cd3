using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Holdfast.Ui.Tests.Shell;

[Collection(InBrowser.Name)]
public sealed class EveryPage(BrowserFixture browser)
{
    public static TheoryData<string> Pages() => [.. Ui.Shell.Rooms.All.Select(room => room.Url)];

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task Opens_without_a_console_error(string url)
    {
        await LookAsync(browser, url, url == "/" ? "home" : url.Trim('/').Replace('/', '-'));
    }

    [Fact]
    public async Task Navigation_keeps_the_circuit_and_marks_the_room()
    {
        var (page, errors) = await browser.OpenAsync();
        await BrowserFixture.VisitAsync(page, "/");
        await page.EvaluateAsync("window.same = true");
        await page.ClickAsync("nav.rooms >> text=Endpoints");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Endpoints");
        await Expect(page.Locator("nav.rooms a.active")).ToHaveTextAsync("Endpoints");
        Assert.True(await page.EvaluateAsync<bool>("window.same === true"));
        Assert.Empty(errors);
    }

    [Fact]
    public async Task The_chosen_theme_is_remembered()
    {
        var (page, _) = await browser.OpenAsync();
        await BrowserFixture.VisitAsync(page, "/");
        await page.ClickAsync("[data-theme-switch]");
        await page.ClickAsync("[data-theme-switch]");
        await Expect(page.Locator("html")).ToHaveAttributeAsync("data-theme", "dark");
        await page.ReloadAsync();
        await Expect(page.Locator("html")).ToHaveAttributeAsync("data-theme", "dark");
    }

    [Fact]
    public async Task A_slash_reaches_the_search_field_and_escape_leaves_it()
    {
        var (page, _) = await browser.OpenAsync();
        await BrowserFixture.VisitAsync(page, "/");
        await page.Keyboard.PressAsync("/");
        await Expect(page.Locator("[data-search]")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Escape");
        await Expect(page.Locator("[data-search]")).Not.ToBeFocusedAsync();
    }

    [Fact]
    public async Task An_unknown_address_says_so_in_the_shell()
    {
        var (page, _) = await browser.OpenAsync();
        var answer = await page.GotoAsync("/no/such/page/here");
        Assert.Equal(404, answer!.Status);
        await Expect(page.Locator("h1")).ToHaveTextAsync("Not found");
    }

    [Fact]
    public async Task A_page_forbids_scripts_from_anywhere_else()
    {
        var (page, _) = await browser.OpenAsync();
        var answer = await page.GotoAsync("/");
        var headers = await answer!.AllHeadersAsync();
        Assert.Equal(UiSetup.ContentSecurityPolicy, headers["content-security-policy"]);
    }

    [Fact]
    public async Task A_phone_reads_the_page_without_scrolling_sideways()
    {
        var (page, _) = await browser.OpenAsync(width: 390);
        await BrowserFixture.VisitAsync(page, "/");
        Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth"));
        await PictureAsync(page, "home-phone");
    }

    /// <summary>Opens a page, demands one heading and a silent console, and looks at it in both themes; leaves it in the light one.</summary>
    internal static async Task<IPage> LookAsync(BrowserFixture browser, string url, string name)
    {
        var (page, errors) = await browser.OpenAsync();
        await BrowserFixture.VisitAsync(page, url);
        await Expect(page.Locator("h1")).ToHaveCountAsync(1);
        foreach (var theme in new[] { ColorScheme.Dark, ColorScheme.Light })
        {
            var word = theme == ColorScheme.Dark ? "dark" : "light";
            await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = theme });
            await Expect(page.Locator("html")).ToHaveAttributeAsync("data-theme", word);
            await PictureAsync(page, $"{name}-{word}");
        }

        Assert.Empty(errors);
        return page;
    }

    internal static async Task PictureAsync(IPage page, string name)
    {
        if (BrowserFixture.Pictures is { Length: > 0 } folder)
        {
            await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, name + ".png"), FullPage = true });
        }
    }
}
