using System.CommandLine;
using System.Globalization;
using Holdfast.Tracking;

namespace Holdfast.Commands.Capture;

/// <summary><c>holdfast run -- CMD</c>: any command as a tracked run, with all that is needed to run it again.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var experiment = new Option<string>("--experiment") { Description = "The experiment; default: the folder's name.", DefaultValueFactory = _ => Path.GetFileName(Environment.CurrentDirectory) is { Length: > 0 } name ? name : "Default" };
        var name = new Option<string?>("--name") { Description = "Name of the run." };
        var resume = new Option<string?>("--resume") { Description = "Go on with this run instead of a new one." };
        var tags = KeyValueOption.Create("--tag", "A tag, as key=value; may be repeated.");
        var parameters = KeyValueOption.Create("--param", "A parameter, as key=value; may be repeated.");
        var inputs = new Option<string[]>("--input") { Description = "Data that it reads: a dataset version (credit@v3) or a file; files among the command's words are found by themselves. May be repeated." };
        var seed = new Option<string?>("--seed") { Description = "The seed: kept, and given to the command as HOLDFAST_SEED and PYTHONHASHSEED. A seed among the command's words is found by itself." };
        var notify = new Option<string?>("--notify") { Description = "Channels that are told of the end, as ml-team or ml-team:failed, with commas between." };
        var every = new Option<double>("--sample-every") { Description = "Seconds between two samples of the system metrics; 0 takes none.", DefaultValueFactory = _ => 10 };
        var noCode = new Option<bool>("--no-diff") { Description = "Keep the commit, but not what was changed since." };
        var command = new Argument<string[]>("command") { Description = "The command with its arguments, after --.", Arity = ArgumentArity.OneOrMore };
        return new Command("run", "Run a command as a tracked run: code with what was not committed, data, environment, hardware, output and system metrics are kept. The child finds its run in MLFLOW_RUN_ID and HOLDFAST_RUN_ID. While the server is away all is kept on disk (holdfast sync).")
        {
            experiment, name, resume, tags, parameters, inputs, seed, notify, every, noCode, command,
        }.WithServer(async (parsed, server, ct) =>
        {
            var wanted = new Wanted(
                parsed.GetRequiredValue(command), parsed.GetRequiredValue(experiment), parsed.GetValue(name), parsed.GetValue(resume), parsed.GetValue(tags) ?? [], parsed.GetValue(parameters) ?? [],
                parsed.GetValue(inputs) ?? [], parsed.GetValue(seed), parsed.GetValue(notify), TimeSpan.FromSeconds(Math.Clamp(parsed.GetValue(every), 0, 3600)), !parsed.GetValue(noCode), parsed.GetValue(ServerFinder.Workspace), Output.IsJson(parsed));
            var capture = new CapturedRun(server, wanted);
            var (runId, status, code) = await capture.Run(ct);
            await Console.Error.WriteLineAsync($"run {runId} {status.ToString().ToLowerInvariant()}");
            if (Output.IsJson(parsed) && !capture.Spooled)
                Output.Json(await server.Client.Runs.Get(runId, CancellationToken.None));
            if (status == RunStatus.Killed)
                return ExitCodes.Interrupted;
            if (code != 0)
                await Console.Error.WriteLineAsync($"error: the command ended with code {code}");
            return code == 0 ? ExitCodes.Fine : ExitCodes.Failed;
        });
    }

    /// <summary>What the command line asked for.</summary>
    internal sealed record Wanted(
        string[] Command, string Experiment, string? Name, string? Resume, Dictionary<string, string> Tags, Dictionary<string, string> Params, string[] Inputs, string? Seed, string? Notify, TimeSpan SampleEvery,
        bool WithDiff, string? Workspace, bool PrintsRun)
    {
        private static readonly string[] _seeds = ["HOLDFAST_SEED", "PL_GLOBAL_SEED", "SEED"];

        public string? AnySeed => Seed ?? CommandWords.Seed(Command) ?? _seeds.Select(Environment.GetEnvironmentVariable).FirstOrDefault(v => int.TryParse(v, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _));
    }
}
