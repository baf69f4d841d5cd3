using Microsoft.Playwright;

namespace Holdfast.Ui.Tests;

/// <summary>One server and one Chromium for all pages.</summary>
public sealed class BrowserFixture : IAsyncLifetime
{
    private static readonly string[] Candidates = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    private static readonly string[] Quiet =
    [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync",
    ];

    private const string NoBrowser = "No Chromium: apt-get install chromium, or set HOLDFAST_CHROMIUM.";
    private readonly SemaphoreSlim _telling = new(1);
    private readonly List<(string? Test, IBrowserContext Context)> _open = [];
    private bool _told;
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public ServerFixture Server { get; } = new();

    /// <summary>Pictures of every page go here when it is set.</summary>
    public static string? Pictures => Environment.GetEnvironmentVariable("HOLDFAST_SCREENSHOTS");

    public async ValueTask InitializeAsync()
    {
        var chromium = Environment.GetEnvironmentVariable("HOLDFAST_CHROMIUM") ?? Array.Find(Candidates, File.Exists);
        if (chromium is null)
        {
            return;
        }

        await Server.InitializeAsync();
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = chromium, Args = Quiet });
    }

    /// <summary>Lets the server hold the story of the fraud endpoint; once.</summary>
    internal async Task TellStoryAsync()
    {
        Assert.SkipWhen(_browser is null, NoBrowser);
        await _telling.WaitAsync();
        try
        {
            if (!_told)
            {
                // The rooms read some of it only when they start.
                await Server.StopAsync();
                await Watching.Story.WriteAsync(Server.Database);
                await Server.StartAsync(ServerFixture.Executable(), new Uri(Server.Url).Port);
                _told = true;
            }
        }
        finally
        {
            _telling.Release();
        }
    }

    /// <summary>A fresh browser profile with one page. What it says on the console as an error is collected.</summary>
    internal async Task<(IPage Page, List<string> Errors)> OpenAsync(int width = 1360)
    {
        Assert.SkipWhen(_browser is null, NoBrowser);
        await CloseOthersAsync();
        var context = await _browser!.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = Server.Url,
            ColorScheme = ColorScheme.Light,
            Locale = "en-GB",
            TimezoneId = "UTC",
            ViewportSize = new ViewportSize { Width = width, Height = 900 },
        });
        _open.Add((TestContext.Current.Test?.UniqueID, context));
        var page = await context.NewPageAsync();
        var errors = new List<string>();
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
            {
                errors.Add(message.Text + " @ " + message.Location);
            }
        };
        page.PageError += (_, error) => errors.Add(error);
        return (page, errors);
    }

    /// <summary>Opens an address and waits until its circuit stands and its charts are drawn.</summary>
    internal static async Task VisitAsync(IPage page, string url)
    {
        await page.GotoAsync(url);
        await page.WaitForFunctionAsync("() => document.querySelector('.shell[data-live]')");
        await page.WaitForFunctionAsync("() => [...document.querySelectorAll('[data-chart]')].every(e => e.dataset.drawn || e.querySelector('.chart-note'))");
        await page.WaitForFunctionAsync("() => [...document.querySelectorAll('[data-runs-page], [data-lines], [data-relations], [data-console]')].every(e => e.dataset.drawn)");
    }

    // The pages of tests that are over would go on asking the server.
    private async Task CloseOthersAsync()
    {
        foreach (var (test, context) in _open.Where(o => o.Test != TestContext.Current.Test?.UniqueID).ToList())
        {
            _open.Remove((test, context));
            await context.CloseAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
        _telling.Dispose();
        await Server.DisposeAsync();
    }
}

[CollectionDefinition(Name)]
public sealed class InBrowser : ICollectionFixture<BrowserFixture>
{
    public const string Name = "browser";
}
