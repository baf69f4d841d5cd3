using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Holdfast.Alerts;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Platform.Tests;
using Holdfast.Storage.Sql;

namespace Holdfast.Wire.Tests.Mlflow;

/// <summary>Webhooks from the client's request to the receiver.</summary>
public sealed class WebhookTests
{
    private const string Secret = "a secret that nobody sees";

    private static readonly string[] _events =
    [
        "REGISTERED_MODEL CREATED", "MODEL_VERSION CREATED", "MODEL_VERSION_TAG SET", "MODEL_VERSION_TAG DELETED", "MODEL_VERSION_ALIAS CREATED", "MODEL_VERSION_ALIAS DELETED", "PROMPT CREATED",
        "PROMPT_VERSION CREATED", "PROMPT_TAG SET", "PROMPT_TAG DELETED", "PROMPT_VERSION_TAG SET", "PROMPT_VERSION_TAG DELETED", "PROMPT_ALIAS CREATED", "PROMPT_ALIAS DELETED",
    ];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task Each_event_of_the_registry_is_delivered_once_signed_and_in_order(string name)
    {
        await using var database = await TestDatabases.Open(name, migrate: false);
        await using var host = await TestHost.Start(change: o => o with { Database = database.ConnectionString });
        using var owner = host.AsOwner();
        using var receiver = new Receiver();
        await Send(owner, "POST", "registered-models/create", """{"name": "before"}""");
        var events = string.Join(", ", _events.Select(e => $$"""{"entity": "{{e.Split(' ')[0]}}", "action": "{{e.Split(' ')[1]}}"}"""));
        var made = await Send(owner, "POST", "webhooks", $$"""{"name": "all", "url": "{{receiver.Url}}", "events": [{{events}}], "secret": "{{Secret}}"}""");
        await Send(owner, "POST", "registered-models/create", """{"name": "m", "description": "d", "tags": [{"key": "a", "value": "b"}]}""");
        await Send(owner, "POST", "registered-models/set-tag", """{"name": "m", "key": "told", "value": "to nobody"}""");
        await Send(owner, "POST", "model-versions/create", """{"name": "m", "source": "s3://b/x", "run_id": "r", "tags": [{"key": "c", "value": "d"}]}""");
        await Send(owner, "POST", "model-versions/set-tag", """{"name": "m", "version": "1", "key": "k", "value": "v"}""");
        await Send(owner, "DELETE", "model-versions/delete-tag", """{"name": "m", "version": "1", "key": "k"}""");
        await Send(owner, "POST", "registered-models/alias", """{"name": "m", "alias": "best", "version": "1"}""");
        await Send(owner, "DELETE", "registered-models/alias", """{"name": "m", "alias": "best"}""");
        const string Prompt = """{"key": "mlflow.prompt.is_prompt", "value": "true"}""";
        await Send(owner, "POST", "registered-models/create", $$"""{"name": "p", "tags": [{{Prompt}}, {"key": "t", "value": "u"}]}""");
        await Send(owner, "POST", "model-versions/create", $$"""{"name": "p", "source": "dummy", "description": "first", "tags": [{{Prompt}}, {"key": "mlflow.prompt.text", "value": "Hello"}]}""");
        await Send(owner, "POST", "registered-models/set-tag", """{"name": "p", "key": "k", "value": "v"}""");
        await Send(owner, "DELETE", "registered-models/delete-tag", """{"name": "p", "key": "k"}""");
        await Send(owner, "POST", "model-versions/set-tag", """{"name": "p", "version": "1", "key": "k", "value": "v"}""");
        await Send(owner, "DELETE", "model-versions/delete-tag", """{"name": "p", "version": "1", "key": "k"}""");
        await Send(owner, "POST", "registered-models/alias", """{"name": "p", "alias": "best", "version": "1"}""");
        await Send(owner, "DELETE", "registered-models/alias", """{"name": "p", "alias": "best"}""");

        var got = await receiver.Wait(14);
        Assert.Equal(
            [
                """registered_model.created {"name":"m","tags":{"a":"b"},"description":"d"}""",
                """model_version.created {"name":"m","version":"1","source":"s3://b/x","run_id":"r","tags":{"c":"d"},"description":null}""",
                """model_version_tag.set {"name":"m","version":"1","key":"k","value":"v"}""",
                """model_version_tag.deleted {"name":"m","version":"1","key":"k"}""",
                """model_version_alias.created {"name":"m","alias":"best","version":"1"}""",
                """model_version_alias.deleted {"name":"m","alias":"best"}""",
                """prompt.created {"name":"p","tags":{"t":"u"},"description":""}""",
                """prompt_version.created {"name":"p","version":"1","template":"Hello","tags":{},"description":"first"}""",
                """prompt_tag.set {"name":"p","key":"k","value":"v"}""",
                """prompt_tag.deleted {"name":"p","key":"k"}""",
                """prompt_version_tag.set {"name":"p","version":"1","key":"k","value":"v"}""",
                """prompt_version_tag.deleted {"name":"p","version":"1","key":"k"}""",
                """prompt_alias.created {"name":"p","alias":"best","version":"1"}""",
                """prompt_alias.deleted {"name":"p","alias":"best"}""",
            ],
            got.Select(d => d.Told));
        Assert.Equal(14, got.Select(d => d.Id).Distinct().Count());
        Assert.All(got, d =>
        {
            Assert.Equal("v1," + Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), Encoding.UTF8.GetBytes($"{d.Id}.{d.Timestamp}.{d.Body}"))), d.Signature);
            Assert.StartsWith("application/json", d.ContentType, StringComparison.Ordinal);
        });

        var id = JsonDocument.Parse(made).RootElement.GetProperty("webhook").GetProperty("webhook_id").GetString()!;
        foreach (var answer in new[] { made, await Send(owner, "GET", "webhooks", null), await Send(owner, "GET", "webhooks/" + id, null), await Send(owner, "PATCH", "webhooks/" + id, """{"secret": "x"}""") })
            Assert.DoesNotContain("secret", answer, StringComparison.Ordinal);
        // Nor does it lie in the database as it is.
        Assert.DoesNotContain(Secret, await host.Service<Db>().Read(tx => tx.QueryOne("select secret from webhook", r => r.Text(0)), Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failed_delivery_is_tried_again_under_its_id_and_a_refused_one_is_not()
    {
        await using var host = await TestHost.Start();
        using var owner = host.AsOwner();
        using var flaky = new Receiver(answer: n => Task.FromResult(n == 1 ? 500 : 200));
        using var refusing = new Receiver(answer: _ => Task.FromResult(410));
        var first = await Made(owner, flaky.Url);
        var second = await Made(owner, refusing.Url);
        await Send(owner, "POST", "registered-models/create", """{"name": "m"}""");
        var got = await flaky.Wait(2);
        Assert.Single(got.Select(d => (d.Id, d.Body)).Distinct());
        Assert.Null(got[0].Signature);
        var delivered = await Settled(owner, first);
        Assert.Equal(("registered_model.created", "delivered", 2, (int?)200, null), (delivered.Event, delivered.Status, delivered.Attempts, delivered.ResponseStatus, delivered.Error));
        Assert.NotNull(delivered.DeliveredAt);
        var refused = await Settled(owner, second);
        Assert.Equal(("undelivered", 1, (int?)410, "the receiver answered 410"), (refused.Status, refused.Attempts, refused.ResponseStatus, refused.Error));
    }

    [Fact]
    public async Task A_receiver_that_keeps_silent_keeps_nobody_waiting()
    {
        await using var host = await TestHost.Start();
        using var owner = host.AsOwner();
        var release = new TaskCompletionSource<int>();
        using var silent = new Receiver(answer: _ => release.Task);
        using var quick = new Receiver();
        var id = await Made(owner, silent.Url);
        await Made(owner, quick.Url);
        await Send(owner, "POST", "registered-models/create", """{"name": "m"}""");
        // Both have been told, and the silent one has not answered yet.
        await silent.Wait(1);
        await quick.Wait(1);
        release.SetResult(200);
        Assert.Equal("delivered", (await Settled(owner, id)).Status);
    }

    [Fact]
    public async Task Only_who_may_execute_sends_to_private_addresses()
    {
        await using var host = await TestHost.Start();
        using var owner = host.AsOwner();
        using var receiver = new Receiver();
        var theirs = await Made(host.Client, receiver.Url);
        await Send(owner, "POST", "registered-models/create", """{"name": "m"}""");
        var refused = await Settled(owner, theirs);
        Assert.Equal(("undelivered", null), (refused.Status, refused.ResponseStatus));
        Assert.Contains("no address that this channel may reach", refused.Error, StringComparison.Ordinal);
        Assert.Contains("\"success\":false,\"error_message\":\"Failed to test webhook: ", await Send(owner, "POST", $"webhooks/{theirs}/test", "{}"), StringComparison.Ordinal);

        // An operator's own address stays the operator's until somebody else gives another; its answer is not for everybody.
        var own = await Made(owner, receiver.Url);
        await Send(host.Client, "PATCH", "webhooks/" + own, """{"description": "mine"}""");
        var tested = await Send(host.Client, "POST", $"webhooks/{own}/test", """{"event": {"entity": "MODEL_VERSION_TAG", "action": "SET"}}""");
        Assert.Contains("\"success\":true,\"response_status\":200}", tested, StringComparison.Ordinal);
        Assert.Equal("""model_version_tag.set {"name":"example_model","version":"1","key":"example_key","value":"example_value"}""", (await receiver.Wait(1))[0].Told);
        Assert.Contains("\"response_body\"", await Send(owner, "POST", $"webhooks/{own}/test", "{}"), StringComparison.Ordinal);
        await Send(host.Client, "PATCH", "webhooks/" + own, $$"""{"url": "{{receiver.Url}}other"}""");
        Assert.Contains("\"success\":false", await Send(owner, "POST", $"webhooks/{own}/test", "{}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_disabled_webhook_misses_what_happens_and_a_viewer_sees_none()
    {
        await using var host = await TestHost.Start();
        using var owner = host.AsOwner();
        using var receiver = new Receiver();
        var id = await Made(owner, receiver.Url);
        await Send(owner, "PATCH", "webhooks/" + id, """{"status": "DISABLED"}""");
        await Send(owner, "POST", "registered-models/create", """{"name": "unheard"}""");
        await Send(owner, "PATCH", "webhooks/" + id, """{"status": 1}""");
        await Send(owner, "POST", "registered-models/create", """{"name": "heard"}""");
        Assert.Contains("\"heard\"", (await receiver.Wait(1))[0].Told, StringComparison.Ordinal);
        using var viewer = host.With(await host.Token(Role.Viewer));
        using var refused = await viewer.GetAsync("/api/2.0/mlflow/webhooks", Ct);
        Assert.Equal(403, (int)refused.StatusCode);
    }

    private static async Task<string> Made(HttpClient client, string url)
    {
        using var made = JsonDocument.Parse(await Send(client, "POST", "webhooks", $$"""{"name": "hook", "url": "{{url}}", "events": [{"entity": "REGISTERED_MODEL", "action": "CREATED"}]}"""));
        return made.RootElement.GetProperty("webhook").GetProperty("webhook_id").GetString()!;
    }

    private static async Task<WebhookDelivery> Settled(HttpClient client, string id)
    {
        while (true)
        {
            var page = await client.GetFromJsonAsync<Page<WebhookDelivery>>($"/api/v1/webhooks/{id}/deliveries", HoldfastJson.Options, Ct);
            if (page!.Items is [{ Status: "delivered" or "undelivered" } only])
                return only;
            await Task.Delay(20, Ct);
        }
    }

    private static async Task<string> Send(HttpClient client, string method, string path, string? body)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), "/api/2.0/mlflow/" + path);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await client.SendAsync(request, Ct);
        var answer = await response.Content.ReadAsStringAsync(Ct);
        Assert.True(response.IsSuccessStatusCode, answer);
        return answer;
    }
}
