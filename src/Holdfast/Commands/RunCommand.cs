using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Holdfast.Contracts;
using Holdfast.Tracking;

namespace Holdfast.Commands;

/// <summary><c>holdfast run -- CMD</c>: any command as a tracked run, with code version, environment, output and system metrics.</summary>
internal static class RunCommand
{
    private static readonly TimeSpan SampleEvery = TimeSpan.FromSeconds(5);

    public static Command Create()
    {
        var experiment = new Option<string>("--experiment") { Description = "The experiment.", DefaultValueFactory = _ => Path.GetFileName(Environment.CurrentDirectory) is { Length: > 0 } name ? name : "Default" };
        var name = new Option<string?>("--name") { Description = "Name of the run." };
        var command = new Argument<string[]>("command") { Description = "The command with its arguments, after --.", Arity = ArgumentArity.OneOrMore };
        return new Command("run", "Run a command as a tracked run: git commit, environment, output and system metrics are kept. The child finds its run in MLFLOW_RUN_ID and HOLDFAST_RUN_ID.")
        {
            experiment, name, command,
        }.WithServer(async (parsed, server, ct) =>
        {
            var words = parsed.GetRequiredValue(command);
            var run = await server.Client.Runs.Start(parsed.GetRequiredValue(experiment), parsed.GetValue(name), Tags(words), ct);
            var ended = RunStatus.Failed;
            int? code = null;
            try
            {
                code = await Execute(server, run.RunId, words, ct);
                ended = code == 0 ? RunStatus.Finished : RunStatus.Failed;
            }
            catch (OperationCanceledException)
            {
                ended = RunStatus.Killed;
                throw;
            }
            finally
            {
                await server.Client.Runs.Finish(run.RunId, ended, ct: CancellationToken.None);
                await Console.Error.WriteLineAsync($"run {run.RunId} {ended.ToString().ToLowerInvariant()}");
            }

            if (Output.IsJson(parsed))
                Output.Json(await server.Client.Runs.Get(run.RunId, ct));
            if (code != 0)
                await Console.Error.WriteLineAsync($"error: the command ended with code {code}");
            return code == 0 ? ExitCodes.Fine : ExitCodes.Failed;
        });
    }

    private static async Task<int> Execute(ServerConnection server, string runId, string[] words, CancellationToken ct)
    {
        var start = new ProcessStartInfo(words[0], words[1..]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["HOLDFAST_URL"] = server.Url;
        start.Environment["HOLDFAST_RUN_ID"] = runId;
        start.Environment["MLFLOW_TRACKING_URI"] = server.Url;
        start.Environment["MLFLOW_RUN_ID"] = runId;
        if (server.Token is { } token)
        {
            start.Environment["HOLDFAST_TOKEN"] = token;
            start.Environment["MLFLOW_TRACKING_TOKEN"] = token;
        }

        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"'{words[0]}' cannot be started: {e.Message}", "Check the command after --.", e);
        }

        using (process)
        {
            var file = Path.GetTempFileName();
            await using var log = new FileStream(file, FileMode.Create, FileAccess.ReadWrite, FileShare.Read, 1 << 14, FileOptions.Asynchronous | FileOptions.DeleteOnClose);
            using var turn = new SemaphoreSlim(1, 1);
            using var sampling = CancellationTokenSource.CreateLinkedTokenSource(ct);
            var samples = Sample(server, runId, process, sampling.Token);
            try
            {
                // The child's stdout is not this command's result: both streams go to stderr and into the log.
                await Task.WhenAll(Copy(process.StandardOutput.BaseStream, log, turn, ct), Copy(process.StandardError.BaseStream, log, turn, ct));
                await process.WaitForExitAsync(ct);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                throw;
            }
            finally
            {
                await sampling.CancelAsync();
                await samples;
                await log.FlushAsync(CancellationToken.None);
                log.Position = 0;
                await server.Client.Runs.PutArtifact(runId, "output.log", log, CancellationToken.None);
            }

            return process.ExitCode;
        }
    }

    private static async Task Copy(Stream from, Stream log, SemaphoreSlim turn, CancellationToken ct)
    {
        await using var terminal = Console.OpenStandardError();
        var buffer = new byte[8192];
        int count;
        while ((count = await from.ReadAsync(buffer, ct)) > 0)
        {
            await turn.WaitAsync(ct);
            try
            {
                await terminal.WriteAsync(buffer.AsMemory(0, count), ct);
                await log.WriteAsync(buffer.AsMemory(0, count), ct);
            }
            finally
            {
                turn.Release();
            }
        }
    }

    private static async Task Sample(ServerConnection server, string runId, Process process, CancellationToken ct)
    {
        using var timer = new PeriodicTimer(SampleEvery);
        var (step, before, watch) = (0L, TimeSpan.Zero, Stopwatch.StartNew());
        try
        {
            while (await timer.WaitForNextTickAsync(ct) && !process.HasExited)
            {
                process.Refresh();
                var (used, elapsed) = (process.TotalProcessorTime, watch.Elapsed);
                watch.Restart();
                var now = TimeProvider.System.GetUtcNow();
                await server.Client.Runs.Log(
                    runId,
                    [
                        new MetricPoint("system/cpu_percent", 100 * (used - before) / elapsed, now, step),
                        new MetricPoint("system/memory_mb", process.WorkingSet64 / 1048576.0, now, step),
                    ],
                    ct: ct);
                (before, step) = (used, step + 1);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or InvalidOperationException or HoldfastException)
        {
            // The process has ended, or the figures cannot be had: the run itself is what matters.
        }
    }

    private static Dictionary<string, string> Tags(string[] words)
    {
        var tags = new Dictionary<string, string>
        {
            ["holdfast.command"] = string.Join(' ', words.Select(w => w.Contains(' ', StringComparison.Ordinal) ? $"'{w}'" : w)),
            ["holdfast.folder"] = Environment.CurrentDirectory,
            ["holdfast.host"] = Environment.MachineName,
            ["holdfast.os"] = RuntimeInformation.OSDescription,
            ["holdfast.processors"] = Environment.ProcessorCount.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["mlflow.source.name"] = words[0],
            ["mlflow.source.type"] = "LOCAL",
        };
        if (GitTool.Ask(Environment.CurrentDirectory, "rev-parse", "HEAD") is { Length: > 0 } commit)
        {
            tags["mlflow.source.git.commit"] = commit;
            tags["holdfast.git.dirty"] = GitTool.Ask(Environment.CurrentDirectory, "status", "--porcelain") is { Length: > 0 } ? "true" : "false";
        }

        return tags;
    }
}
