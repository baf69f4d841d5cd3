using System.CommandLine;
using Holdfast.Client;
using Holdfast.Contracts;
using Holdfast.Serve;
using Holdfast.Storage;

namespace Holdfast.Commands;

/// <summary><c>holdfast doctor</c>: looks at the machine, the data folder and the server, and says what is wrong with each.</summary>
internal static class DoctorCommand
{
    private sealed record Finding(string Check, string State, string Detail);

    public static Command Create()
    {
        var command = new Command("doctor", "Check the machine, the data folder and the server. Exit code 2 when something needs attention.") { ServerFinder.Data };
        command.SetAction(async (parsed, ct) =>
        {
            var root = DataFolder.Locate(parsed.GetValue(ServerFinder.Data));
            var findings = new List<Finding> { new("holdfast", "ok", $"{SystemApi.Version} on {System.Runtime.InteropServices.RuntimeInformation.FrameworkDescription}, {Environment.ProcessorCount} processors") };
            Folder(root, findings);
            Space(root, findings);
            Tool("git", findings, "code versions of runs are not recorded");
            await Server(root, findings, ct);
            if (Output.IsJson(parsed))
                Output.Json(findings);
            else
                Output.Table(findings, "", ("check", f => f.Check), ("state", f => f.State), ("detail", f => f.Detail));
            return findings.Any(f => f.State == "problem") ? ExitCodes.Finding : ExitCodes.Fine;
        });
        return command;
    }

    private static void Folder(string root, List<Finding> findings)
    {
        if (!Directory.Exists(root))
        {
            findings.Add(new("data folder", "ok", $"{root} does not exist yet; the first command makes it"));
            return;
        }

        try
        {
            var probe = Path.Combine(root, $".doctor-{Environment.ProcessId}");
            File.WriteAllText(probe, "");
            File.Delete(probe);
            findings.Add(new("data folder", "ok", root));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            findings.Add(new("data folder", "problem", $"{root} cannot be written: {e.Message}"));
        }

        if (!OperatingSystem.IsWindows() && File.Exists(Path.Combine(root, "token")) && (File.GetUnixFileMode(Path.Combine(root, "token")) & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite)) != 0)
            findings.Add(new("token", "problem", $"{Path.Combine(root, "token")} can be read by others: chmod 600"));
    }

    private static void Space(string root, List<Finding> findings)
    {
        var existing = root;
        while (!Directory.Exists(existing))
            existing = Path.GetDirectoryName(existing)!;
        var free = new DriveInfo(existing).AvailableFreeSpace;
        findings.Add(new("disk", free < 1L << 30 ? "problem" : "ok", $"{free >> 20} MiB free"));
    }

    private static void Tool(string name, List<Finding> findings, string without)
    {
        var found = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(p => File.Exists(Path.Combine(p, name)) || File.Exists(Path.Combine(p, name + ".exe")));
        findings.Add(new(name, found ? "ok" : "note", found ? "found" : $"not found: {without}"));
    }

    private static async Task Server(string root, List<Finding> findings, CancellationToken ct)
    {
        if (DataFolder.RunningServer(root) is not { } running)
        {
            findings.Add(new("server", "ok", "none runs on this folder; commands start their own"));
            return;
        }

        try
        {
            using var client = new HoldfastClient(new Uri(running.Url), DataFolder.ReadToken(root));
            var version = await client.Version(ct);
            findings.Add(new("server", version.Version == SystemApi.Version ? "ok" : "note", $"{running.Url}, process {running.Pid}, version {version.Version}"));
        }
        catch (HoldfastException e)
        {
            findings.Add(new("server", "problem", $"process {running.Pid} owns the folder and does not answer: {e.Message}"));
        }
    }
}
