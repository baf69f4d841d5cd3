using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Holdfast.Ui.Tests.Shell;
using static Microsoft.Playwright.Assertions;

namespace Holdfast.Ui.Tests.Serving;

/// <summary>An endpoint that its rules answer, with real requests and labels.</summary>
[Collection(InBrowser.Name)]
public sealed class EndpointPages(BrowserFixture browser)
{
    private const string Rules =
        """
        inputs:
          amount: {type: number, default: 0}
          country: {type: text, default: ""}
        rules:
          - {when: "amount > 1000", score: 0.9, prediction: "1"}
        else: {score: 0.1, prediction: "0"}
        """;

    [Fact]
    public async Task Traffic_is_drawn_rows_are_found_and_the_form_asks()
    {
        var (page, errors) = await browser.OpenAsync();
        await ServeAsync("shop");

        await BrowserFixture.VisitAsync(page, "/endpoints/shop");
        await Expect(page.Locator("[data-chart=traffic][data-drawn=yes] canvas")).ToHaveCountAsync(1);
        await Expect(page.Locator("[data-chart=latency][data-drawn=yes] canvas")).ToHaveCountAsync(1);
        await Expect(page.Locator("[data-chart=trouble][data-drawn=yes] canvas")).ToHaveCountAsync(1);
        await EveryPage.LookAsync(browser, "/endpoints/shop", "endpoint-traffic");

        await page.ClickAsync(".tabs >> text=Predictions");
        await Expect(page.Locator("table.predictions tbody tr")).ToHaveCountAsync(40);
        await Expect(page.Locator("table.predictions .badge.bad")).ToHaveCountAsync(1);
        await page.SelectOptionAsync("select[name=labelled]", "true");
        await page.ClickAsync("form.tools button[type=submit]");
        await Expect(page.Locator("table.predictions tbody tr")).ToHaveCountAsync(2);
        Assert.Contains("labelled=true", page.Url, StringComparison.Ordinal);
        await page.SelectOptionAsync("select[name=labelled]", "");
        await page.FillAsync("input[name=where]", "amount > 1000 and country == 'NO'");
        await page.ClickAsync("form.tools button[type=submit]");
        await Expect(page.Locator("table.predictions tbody tr")).ToHaveCountAsync(29);
        await EveryPage.LookAsync(browser, "/endpoints/shop?tab=predictions", "endpoint-predictions");

        await page.ClickAsync(".tabs >> text=Try it");
        await page.FillAsync("form.try input[name=amount]", "5000");
        await page.ClickAsync("form.try button[type=submit]");
        await Expect(page.Locator(".try-answer[data-state=answered] .figures")).ToContainTextAsync("0.9");
        await page.FillAsync("form.try input[name=amount]", "many");
        await page.ClickAsync("form.try button[type=submit]");
        await Expect(page.Locator(".try-answer[data-state=refused]")).ToContainTextAsync("amount");
        // The refusal is an answer of 400, which the browser notes by itself.
        Assert.DoesNotContain(errors, e => !e.Contains("400", StringComparison.Ordinal));
        await EveryPage.LookAsync(browser, "/endpoints/shop?tab=try", "endpoint-try");
    }

    private async Task ServeAsync(string name)
    {
        var http = browser.Server.Http;
        (await http.PutAsJsonAsync(new Uri($"/api/v1/endpoints/{name}", UriKind.Relative), new { fallback = Rules, clock = "wall" })).EnsureSuccessStatusCode();
        var ids = new List<string>();
        for (var i = 0; i < 40; i++)
        {
            using var body = new StringContent(
                $$"""{"inputs":[{"name":"amount","datatype":"FP64","shape":[1],"data":[{{i * 100}}]},{"name":"country","datatype":"BYTES","shape":[1],"data":["NO"]}]}""", Encoding.UTF8, "application/json");
            var answer = await http.PostAsync(new Uri($"/v2/models/{name}/infer", UriKind.Relative), body);
            answer.EnsureSuccessStatusCode();
            ids.Add((await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("parameters").GetProperty("prediction_id").GetString()!);
        }

        var labels = new[] { new { prediction_id = ids[0], value = "0" }, new { prediction_id = ids[1], value = "1" } };
        (await http.PostAsJsonAsync(new Uri($"/api/v1/endpoints/{name}/labels", UriKind.Relative), new { labels })).EnsureSuccessStatusCode();
        // The log is folded a moment after the answer.
        for (var i = 0; i < 100; i++)
        {
            var traffic = await http.GetFromJsonAsync<JsonElement>(new Uri($"/api/v1/endpoints/{name}/traffic", UriKind.Relative));
            if (traffic.GetProperty("buckets").EnumerateArray().SelectMany(b => b.GetProperty("variants").EnumerateArray()).Sum(v => v.GetProperty("labels").GetInt64()) == 2)
                return;
            await Task.Delay(50);
        }

        throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"The traffic of {name} does not come."));
    }
}
