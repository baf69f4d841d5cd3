using System.CommandLine;
using Holdfast.Serve;

namespace Holdfast.Commands;

/// <summary><c>holdfast config show</c>: every server setting with the place it came from.</summary>
internal static class ConfigCommand
{
    public static Command Create()
    {
        var settings = new SettingOptions();
        var show = new Command("show", "Print every server setting, its value and where it came from.");
        settings.AddTo(show);
        show.SetAction(parsed =>
        {
            var values = settings.Resolve(parsed);
            var shown = values.Select(v => Settings.All.First(s => s.Name == v.Name).Secret && v.Value.Length > 0 ? v with { Value = "********" } : v).ToList();
            if (Output.IsJson(parsed))
                Output.Json(shown);
            else
                Output.Table(shown, "", ("setting", v => v.Name), ("value", v => v.Value), ("origin", v => v.Origin));
            // A value that serve would refuse is refused here too.
            _ = Settings.ToOptions(values);
            return ExitCodes.Fine;
        });
        return new Command("config", "The server's settings.") { show };
    }
}
