using System.Diagnostics;
using System.Text;

namespace Holdfast.Commands.Capture;

/// <summary>Asks another program a short question.</summary>
internal static class Tool
{
    /// <summary>What it writes to stdout; null when it is not there, fails, or takes too long.</summary>
    public static async Task<string?> Ask(string program, IEnumerable<string> words, string? folder = null, TimeSpan? within = null, IReadOnlyDictionary<string, string>? variables = null, string? input = null)
    {
        using var limit = new CancellationTokenSource(within ?? TimeSpan.FromSeconds(20));
        try
        {
            var start = new ProcessStartInfo(program, words)
            {
                WorkingDirectory = folder ?? "",
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                RedirectStandardInput = true,
                StandardOutputEncoding = new UTF8Encoding(false),
            };
            foreach (var (name, value) in variables ?? new Dictionary<string, string>())
                start.Environment[name] = value;
            using var process = Process.Start(start)!;
            try
            {
                var error = process.StandardError.ReadToEndAsync(limit.Token);
                var output = process.StandardOutput.ReadToEndAsync(limit.Token);
                if (input is not null)
                    await process.StandardInput.WriteAsync(input.AsMemory(), limit.Token);
                process.StandardInput.Close();
                var text = await output;
                await error;
                await process.WaitForExitAsync(limit.Token);
                return process.ExitCode == 0 ? text : null;
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                return null;
            }
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or IOException)
        {
            return null;
        }
    }

    /// <summary>Where a program lies on the path; null when it does not.</summary>
    public static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Select(f => Path.Combine(f, program)).FirstOrDefault(File.Exists);
}
