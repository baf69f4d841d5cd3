using System.CommandLine;
using System.Text;
using Holdfast.Commands;
using Holdfast.Serve;

namespace Holdfast.Platform.Tests.Docs;

/// <summary>docs/commands.md says what the command line offers.</summary>
public sealed class CommandsPageTests
{
    [Fact]
    public void The_page_lists_every_command_option_and_setting()
    {
        var page = new StringBuilder("""
            # Commands

            Every command takes `--output json` and writes its result, and nothing else, to stdout. Commands on platform state talk to a server: `--server`, else `HOLDFAST_URL`, else the process that owns the data folder, else the server of `holdfast login`, else one inside the command itself. They take `--server URL`, `--data FOLDER` and `--workspace NAME`, which are not repeated below.

            Exit codes: 0 fine · 1 failed to run · 2 a finding (drift, violation, refused gate, roll-back) · 3 a data fault · 4 could not decide (not enough data) · 64 wrong usage · 130 interrupted.


            """);
        foreach (var command in Cli.Root().Subcommands.Where(c => !c.Hidden))
            Write(page, command, "holdfast");
        page.Append("## Server settings\n\nA flag of `serve` beats the variable, the variable beats `--config FILE` or `DATA/server.yaml`, the file beats the default. `holdfast config show` prints each value and its origin.\n\n| setting | variable | default | meaning |\n|---|---|---|---|\n");
        foreach (var setting in Settings.All)
            page.Append(null, $"| `{setting.Name}` | `{setting.Variable}` | {(setting.Default.Length == 0 ? "" : $"`{setting.Default}`")} | {setting.Meaning} |\n");
        WrittenDocument.Check("docs/commands.md", page.ToString());
    }

    [Fact]
    public void Every_command_and_option_says_what_it_is_for()
    {
        var silent = new List<string>();
        void Visit(Command command, string path)
        {
            path += " " + command.Name;
            if (string.IsNullOrWhiteSpace(command.Description))
                silent.Add(path);
            silent.AddRange(command.Options.Where(o => string.IsNullOrWhiteSpace(o.Description)).Select(o => $"{path} {o.Name}"));
            silent.AddRange(command.Arguments.Where(a => string.IsNullOrWhiteSpace(a.Description)).Select(a => $"{path} <{a.Name}>"));
            foreach (var child in command.Subcommands)
                Visit(child, path);
        }

        foreach (var command in Cli.Root().Subcommands.Where(c => !c.Hidden))
            Visit(command, "holdfast");
        Assert.Empty(silent);
    }

    private static void Write(StringBuilder page, Command command, string path)
    {
        path = $"{path} {command.Name}";
        var level = path.Split(' ').Length;
        var arguments = string.Concat(command.Arguments.Select(a => a.Arity.MinimumNumberOfValues == 0 ? $" [{a.Name}]" : $" <{a.Name}>"));
        page.Append(null, $"{new string('#', Math.Min(level, 3))} `{path}{arguments}`\n\n{command.Description}\n\n");
        var rows = command.Arguments.Select(a => ($"<{a.Name}>", a.Description)).Concat(command.Options.Where(o => !o.Hidden && o.Name is not ("--help" or "--output")).Select(o => (string.Join("`, `", o.Aliases.Prepend(o.Name).Order(StringComparer.Ordinal).Reverse().Reverse()), o.Description))).ToList();
        // Flags of settings have one table at the end.
        rows.RemoveAll(r => Settings.All.Any(s => s.Flag == r.Item1 && s.Name != "data"));
        if (command.Options.Contains(ServerFinder.Server))
            rows.RemoveAll(r => r.Item1 is "--server" or "--data" or "--workspace");
        if (rows.Count > 0)
        {
            foreach (var (name, description) in rows)
                page.Append(null, $"- `{name}`: {description}\n");
            page.Append('\n');
        }

        foreach (var child in command.Subcommands)
            Write(page, child, path);
    }
}
