using Holdfast.Kernel;
using Spectre.Console;

namespace Holdfast.Demo;

/// <summary>Tells the story as it happens: a line an event, and on a terminal one line of progress below.</summary>
internal sealed class DemoScreen(IAnsiConsole console, bool interactive)
{
    private static readonly Dictionary<string, string> Colours = new(StringComparer.Ordinal)
    {
        ["drift.diagnosed"] = "yellow",
        ["data.quarantined"] = "yellow",
        ["endpoint.fallback_entered"] = "yellow",
        ["retrain.blocked"] = "yellow",
        ["gate.refused"] = "red",
        ["retrain.failed"] = "red",
        ["rollout.rolled_back"] = "red",
        ["gate.passed"] = "green",
        ["rollout.completed"] = "green",
        ["retrain.finished"] = "green",
        ["incident.resolved"] = "green",
        ["endpoint.fallback_left"] = "green",
    };

    private readonly Lock _gate = new();
    private string _status = "";

    public void Title(string text)
    {
        Line("");
        Line($"[bold]{Markup.Escape(text)}[/]");
    }

    public void Say(string text) => Line(Markup.Escape(text));

    public void Event(JournalEvent e)
    {
        if (!DecisiveEvents.Contains(e))
            return;
        var colour = Colours.GetValueOrDefault(e.Kind, "default");
        Line($"[grey]{e.At.UtcDateTime:MMM dd HH:mm}[/]  [{colour}]{Markup.Escape(EventText.Describe(e))}[/]");
    }

    /// <summary>A stretch of time that passes; dispose it at its end.</summary>
    public Progress Phase(string what, int? hours) => new(this, what, hours);

    private void Line(string markup)
    {
        lock (_gate)
        {
            Clear();
            console.MarkupLine(markup);
            Draw();
        }
    }

    private void Status(string text)
    {
        if (!interactive)
            return;
        lock (_gate)
        {
            Clear();
            _status = text.Length >= console.Profile.Width ? text[..(console.Profile.Width - 1)] : text;
            Draw();
        }
    }

    private void Clear()
    {
        if (interactive && _status.Length > 0)
            console.Write(new ControlCode("\r\u001b[2K"));
    }

    private void Draw()
    {
        if (interactive && _status.Length > 0)
            console.Write(new Text(_status, new Style(Color.Grey)));
    }

    internal sealed class Progress : IDisposable
    {
        private const int Width = 24;
        private readonly DemoScreen _screen;
        private readonly string _what;
        private readonly int? _hours;

        public Progress(DemoScreen screen, string what, int? hours)
        {
            (_screen, _what, _hours) = (screen, what, hours);
            _screen.Status($"… {what}");
        }

        public void Advance(DateTimeOffset now, int done)
        {
            var filled = _hours is { } total ? Width * done / total : done % Width;
            var bar = _hours is null ? new string('·', filled) + "━━" + new string('·', Width - filled) : new string('━', filled) + new string('·', Width - filled);
            _screen.Status($"{bar}  {_what}, {now.UtcDateTime:MMM dd HH:mm}, {done} h");
        }

        public void Dispose() => _screen.Status("");
    }
}
