using System.Text.RegularExpressions;
using Holdfast.Contracts;

namespace Holdfast.Alerts;

/// <summary>What a webhook may be.</summary>
internal static partial class WebhookRules
{
    public const int MostWebhooks = 200;
    public const int MostAttempts = 8;

    /// <summary>How long what is finished stays in the log.</summary>
    public static readonly TimeSpan Keep = TimeSpan.FromDays(30);

    private static readonly TimeSpan _longestPause = TimeSpan.FromHours(2);

    public static void Check(string name, string url, IReadOnlyList<string> events, string? secret)
    {
        var faults = new List<Fault>();
        if (!Name().IsMatch(name))
            faults.Add(new Fault("name", $"Webhook name '{name}' is invalid. It must start and end with a letter or digit, be at most 63 characters long, and contain only letters, digits, dots (.), underscores (_), and hyphens (-)."));
        if (string.IsNullOrWhiteSpace(url))
            faults.Add(new Fault("url", $"Webhook URL cannot be empty or just whitespace: '{url}'"));
        else if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
            faults.Add(new Fault("url", $"Invalid webhook URL scheme: '{Scheme(url)}'. Allowed schemes are: https, http.", "Write https://…"));
        else if (uri.UserInfo.Length > 0)
            faults.Add(new Fault("url", "The webhook URL holds a user name or password, which every reader of the webhook would see.", "Use a secret."));
        if (url.Length > 2048)
            faults.Add(new Fault("url", $"The webhook URL has {url.Length} characters; at most 2048 are allowed."));
        if (events.Count == 0)
            faults.Add(new Fault("events", "Webhook events must be a non-empty list.", $"Any of {string.Join(", ", WebhookEvents.All)}."));
        faults.AddRange(events.Select((e, i) => (e, i)).Where(x => !WebhookEvents.All.Contains(x.e)).Select(x => Event(x.e, x.i)));
        if (secret is { Length: > 1000 })
            faults.Add(new Fault("secret", $"The secret has {secret.Length} characters; at most 1000 are allowed."));
        if (faults.Count == 1)
            throw new HoldfastException(ErrorCode.InvalidArgument, faults[0].Message, faults[0].Hint);
        if (faults.Count > 1)
            throw new HoldfastException("The webhook cannot be stored.", faults);
    }

    /// <summary>The pause before the next attempt: 1, 4, 16 … seconds, or longer when the receiver asks for it; null when none is left.</summary>
    public static TimeSpan? Pause(int attempts, TimeSpan? wished)
    {
        if (attempts >= MostAttempts)
            return null;
        var own = TimeSpan.FromSeconds(Math.Pow(4, attempts - 1));
        return wished is { } longer && longer > own ? (longer < _longestPause ? longer : _longestPause) : own;
    }

    private static Fault Event(string name, int index)
    {
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        var entity = dot < 0 ? name : name[..dot];
        var actions = WebhookEvents.All.Where(e => e.StartsWith(entity + ".", StringComparison.Ordinal)).Select(e => $"'{e[(entity.Length + 1)..]}'").Order(StringComparer.Ordinal).ToList();
        return actions.Count > 0 && dot > 0
            ? new Fault($"events[{index}]", $"Invalid action '{name[(dot + 1)..]}' for entity '{entity}'. Valid actions are: [{string.Join(", ", actions)}]")
            : new Fault($"events[{index}]", $"Invalid entity or action in event string: {name}.", $"Any of {string.Join(", ", WebhookEvents.All)}.");
    }

    private static string Scheme(string url) => url.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon ? url[..colon] : "";

    [GeneratedRegex(@"^(?=.{1,63}\z)[a-zA-Z0-9]([a-zA-Z0-9._-]*[a-zA-Z0-9])?\z")]
    private static partial Regex Name();
}
