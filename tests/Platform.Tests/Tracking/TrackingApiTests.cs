using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Tracking;

namespace Holdfast.Platform.Tests.Tracking;

/// <summary><c>/api/v1</c> of tracking, over HTTP.</summary>
public sealed class TrackingApiTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_run_is_started_logged_found_and_ended()
    {
        await using var host = await TestHost.Start();
        var http = host.Client;
        await Ok(await http.PostAsJsonAsync("/api/v1/experiments", new NewExperiment("credit", Tags: new Dictionary<string, string> { ["team"] = "risk" }), HoldfastJson.Options, Ct));
        var run = await Read<Run>(await http.PostAsJsonAsync("/api/v1/runs", new NewRun("credit", "first"), HoldfastJson.Options, Ct));
        Assert.Equal(("1", "first", RunStatus.Running, "local"), (run.ExperimentId, run.Name, run.Status, run.User));
        await Ok(await Send(http, HttpMethod.Post, $"/api/v1/runs/{run.RunId}/batch", """
            {"metrics": [{"key": "loss", "value": 0.5, "timestamp": "2026-01-01T00:00:00Z", "step": 1}, {"key": "loss", "value": "NaN", "timestamp": "2026-01-01T00:00:01Z", "step": 2}],
             "params": [{"key": "depth", "value": "6"}], "tags": [{"key": "a/b", "value": "c"}]}
            """));
        await Ok(await Send(http, HttpMethod.Post, $"/api/v1/runs/{run.RunId}/inputs", """[{"name": "credit", "digest": "1", "source_type": "holdfast", "source": "credit@v1", "context": "training"}]"""));
        await Ok(await http.PutAsync($"/api/v1/runs/{run.RunId}/artifacts/notes/a.txt", new StringContent("hello"), Ct));
        await Ok(await http.PatchAsJsonAsync($"/api/v1/runs/{run.RunId}", new RunChange(Status: RunStatus.Finished, EndTime: DateTimeOffset.FromUnixTimeSeconds(5)), HoldfastJson.Options, Ct));
        var page = await Read<Page<Run>>(await http.GetAsync($"/api/v1/runs?experiment=credit&filter={Uri.EscapeDataString("params.depth = '6' or metrics.loss > 5")}&order_by=start_time", Ct));
        var found = Assert.Single(page.Items);
        Assert.Equal((RunStatus.Finished, 0.5, 2L, "training"), (found.Status, found.Metrics[0].Min, found.Metrics[0].Count, found.Inputs[0].Context));
        var history = await Read<Page<MetricPoint>>(await http.GetAsync($"/api/v1/runs/{run.RunId}/history?key=loss&max=1", Ct));
        Assert.Equal((1, true), (history.Items.Count, history.NextToken is not null));
        Assert.Equal("hello", await http.GetStringAsync($"/api/v1/runs/{run.RunId}/artifacts/notes/a.txt", Ct));
        await Ok(await http.DeleteAsync($"/api/v1/runs/{run.RunId}/tags?key={Uri.EscapeDataString("a/b")}", Ct));
        await Ok(await http.DeleteAsync("/api/v1/experiments/credit", Ct));
        Assert.Empty((await Read<Page<Run>>(await http.GetAsync("/api/v1/runs?experiment=credit", Ct))).Items);
        Assert.Single((await Read<Page<Run>>(await http.GetAsync("/api/v1/runs?experiment=credit&view=deleted", Ct))).Items);
    }

    [Theory]
    [InlineData("POST", "/api/v1/experiments", "{}", 400)]
    [InlineData("POST", "/api/v1/experiments", """{"name": "Default"}""", 409)]
    [InlineData("GET", "/api/v1/experiments/nobody", null, 404)]
    [InlineData("GET", "/api/v1/runs/nobody", null, 404)]
    [InlineData("GET", "/api/v1/runs?filter=metrics.a%20%3E", null, 400)]
    [InlineData("GET", "/api/v1/runs?view=nothing", null, 400)]
    [InlineData("GET", "/api/v1/runs?max=0", null, 400)]
    [InlineData("POST", "/api/v1/runs", """{"experiment_id": "nobody"}""", 404)]
    [InlineData("POST", "/api/v1/runs", """{"experiment_id": 5}""", 400)]
    [InlineData("POST", "/api/v1/runs/nobody/batch", """{"params": [{"key": null, "value": null}]}""", 400)]
    [InlineData("POST", "/api/v1/runs/nobody/batch", """{"metrics": [null]}""", 400)]
    [InlineData("POST", "/api/v1/runs/nobody/inputs", "[null]", 400)]
    [InlineData("GET", "/api/v1/runs/nobody/artifacts/..%2f..%2fholdfast.db", null, 400)]
    [InlineData("GET", "/api/v1/models/nobody", null, 404)]
    [InlineData("POST", "/api/v1/models", "{}", 400)]
    public async Task What_cannot_be_done_is_said_with_the_right_status(string method, string path, string? body, int status)
    {
        await using var host = await TestHost.Start();
        using var response = await Send(host.Client, new HttpMethod(method), path, body);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.NotEmpty((await host.Problem(response)).Detail!);
    }

    private static async Task<HttpResponseMessage> Send(HttpClient http, HttpMethod method, string path, string? body)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        return await http.SendAsync(request, Ct);
    }

    private static async Task Ok(HttpResponseMessage response)
    {
        using (response)
            Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode} {await response.Content.ReadAsStringAsync(Ct)}");
    }

    private static async Task<T> Read<T>(HttpResponseMessage response)
    {
        using (response)
        {
            var text = await response.Content.ReadAsStringAsync(Ct);
            Assert.True(response.IsSuccessStatusCode, text);
            return JsonSerializer.Deserialize<T>(text, HoldfastJson.Options)!;
        }
    }
}
