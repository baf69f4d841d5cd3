using System.CommandLine;
using Holdfast.Client;

namespace Holdfast.Commands;

/// <summary><c>holdfast sync</c>: what programs kept on disk while the server was away.</summary>
internal static class SyncCommand
{
    public static Command Create()
    {
        var folder = new Argument<string?>("folder") { Description = "The spool; default: HOLDFAST_SPOOL, else holdfast/spool below XDG_STATE_HOME or ~/.local/state.", Arity = ArgumentArity.ZeroOrOne };
        return new Command("sync", "Send what runs kept on disk while the server was away. May be interrupted and repeated: the server keeps each value once.") { folder }.WithServer(async (parsed, server, ct) =>
        {
            var report = await Spool.Sync(
                new TrackOptions { Server = new Uri(server.Url), Token = server.Token, Workspace = parsed.GetValue(ServerFinder.Workspace), Spool = parsed.GetValue(folder) }, new Files(), ct);
            if (Output.IsJson(parsed))
                Output.Json(new { report.Synced, report.InUse, report.Values, report.Refused, Left = report.Left.Select(l => new { l.File, l.Reason }) });
            else
                Output.Line($"{report.Synced} files sent, {report.Values} values" + (report.Refused > 0 ? $", {report.Refused} refused (kept beside, *.refused)" : "") + (report.InUse > 0 ? $"; {report.InUse} files in use by living programs" : ""));
            foreach (var (file, reason) in report.Left)
                await Console.Error.WriteLineAsync($"error: {file} could not be sent: {reason}");
            return report.Left.Count > 0 ? ExitCodes.Failed : ExitCodes.Fine;
        });
    }

    private sealed class Files : IProgress<string>
    {
        public void Report(string value) => Console.Error.WriteLine(value);
    }
}
