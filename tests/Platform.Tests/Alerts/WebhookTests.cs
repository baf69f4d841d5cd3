using System.Net;
using Holdfast.Alerts;
using Holdfast.Kernel;

namespace Holdfast.Platform.Tests.Alerts;

/// <summary>Where webhooks may go, and what they say.</summary>
public sealed class WebhookTests
{
    [Theory]
    [InlineData("8.8.8.8", true, true)]
    [InlineData("127.0.0.1", false, true)]
    [InlineData("10.1.2.3", false, true)]
    [InlineData("172.20.0.1", false, true)]
    [InlineData("192.168.1.1", false, true)]
    [InlineData("100.64.0.1", false, true)]
    [InlineData("169.254.169.254", false, false)]
    [InlineData("::1", false, true)]
    [InlineData("::ffff:127.0.0.1", false, true)]
    [InlineData("::ffff:169.254.169.254", false, false)]
    [InlineData("fe80::1", false, false)]
    [InlineData("fd00::1", false, true)]
    [InlineData("2002:7f00:1::", false, true)]
    [InlineData("2606:4700::1", true, true)]
    public void Address(string address, bool others, bool operators) =>
        Assert.Equal((others, operators), (OutboundAddress.Allowed(IPAddress.Parse(address), false), OutboundAddress.Allowed(IPAddress.Parse(address), true)));

    [Fact]
    public async Task A_private_address_is_refused_where_the_connection_is_made()
    {
        using var webhooks = new Webhooks();
        var error = await webhooks.Post("http://localhost:9/hook", "{}", operatorOwned: false, TestContext.Current.CancellationToken);
        Assert.Contains("no address that this channel may reach", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_cannot_become_a_mention_in_slack()
    {
        var text = new Message("T", "<!channel> & more", [new MessageField("Feature", "<@U1>")]).ToSlack().ToJsonString();
        Assert.DoesNotContain("<!channel>", text.Replace("\\u003C", "<", StringComparison.Ordinal).Replace("\\u003E", ">", StringComparison.Ordinal), StringComparison.Ordinal);
    }
}
