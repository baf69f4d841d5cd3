using System.Text.Json.Nodes;

namespace Holdfast.Alerts;

/// <summary>An alert for people: what, where, with which figures, and where to look.</summary>
/// <param name="Title">One line.</param>
/// <param name="Text">A sentence or two.</param>
/// <param name="Fields">Figures, name and value, in order.</param>
/// <param name="Link">Address of the page that shows more.</param>
public sealed record Message(string Title, string Text, IReadOnlyList<MessageField> Fields, string? Link = null, string? IncidentId = null, string Severity = "significant")
{
    /// <summary>The body for Slack's incoming webhooks: a text for notifications and blocks for the channel.</summary>
    public JsonObject ToSlack()
    {
        var blocks = new JsonArray
        {
            new JsonObject { ["type"] = "header", ["text"] = new JsonObject { ["type"] = "plain_text", ["text"] = Cut(Title, 150) } },
            new JsonObject { ["type"] = "section", ["text"] = new JsonObject { ["type"] = "mrkdwn", ["text"] = Cut(Escaped(Text), 3000) } },
        };
        foreach (var part in Fields.Chunk(10))
        {
            var fields = new JsonArray();
            foreach (var field in part)
                fields.Add(new JsonObject { ["type"] = "mrkdwn", ["text"] = Cut($"*{Escaped(field.Name)}*\n{Escaped(field.Value)}", 2000) });
            blocks.Add(new JsonObject { ["type"] = "section", ["fields"] = fields });
        }

        if (Link is not null)
            blocks.Add(new JsonObject { ["type"] = "context", ["elements"] = new JsonArray { new JsonObject { ["type"] = "mrkdwn", ["text"] = $"<{Escaped(Link)}|Open in Holdfast>" } } });
        return new JsonObject { ["text"] = Escaped($"{Title}: {Text}"), ["blocks"] = blocks };
    }

    // Slack gives these three a meaning; a feature's name must not become a mention.
    private static string Escaped(string text) => text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal);

    private static string Cut(string text, int length) => text.Length <= length ? text : text[..(length - 1)] + "…";
}

/// <summary>A figure of a message.</summary>
public sealed record MessageField(string Name, string Value);
