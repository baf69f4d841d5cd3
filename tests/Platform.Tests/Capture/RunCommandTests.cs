using System.Diagnostics;
using System.Text.Json;
using Holdfast.Alerts;
using Holdfast.Client;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Tracking;

namespace Holdfast.Platform.Tests.Capture;

/// <summary><c>holdfast run</c> as its user starts it: a process beside a server.</summary>
public sealed class RunCommandTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private TestHost _host = null!;
    private HoldfastClient _client = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string Work => _folder.File("work");

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the commands of these tests are for a POSIX shell");
        Directory.CreateDirectory(Work);
        _host = await TestHost.Start();
        _client = new HoldfastClient(new Uri(_host.Url));
    }

    public async ValueTask DisposeAsync()
    {
        _client?.Dispose();
        if (_host is not null)
            await _host.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_run_is_made_of_enough_to_make_it_again()
    {
        await Git("init", "-q");
        await File.WriteAllTextAsync(Path.Combine(Work, "train.sh"), "echo one\n", Ct);
        await Git("add", ".");
        await Git("-c", "user.email=a@example.org", "-c", "user.name=a", "commit", "-q", "-m", "c");
        await Git("remote", "add", "origin", "https://me:hush@example.org/x.git");
        const string Changed = "echo one; cat new.txt; cat data.csv; echo told >&2; sleep 2; exit 0\n";
        await File.WriteAllTextAsync(Path.Combine(Work, "train.sh"), Changed, Ct);
        await File.WriteAllTextAsync(Path.Combine(Work, "new.txt"), "new file\n", Ct);
        var data = Path.Combine(Work, "data.csv");
        await File.WriteAllTextAsync(data, "a,b\n1,2\n3,4\n", Ct);
        var version = await _client.Transport.Upload<JsonElement>(HttpMethod.Post, "/api/v1/datasets/credit/versions?file_name=data.csv", File.OpenRead(data), ct: Ct);

        var index = await Git("status", "--porcelain");
        var ended = await Run(["--experiment", "e", "--name", "n", "--tag", "team=risk", "--param", "depth=6", "--sample-every", "0.5", "--", "sh", "train.sh", "--seed", "7", "--api-key", "hush", "data.csv"]);
        Assert.True(ended.Code == 0, ended.Error);
        Assert.Equal("one\nnew file\na,b\n1,2\n3,4\n", ended.Output);
        Assert.Equal(index, await Git("status", "--porcelain"));
        var run = await Only();
        Assert.Equal((RunStatus.Finished, "n", "risk", "6", "0", "7", "true"), (run.Status, run.Name, run.Tag("team"), run.Param("depth"), run.Tag("holdfast.exit_code"), run.Tag("holdfast.seed"), run.Tag("holdfast.git.dirty")));
        Assert.Equal(("https://example.org/x.git", "sh train.sh --seed 7 --api-key '***' data.csv"), (run.Tag("mlflow.source.git.repoURL"), run.Tag("holdfast.command")));
        var input = Assert.Single(run.Inputs);
        Assert.Equal(("holdfast", "credit@v1", version.GetProperty("hash").GetString()![..32]), (input.SourceType, input.Source, input.Digest));
        foreach (var name in new[] { "cpu_utilization_percentage", "system_memory_usage_megabytes", "system_memory_usage_percentage", "disk_usage_percentage", "disk_usage_megabytes", "disk_available_megabytes", "process_memory_megabytes" })
            Assert.True(run.Metric("system/" + name) >= 0, name);
        var output = await _client.Runs.Console(run.RunId, ct: Ct);
        Assert.Equal("one\nnew file\na,b\n1,2\n3,4\n", string.Concat(output.Where(p => p.Stream == "stdout").Select(p => p.Text)));
        Assert.Equal("told\n", string.Concat(output.Where(p => p.Stream == "stderr").Select(p => p.Text)));
        Assert.Contains("told\n", await Artifact(run, "output.log"), StringComparison.Ordinal);

        var document = JsonDocument.Parse(await Artifact(run, "holdfast/capture.json")).RootElement;
        Assert.Equal(["sh", "train.sh", "--seed", "7", "--api-key", "***", "data.csv"], document.GetProperty("command").EnumerateArray().Select(w => w.GetString()));
        Assert.DoesNotContain("hush", document.GetRawText(), StringComparison.Ordinal);
        Assert.True(document.GetProperty("hardware").GetProperty("processors").GetInt32() > 0);
        Assert.Equal(run.Tag("mlflow.source.git.commit"), document.GetProperty("code").GetProperty("commit").GetString());

        // The commit and the diff give the same files.
        await Git("clone", "-q", Work, _folder.File("clone"));
        await File.WriteAllTextAsync(_folder.File("code.diff"), await Artifact(run, "holdfast/code.diff"), Ct);
        await Git("-C", _folder.File("clone"), "apply", _folder.File("code.diff"));
        Assert.Equal(Changed, await File.ReadAllTextAsync(_folder.File("clone/train.sh"), Ct));
        Assert.Equal("new file\n", await File.ReadAllTextAsync(_folder.File("clone/new.txt"), Ct));
    }

    [Fact]
    public async Task A_command_that_fails_or_cannot_start_fails_its_run()
    {
        Assert.Equal(1, (await Run(["--experiment", "e", "--", "sh", "-c", "exit 7"])).Code);
        var run = await Only();
        Assert.Equal((RunStatus.Failed, "7"), (run.Status, run.Tag("holdfast.exit_code")));
        var missing = await Run(["--experiment", "f", "--", "no-such-program"]);
        Assert.Equal(1, missing.Code);
        Assert.Contains("no-such-program", missing.Error, StringComparison.Ordinal);
        Assert.Equal(RunStatus.Failed, (await _client.Runs.Search(new RunQuery(Filter: "attributes.status = 'FAILED'"), Ct)).Items[0].Status);
    }

    [Fact]
    public async Task The_child_finds_its_run_in_its_variables()
    {
        var ended = await Run(["--experiment", "e", "--seed", "3", "--", "sh", "-c", "echo $MLFLOW_TRACKING_URI $MLFLOW_RUN_ID $HOLDFAST_RUN_ID $HOLDFAST_SEED $WANDB_BASE_URL."]);
        Assert.True(ended.Code == 0, ended.Error);
        var run = await Only();
        Assert.Equal($"{_host.Url} {run.RunId} {run.RunId} 3 .\n", (await _client.Runs.Console(run.RunId, ct: Ct)).Single().Text);
    }

    [Theory]
    [InlineData("-TERM")]
    [InlineData("-INT")]
    public async Task A_signal_goes_on_to_the_child_and_kills_the_run(string signal)
    {
        using var process = Start(["--experiment", "e", "--", "sh", "-c", "exec 1>&2; trap 'echo caught; exit 3' TERM INT; echo ready; while true; do sleep 0.1; done"]);
        while (await process.StandardError.ReadLineAsync(Ct) is { } line && line != "ready")
        {
        }

        using (var kill = Process.Start("kill", [signal, process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]))
            await kill.WaitForExitAsync(Ct);
        var rest = await process.StandardError.ReadToEndAsync(Ct);
        await process.WaitForExitAsync(Ct);
        Assert.Equal(130, process.ExitCode);
        Assert.Contains("caught", rest, StringComparison.Ordinal);
        var run = await Only();
        Assert.Equal((RunStatus.Killed, "3"), (run.Status, run.Tag("holdfast.exit_code")));
        Assert.Equal("ready\ncaught\n", string.Concat((await _client.Runs.Console(run.RunId, ct: Ct)).Select(p => p.Text)));
    }

    [Fact]
    public async Task While_the_server_is_away_the_command_runs_and_sync_sends_it_later()
    {
        var spool = _folder.File("spool");
        var ended = await Run(["--experiment", "e", "--", "sh", "-c", "echo away; echo $MLFLOW_RUN_ID."], ("HOLDFAST_URL", "http://127.0.0.1:9"), ("HOLDFAST_SPOOL", spool));
        Assert.True(ended.Code == 0, ended.Error);
        Assert.Contains("holdfast sync", ended.Error, StringComparison.Ordinal);
        var sync = await Command(["sync", spool]);
        Assert.True(sync.Code == 0, sync.Error);
        Assert.StartsWith("1 files sent", sync.Output, StringComparison.Ordinal);
        var run = await Only();
        Assert.Equal(RunStatus.Finished, run.Status);
        Assert.Equal("away\n.\n", await Artifact(run, "output.log"));
        Assert.Equal("away\n.\n", string.Concat((await _client.Runs.Console(run.RunId, ct: Ct)).Select(p => p.Text)));
        Assert.Contains("\"hardware\"", await Artifact(run, "holdfast/capture.json"), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(spool));
    }

    [Fact]
    public async Task The_processes_of_a_distributed_run_are_below_one_parent()
    {
        var ranks = await Task.WhenAll(Enumerable.Range(0, 2).Select(rank =>
            Run(["--experiment", "e", "--", "sh", "-c", "echo $RANK"], ("RANK", rank.ToString(System.Globalization.CultureInfo.InvariantCulture)), ("WORLD_SIZE", "2"), ("HOLDFAST_GROUP", "job-1"))));
        Assert.All(ranks, r => Assert.True(r.Code == 0, r.Error));
        var runs = (await _client.Runs.Search(new RunQuery(), Ct)).Items;
        var parent = Assert.Single(runs, r => r.Tag("mlflow.parentRunId") is null);
        Assert.Equal((RunStatus.Finished, "2", "job-1"), (parent.Status, parent.Tag("holdfast.world_size"), parent.Tag("holdfast.group")));
        Assert.Equal([("0", "rank-0"), ("1", "rank-1")], runs.Where(r => r.Tag("mlflow.parentRunId") == parent.RunId).Select(r => (r.Tag("holdfast.rank"), r.Name)).Order());
    }

    [Fact]
    public async Task Gpus_are_asked_where_there_are_any()
    {
        var tools = _folder.File("tools");
        Directory.CreateDirectory(tools);
        var smi = Path.Combine(tools, "nvidia-smi");
        await File.WriteAllTextAsync(smi, "#!/bin/sh\ncase \"$1\" in *driver_version*) echo '0, Test GPU, 24564, 550.1';; *) echo '0, 24564, 12282, 83, 210.5, [N/A]';; esac\n", Ct);
        if (OperatingSystem.IsWindows())
            Assert.Skip("A shell script stands in for the tool.");
        else
            File.SetUnixFileMode(smi, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite);
        var ended = await Run(["--experiment", "e", "--sample-every", "0.2", "--", "sleep", "2"], ("PATH", tools + ":" + Environment.GetEnvironmentVariable("PATH")));
        Assert.True(ended.Code == 0, ended.Error);
        var run = await Only();
        Assert.Equal(("1", 83, 50, 210.5, null), (run.Tag("holdfast.env.gpus"), run.Metric("system/gpu_0_utilization_percentage"), run.Metric("system/gpu_0_memory_usage_percentage"), run.Metric("system/gpu_0_power_usage_watts"), run.Metric("system/gpu_0_power_usage_percentage")));
    }

    [Fact]
    public async Task A_channel_is_told_of_the_end()
    {
        await _host.Service<AlertService>().ApplyChannels(Principal.Controller(1, "test"), [new ChannelSpec("ml-team", "log")], null, Ct);
        Assert.Equal(1, (await Run(["--experiment", "e", "--name", "bad", "--notify", "ml-team:failed,nobody", "--", "false"])).Code);
        var told = new List<JournalEntry>();
        await foreach (var e in _client.Follow(0, Ct))
        {
            if (e.Kind == "alert.sent")
                told.Add(e);
            if (told.Count == 2)
                break;
        }

        Assert.Equal(["ml-team True Run bad failed", "nobody False Run bad failed"], told.Select(e => $"{e.Detail.GetProperty("channel")} {e.Detail.GetProperty("delivered")} {e.Detail.GetProperty("title")}").Order());
    }

    private async Task<Run> Only() => Assert.Single((await _client.Runs.Search(new RunQuery(), Ct)).Items);

    private async Task<string> Artifact(Run run, string path)
    {
        using var reader = new StreamReader(await _client.Runs.OpenArtifact(run.RunId, path, Ct));
        return await reader.ReadToEndAsync(Ct);
    }

    private Task<(int Code, string Output, string Error)> Run(string[] words, params (string, string)[] variables) => Command(["run", .. words], variables);

    private async Task<(int Code, string Output, string Error)> Command(string[] words, params (string, string)[] variables)
    {
        using var process = Start(words, variables, bare: true);
        var output = process.StandardOutput.ReadToEndAsync(Ct);
        var error = process.StandardError.ReadToEndAsync(Ct);
        await process.WaitForExitAsync(Ct);
        return (process.ExitCode, await output, await error);
    }

    private Process Start(string[] words, (string, string)[]? variables = null, bool bare = false)
    {
        var start = new ProcessStartInfo(ServerProcess.Executable, bare ? words : ["run", .. words]) { WorkingDirectory = Work, RedirectStandardError = true, RedirectStandardOutput = true, RedirectStandardInput = true };
        foreach (var name in new[] { "RANK", "WORLD_SIZE", "HOLDFAST_RUN_ID", "HOLDFAST_TOKEN", "WANDB_BASE_URL", "MLFLOW_RUN_ID" })
            start.Environment.Remove(name);
        start.Environment["HOLDFAST_URL"] = _host.Url;
        start.Environment["HOLDFAST_SPOOL"] = _folder.File("default-spool");
        foreach (var (name, value) in variables ?? [])
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    private async Task<string> Git(params string[] words)
    {
        using var git = Process.Start(new ProcessStartInfo("git", words) { WorkingDirectory = Work, RedirectStandardError = true, RedirectStandardOutput = true })!;
        var output = git.StandardOutput.ReadToEndAsync(Ct);
        var error = await git.StandardError.ReadToEndAsync(Ct);
        await git.WaitForExitAsync(Ct);
        Assert.True(git.ExitCode == 0, error);
        return await output;
    }
}
