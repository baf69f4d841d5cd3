using System.Net.Http.Headers;
using System.Text;
using Holdfast.Ui.Tests.Shell;
using static Microsoft.Playwright.Assertions;

namespace Holdfast.Ui.Tests.Tracking;

[Collection(InBrowser.Name)]
public sealed class TracePages(BrowserFixture browser)
{
    private const string Nasty = "<img src=x onerror=\"window.stolen=true\">";

    [Fact]
    public async Task A_trace_shows_its_row_its_steps_and_what_went_in_and_out()
    {
        const string id = "0af7651916cd43dd8448eb211c803190";
        await SeedAsync(id);
        await EveryPage.LookAsync(browser, "/traces", "traces-full");
        var page = await EveryPage.LookAsync(browser, $"/traces/tr-{id}", "trace");
        await Expect(page.Locator(".waterfall li")).ToHaveCountAsync(2);
        await Expect(page.GetByText("12", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(page.GetByText(Nasty).First).ToBeVisibleAsync();
        Assert.Equal(0, await page.Locator("main img").CountAsync());
        Assert.False(await page.EvaluateAsync<bool>("window.stolen === true"));
        await page.ClickAsync(".waterfall >> text=call");
        await page.WaitForURLAsync("**?span=00f067aa0ba902b8");
        await Expect(page.Locator("pre.told").First).ToContainTextAsync("the inner question");
        await Expect(page.Locator(".waterfall li.at")).ToContainTextAsync("call");
    }

    [Fact]
    public async Task Words_and_a_filter_find_a_trace_and_stand_in_the_address()
    {
        await SeedAsync("0af7651916cd43dd8448eb211c803192");
        var (page, errors) = await browser.OpenAsync();
        await BrowserFixture.VisitAsync(page, "/traces?words=INNER%20question&filter=span.type%20%3D%20'LLM'");
        await Expect(page.Locator("tbody tr")).Not.ToHaveCountAsync(0);
        await BrowserFixture.VisitAsync(page, "/traces?words=it's%20never%20said");
        await Expect(page.GetByText("No trace fits")).ToBeVisibleAsync();
        await BrowserFixture.VisitAsync(page, "/traces?filter=nonsense%20%3D%201");
        await Expect(page.GetByText("The filter cannot be read")).ToBeVisibleAsync();
        Assert.Empty(errors);
    }

    private async Task SeedAsync(string id)
    {
        var start = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() * 1_000_000;
        var json = $$$$"""
            {"resourceSpans": [{"scopeSpans": [{"spans": [
              {"traceId": "{{{{id}}}}", "spanId": "00f067aa0ba902b7", "name": "answer", "startTimeUnixNano": "{{{{start}}}}", "endTimeUnixNano": "{{{{start + 900_000_000}}}}", "status": {"code": 1},
               "attributes": [{"key": "mlflow.spanInputs", "value": {"stringValue": "{{{{Nasty.Replace("\"", "\\\"", StringComparison.Ordinal)}}}}"}}, {"key": "mlflow.spanOutputs", "value": {"stringValue": "an answer"}}]},
              {"traceId": "{{{{id}}}}", "spanId": "00f067aa0ba902b8", "parentSpanId": "00f067aa0ba902b7", "name": "call", "startTimeUnixNano": "{{{{start + 100_000_000}}}}", "endTimeUnixNano": "{{{{start + 700_000_000}}}}",
               "attributes": [{"key": "mlflow.spanType", "value": {"stringValue": "LLM"}}, {"key": "input.value", "value": {"stringValue": "the inner question"}},
                 {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "7"}}, {"key": "gen_ai.usage.output_tokens", "value": {"intValue": "5"}}]}
            ]}]}]}
            """;
        using var client = new HttpClient(new SocketsHttpHandler()) { BaseAddress = new Uri(browser.Server.Url) };
        using var content = new StringContent(json, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        content.Headers.Add("x-mlflow-experiment-id", "0");
        using var answer = await client.PostAsync("/v1/traces", content);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }
}
