using System.Globalization;
using System.Text;
using System.Text.Json;
using Holdfast.Client;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Pipelines;
using Holdfast.Tracking;

namespace Holdfast.Commands.Capture;

/// <summary>One command as a run: what it is made of, its output and figures while it works, and how it ended.</summary>
internal sealed class CapturedRun(ServerConnection server, RunCommand.Wanted wanted)
{
    private static readonly TimeSpan _lookFor = TimeSpan.FromSeconds(10);
    private readonly string _folder = Environment.CurrentDirectory;
    private readonly Rank? _rank = DistributedRank.Read(Environment.GetEnvironmentVariable);

    /// <summary>Whether something waits on disk because the server was away.</summary>
    public bool Spooled { get; private set; }

    public async Task<(string RunId, RunStatus Status, int Code)> Run(CancellationToken ct)
    {
        // Before the command can change it.
        var code = await CodeCapture.Take(_folder, wanted.WithDiff);
        var files = Directory.CreateTempSubdirectory("holdfast-run-");
        var parent = _rank is { Index: 0 } ? Start(ParentId(_rank), $"{wanted.Name ?? wanted.Experiment}-{_rank.Group}", ParentTags(_rank)) : null;
        var run = Start(wanted.Resume, wanted.Name ?? (_rank is null ? null : $"rank-{_rank.Index}"), Tags(code?.Version));
        var (status, exit) = (RunStatus.Failed, -1);
        try
        {
            using var process = ChildProcess.Start(wanted.Command, await Variables(run.Id, ct));
            var describing = Describe(run, code, files.FullName);
            using var sampling = new CancellationTokenSource();
            var samples = wanted.SampleEvery > TimeSpan.Zero ? new SystemSampler(run, process.Id, _folder).Run(wanted.SampleEvery, sampling.Token) : Task.CompletedTask;
            var log = Path.Combine(files.FullName, "output.log");
            await using (var output = new FileStream(log, FileMode.Create, FileAccess.Write, FileShare.Read, 1 << 14, useAsync: true))
            {
                // A grandchild may hold the pipes open after the command itself has ended.
                using var console = new ConsoleCapture(run, output, toStdout: !wanted.PrintsRun);
                var following = console.Follow(process.Stdout, process.Stderr, CancellationToken.None);
                exit = await process.Wait(ct);
                await Task.WhenAny(following, Task.Delay(TimeSpan.FromSeconds(5), CancellationToken.None));
            }

            await sampling.CancelAsync();
            await samples;
            await describing;
            run.LogArtifact(log);
            status = process.Interrupted || exit is 130 or 143 ? RunStatus.Killed : exit == 0 ? RunStatus.Finished : RunStatus.Failed;
            run.SetTag("holdfast.exit_code", exit.ToString(CultureInfo.InvariantCulture));
        }
        finally
        {
            await run.End(status);
            if (parent is not null)
                await parent.End(status);
            Spooled = run.Counts.Spooled > 0;
            files.Delete(recursive: true);
        }

        return (run.Id, status, exit);
    }

    private TrackedRun Start(string? id, string? name, Dictionary<string, string> tags)
    {
        var options = new TrackOptions
        {
            Server = new Uri(server.Url), Token = server.Token, Workspace = wanted.Workspace, RunId = id, Join = false, EndWithProgram = false, Tags = tags, Params = wanted.Params, Patience = _lookFor,
        };
        return wanted.Resume is not null && id == wanted.Resume ? Track.ResumeRun(id, options) : Track.StartRun(wanted.Experiment, name, options);
    }

    // While the command works already: none of it takes its time away.
    private async Task Describe(TrackedRun run, (CodeVersion Version, string? Diff)? code, string files)
    {
        try
        {
            var (environment, packages) = await EnvironmentCapture.Take(wanted.Command, _folder);
            var hardware = await HardwareCapture.Take();
            var named = wanted.Inputs.Where(i => !i.Contains('@', StringComparison.Ordinal) || File.Exists(Path.Combine(_folder, i))).ToList();
            var data = await DataCapture.Take([.. CommandWords.DataFiles(wanted.Command, _folder).Union(named)], _folder, server.Api, CancellationToken.None);
            foreach (var reference in wanted.Inputs.Except(named))
                run.LogDataset(reference);
            foreach (var item in data)
                run.LogInput(Input(item));
            var document = new CaptureDocument(
                1, CommandWords.WithoutSecrets(wanted.Command), _folder, code?.Version, environment, hardware, data, wanted.AnySeed, EnvironmentCapture.Variables(), _rank);
            await Keep(run, files, "capture.json", JsonSerializer.Serialize(document, HoldfastJson.Indented));
            if (code?.Diff is { } diff)
                await Keep(run, files, "code.diff", diff);
            if (packages.Count > 0)
                await Keep(run, files, "requirements.txt", string.Join('\n', packages) + "\n");
            run.SetTag("holdfast.env.gpus", hardware.Gpus.Count.ToString(CultureInfo.InvariantCulture));
            if (hardware.Cpu is { } cpu)
                run.SetTag("holdfast.env.cpu", cpu);
            if (environment.Python is { } python)
                run.SetTag("holdfast.env.python", python.Version);
            if (environment.Dotnet is { } dotnet)
                run.SetTag("holdfast.env.dotnet", dotnet);
            if (environment.Container is { } container)
                run.SetTag("holdfast.env.container", container.Digest ?? container.Image ?? container.Id ?? container.Engine);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            await Console.Error.WriteLineAsync($"holdfast: the environment could not be kept: {e.Message}");
        }
    }

