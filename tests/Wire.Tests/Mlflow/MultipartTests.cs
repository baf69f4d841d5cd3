using System.Text;
using System.Text.Json;
using Holdfast.Platform.Tests;

namespace Holdfast.Wire.Tests.Mlflow;

/// <summary>A large file in parts, as MLflow's client sends it with <c>MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD=true</c>.</summary>
public sealed class MultipartTests
{
    private const string Root = "/api/2.0/mlflow-artifacts/";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Parts_sent_in_any_order_become_one_file_and_leave_nothing_behind()
    {
        await using var host = await TestHost.Start();
        var (id, urls) = await Begin(host.Client, parts: 3);
        var marks = new string[3];
        foreach (var i in new[] { 2, 0, 1 })
        {
            await Send(host.Client, urls[i], "wrong at first");
            marks[i] = await Send(host.Client, urls[i], $"part {i};");
        }

        Assert.Equal(404, await Status(host.Client, HttpMethod.Get, "artifacts/models/big.bin"));
        Assert.Equal(400, await End(host.Client, id, [marks[0], marks[1], "\"other\""]));
        Assert.Equal(404, await End(host.Client, id, marks, folder: "elsewhere"));
        Assert.Equal(404, await Status(host.Client, HttpMethod.Get, "artifacts/models/big.bin"));
        Assert.Equal(200, await End(host.Client, id, marks));
        Assert.Equal("part 0;part 1;part 2;", await host.Client.GetStringAsync(Root + "artifacts/models/big.bin", Ct));
        Assert.Equal(404, await End(host.Client, id, marks));
    }

    [Fact]
    public async Task An_upload_that_is_given_up_takes_no_more_parts()
    {
        await using var host = await TestHost.Start();
        var (id, urls) = await Begin(host.Client, parts: 2);
        var mark = await Send(host.Client, urls[0], "x");
        Assert.Equal(400, await End(host.Client, id, [mark, mark]));
        Assert.Equal(200, await Status(host.Client, HttpMethod.Post, "mpu/abort/models", $$"""{"path": "big.bin", "upload_id": "{{id}}"}"""));
        using var late = new StringContent("y");
        using var refused = await host.Client.PutAsync(urls[1], late, Ct);
        Assert.Equal(404, (int)refused.StatusCode);
    }

    [Fact]
    public async Task Who_may_not_write_uploads_no_part_and_the_client_gets_its_own_credentials_for_the_parts()
    {
        await using var host = await TestHost.Start(requireToken: true);
        var token = await host.Token(Holdfast.Kernel.Role.Editor);
        using var editor = host.With(token);
        using var begun = JsonDocument.Parse(await Post(editor, "mpu/create/models", """{"path": "/home/me/big.bin", "num_parts": 1}"""));
        var credential = begun.RootElement.GetProperty("credentials")[0];
        Assert.Equal("Bearer " + token, credential.GetProperty("headers").GetProperty("Authorization").GetString());
        using var viewer = host.With(await host.Token(Holdfast.Kernel.Role.Viewer));
        using var content = new StringContent("x");
        using var refused = await viewer.PutAsync(new Uri(credential.GetProperty("url").GetString()!).PathAndQuery, content, Ct);
        Assert.Equal(403, (int)refused.StatusCode);
    }

    private static async Task<(string Id, List<string> Urls)> Begin(HttpClient client, int parts)
    {
        using var begun = JsonDocument.Parse(await Post(client, "mpu/create/models", $$"""{"path": "/home/me/big.bin", "num_parts": {{parts}}}"""));
        return (begun.RootElement.GetProperty("upload_id").GetString()!,
            [.. begun.RootElement.GetProperty("credentials").EnumerateArray().Select(c => new Uri(c.GetProperty("url").GetString()!).PathAndQuery)]);
    }

    private static async Task<string> Send(HttpClient client, string url, string text)
    {
        using var content = new StringContent(text);
        using var response = await client.PutAsync(url, content, Ct);
        Assert.Equal(200, (int)response.StatusCode);
        return response.Headers.ETag!.ToString();
    }

    private static Task<int> End(HttpClient client, string id, string[] marks, string folder = "models")
    {
        var parts = string.Join(", ", marks.Select((mark, i) => $$"""{"part_number": {{i + 1}}, "etag": {{JsonSerializer.Serialize(mark)}}}"""));
        return Status(client, HttpMethod.Post, "mpu/complete/" + folder, $$"""{"path": "/home/me/big.bin", "upload_id": "{{id}}", "parts": [{{parts}}]}""");
    }

    private static async Task<int> Status(HttpClient client, HttpMethod method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(method, Root + path);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await client.SendAsync(request, Ct);
        return (int)response.StatusCode;
    }

    private static async Task<string> Post(HttpClient client, string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await client.PostAsync(Root + path, content, Ct);
        Assert.Equal(200, (int)response.StatusCode);
        return await response.Content.ReadAsStringAsync(Ct);
    }
}
