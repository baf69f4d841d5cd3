using Holdfast.Contracts;

namespace Holdfast.Alerts;

/// <summary>Where alerts go.</summary>
/// <param name="Kind"><c>slack</c> (the format of Slack's incoming webhooks), <c>webhook</c> (plain JSON) or <c>log</c>.</param>
/// <param name="Url">Address of the webhook; may hold <c>${secret:NAME}</c>, which is filled in when a message is sent and is never stored.</param>
public sealed record ChannelSpec(string Name, string Kind, string? Url = null)
{
    /// <summary>Everything that is wrong with the declaration; empty when it can be applied.</summary>
    public IReadOnlyList<Fault> Faults()
    {
        var at = $"channels.{Name}";
        var faults = new List<Fault>();
        if (Kind is not ("slack" or "webhook" or "log"))
            faults.Add(new Fault(at, $"'{Kind}' is no kind of channel.", "Use slack, webhook or log."));
        else if (Kind != "log" && string.IsNullOrWhiteSpace(Url))
            faults.Add(new Fault(at, "The channel has no address.", "Give the webhook: \"${secret:SLACK}\" or an http(s) address."));
        else if (Kind != "log" && !Url!.Contains("${secret:", StringComparison.Ordinal) && !(Uri.TryCreate(Url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"))
            faults.Add(new Fault(at, "The address of the webhook is no http(s) address.", "Write https://…"));
        return faults;
    }
}