    private async Task<Dictionary<string, string>> Variables(string runId, CancellationToken ct)
    {
        var variables = new Dictionary<string, string> { ["HOLDFAST_URL"] = server.Url, ["HOLDFAST_RUN_ID"] = runId };
        // Output is followed while it is written, so it must not wait in a buffer.
        if (Environment.GetEnvironmentVariable("PYTHONUNBUFFERED") is null)
            variables["PYTHONUNBUFFERED"] = "1";
        if (wanted.Seed is { } seed)
            (variables["HOLDFAST_SEED"], variables["PYTHONHASHSEED"]) = (seed, seed);
        if (server.Token is { } token)
            variables["HOLDFAST_TOKEN"] = token;
        // A client of a server that is away would hold the command up or end it.
        if (!await Answers(ct))
        {
            await Console.Error.WriteLineAsync($"holdfast: {server.Url} does not answer; the run is kept on disk, and the variables of MLflow and W&B stay as they are");
            return variables;
        }

        (variables["MLFLOW_TRACKING_URI"], variables["MLFLOW_RUN_ID"]) = (server.Url, runId);
        if (wanted.Resume is null)
            variables["MLFLOW_EXPERIMENT_NAME"] = wanted.Experiment;
        if (server.Token is { } mlflow)
            variables["MLFLOW_TRACKING_TOKEN"] = mlflow;
        if (await SpeaksWandb(ct))
        {
            (variables["WANDB_BASE_URL"], variables["WANDB_RUN_ID"], variables["WANDB_PROJECT"], variables["WANDB_RESUME"]) = (server.Url, runId, wanted.Experiment, "allow");
            variables["WANDB_API_KEY"] = server.Token ?? new string('0', 40);
        }

        return variables;
    }

    private async Task<bool> Answers(CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(_lookFor);
        try
        {
            await server.Client.Version(limit.Token);
            return true;
        }
        catch (Exception e) when (e is HoldfastException or OperationCanceledException && !ct.IsCancellationRequested)
        {
            return false;
        }
    }

    // A server without that protocol must not be named to its clients: they would stop the command.
    private async Task<bool> SpeaksWandb(CancellationToken ct)
    {
        try
        {
            var answer = await server.Api.Post<JsonElement>("/graphql", new { query = "{ serverInfo { cliVersionInfo } }" }, ct);
            return answer.TryGetProperty("data", out var data) && data.ValueKind == JsonValueKind.Object && data.TryGetProperty("serverInfo", out var info) && info.ValueKind == JsonValueKind.Object;
        }
        catch (HoldfastException)
        {
            return false;
        }
    }

    private Dictionary<string, string> Tags(CodeVersion? code)
    {
        var words = CommandWords.WithoutSecrets(wanted.Command);
        var tags = new Dictionary<string, string>(StageEnvironment.Describe())
        {
            ["holdfast.command"] = CommandWords.Line(words),
            ["holdfast.folder"] = _folder,
            ["holdfast.host"] = Environment.MachineName,
            ["mlflow.source.name"] = words.Count > 1 && !words[1].StartsWith('-') ? words[1] : words[0],
            ["mlflow.source.type"] = "LOCAL",
            ["mlflow.user"] = Environment.UserName,
        };
        if (wanted.AnySeed is { } seed)
            tags["holdfast.seed"] = seed;
        if (wanted.Notify is { } notify)
            tags["holdfast.notify"] = notify;
        if (code is not null)
        {
            tags["mlflow.source.git.commit"] = code.Commit;
            tags["holdfast.git.dirty"] = code.Dirty ? "true" : "false";
            if (code.Branch is { } branch)
                tags["mlflow.source.git.branch"] = branch;
            if (code.Remote is { } remote)
                tags["mlflow.source.git.repoURL"] = remote;
        }

        // A run that a tracked command starts is part of it.
        if (Environment.GetEnvironmentVariable("HOLDFAST_RUN_ID") is { Length: > 0 } outer)
            tags["mlflow.parentRunId"] = outer;
        if (_rank is { } rank)
        {
            tags["mlflow.parentRunId"] = ParentId(rank);
            foreach (var (key, value) in ParentTags(rank))
                tags[key] = value;
            tags["holdfast.rank"] = rank.Index.ToString(CultureInfo.InvariantCulture);
            if (rank.Local is { } local)
                tags["holdfast.local_rank"] = local.ToString(CultureInfo.InvariantCulture);
            if (rank.Node is { } node)
                tags["holdfast.node"] = node;
        }

        foreach (var (key, value) in wanted.Tags)
            tags[key] = value;
        return tags;
    }

    // Every process of the group comes to the same id without talking to the others.
    private string ParentId(Rank rank) => Ids.Hex32From($"distributed run/{wanted.Experiment}/{rank.Group}");

    private static Dictionary<string, string> ParentTags(Rank rank) => new() { ["holdfast.group"] = rank.Group, ["holdfast.world_size"] = rank.Size.ToString(CultureInfo.InvariantCulture) };

    private static RunInput Input(CapturedData data) => new(
        Path.GetFileName(data.Path.TrimEnd('/')), data.Hash[..Math.Min(32, data.Hash.Length)], data.Version is null ? "local" : "holdfast", data.Version ?? JsonSerializer.Serialize(new { uri = data.Path }), Profile: JsonSerializer.Serialize(new { bytes = data.Bytes }),
        Context: "training");

    private static async Task Keep(TrackedRun run, string folder, string name, string text)
    {
        var file = Path.Combine(folder, name);
        await File.WriteAllTextAsync(file, text, new UTF8Encoding(false));
        run.LogArtifact(file, "holdfast/" + name);
    }
}
