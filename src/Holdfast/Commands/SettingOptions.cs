using System.CommandLine;
using Holdfast.Serve;

namespace Holdfast.Commands;

/// <summary>The server settings as flags: one for each, and --config.</summary>
internal sealed class SettingOptions
{
    private readonly Dictionary<string, Option<string?>> _flags = Settings.All.ToDictionary(
        s => s.Name,
        s => new Option<string?>(s.Flag) { Description = $"{s.Meaning}{(s.Default.Length > 0 ? $" Default: {s.Default}." : "")} [{s.Variable}]" });

    private readonly Option<string?> _config = new("--config") { Description = "Settings file; default: DATA/server.yaml when it is there." };

    public void AddTo(Command command)
    {
        foreach (var flag in _flags.Values)
            command.Add(flag);
        command.Add(_config);
    }

    public IReadOnlyList<SettingValue> Resolve(ParseResult parsed) =>
        Settings.Resolve(_flags.ToDictionary(f => f.Key, f => parsed.GetValue(f.Value)), parsed.GetValue(_config), Environment.GetEnvironmentVariable);
}
