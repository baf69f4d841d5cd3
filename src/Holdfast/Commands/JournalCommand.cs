using System.CommandLine;
using System.Text.Json;
using Holdfast.Contracts;

namespace Holdfast.Commands;

/// <summary><c>holdfast journal</c>: what happened, oldest first.</summary>
internal static class JournalCommand
{
    public static Command Create()
    {
        var after = new Option<long>("--after") { Description = "Only events past this position (seq)." };
        var kind = new Option<string?>("--kind") { Description = "Only this kind, such as drift.diagnosed (docs/events.md)." };
        var subject = new Option<string?>("--subject") { Description = "Only of this endpoint, model or pipeline." };
        var limit = new Option<int>("--limit") { Description = "At most so many, the newest.", DefaultValueFactory = _ => 200 };
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on with events as they happen." };
        var command = new Command("journal", "List what happened: every decision, who or what took it, and why. JSON output is one event a line.") { after, kind, subject, limit, follow };
        return command.WithServer(async (parsed, server, ct) =>
        {
            var json = Output.IsJson(parsed);
            var past = parsed.GetValue(after);
            if (parsed.GetValue(follow))
            {
                await foreach (var e in server.Client.Follow(past, ct))
                {
                    if ((parsed.GetValue(kind) ?? e.Kind) == e.Kind && (parsed.GetValue(subject) ?? e.Subject) == e.Subject)
                        Write(e, json);
                }

                return ExitCodes.Fine;
            }

            var query = $"/api/v1/journal?after={past}&limit={parsed.GetValue(limit)}&newest_first={(past == 0 ? "true" : "false")}"
                + (parsed.GetValue(kind) is { } k ? $"&kind={Uri.EscapeDataString(k)}" : "")
                + (parsed.GetValue(subject) is { } s ? $"&subject={Uri.EscapeDataString(s)}" : "");
            var events = (await server.Api.Get<PageOf<JournalEntry>>(query, ct)).Items.OrderBy(e => e.Seq).ToList();
            if (!json)
                Output.Table(events, "Nothing has happened yet.", ("seq", e => e.Seq.ToString(System.Globalization.CultureInfo.InvariantCulture)), ("at", e => Output.Time(e.At)), ("kind", e => e.Kind), ("subject", e => e.Subject), ("actor", e => e.Actor), ("detail", e => Summary(e.Detail)));
            else
                events.ForEach(e => Write(e, json));
            return ExitCodes.Fine;
        });
    }

    /// <summary>The payload's plain values as <c>name=value</c>.</summary>
    internal static string Summary(JsonElement detail) => string.Join(
        ' ',
        detail.EnumerateObject()
            .Where(p => p.Name is not ("kind" or "endpoint" or "incident_id") && p.Value.ValueKind is JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False)
            .Select(p => $"{p.Name}={(p.Value.ValueKind == JsonValueKind.Number && p.Value.TryGetDouble(out var d) ? d.ToString("0.####", System.Globalization.CultureInfo.InvariantCulture) : p.Value.ToString())}"));

    private static void Write(JournalEntry e, bool json) =>
        Output.Line(json ? JsonSerializer.Serialize(e, HoldfastJson.Options) : $"{e.Seq,6} {Output.Time(e.At)} {e.Kind,-28} {e.Subject,-20} {Summary(e.Detail)}");
}
