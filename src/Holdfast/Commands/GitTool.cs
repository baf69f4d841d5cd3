using System.Diagnostics;
using System.Text;

namespace Holdfast.Commands;

/// <summary>The git of the machine, asked for what a run was made of.</summary>
internal static class GitTool
{
    /// <summary>What git answers; null when there is no git, no repository or no such thing.</summary>
    public static string? Ask(string folder, params IEnumerable<string> words)
    {
        try
        {
            using var git = Process.Start(new ProcessStartInfo("git", words) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, StandardOutputEncoding = Encoding.UTF8 })!;
            git.ErrorDataReceived += static (_, _) => { };
            git.BeginErrorReadLine();
            var text = git.StandardOutput.ReadToEnd();
            git.WaitForExit();
            return git.ExitCode == 0 ? text.Trim() : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
