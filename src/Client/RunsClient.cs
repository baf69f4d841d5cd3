using Holdfast.Contracts;
using Holdfast.Tracking;

namespace Holdfast.Client;

/// <summary>Experiments and runs: what training code writes while it works.</summary>
public sealed partial class RunsClient
{
    private readonly Transport _transport;

    internal RunsClient(Transport transport) => _transport = transport;

    /// <summary>Starts a run; the experiment is made when it is not there.</summary>
    /// <param name="experiment">Name of the experiment.</param>
    /// <param name="name">Name of the run; the server makes one up when it is null.</param>
    /// <param name="tags">Tags to begin with.</param>
    /// <param name="ct">Ends the request.</param>
    public async Task<Run> Start(string experiment, string? name = null, IReadOnlyDictionary<string, string>? tags = null, CancellationToken ct = default)
    {
        try
        {
            return await Create(experiment, name, tags, ct);
        }
        catch (HoldfastException e) when (e.Code == ErrorCode.NotFound)
        {
            try
            {
                await _transport.Post("/api/v1/experiments", new NewExperiment(experiment), ct);
            }
            catch (HoldfastException taken) when (taken.Code == ErrorCode.AlreadyExists)
            {
                // Another run made it in between.
            }

            return await Create(experiment, name, tags, ct);
        }
    }

    /// <summary>Logs metrics, parameters and tags in one request; durable when it returns.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="metrics">Points; any number of steps at once.</param>
    /// <param name="parameters">Inputs; a parameter that is set cannot change.</param>
    /// <param name="tags">Tags; setting one again replaces it.</param>
    /// <param name="ct">Ends the request.</param>
    public Task Log(string runId, IReadOnlyList<MetricPoint>? metrics = null, IReadOnlyList<Param>? parameters = null, IReadOnlyList<Tag>? tags = null, CancellationToken ct = default) =>
        _transport.Post(Path(runId) + "/batch", new RunBatch(metrics, parameters, tags), ct);

    /// <summary>Stores a file below the run's artifacts.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="path">Relative path with forward slashes.</param>
    /// <param name="content">Read to its end; not closed.</param>
    /// <param name="ct">Ends the request.</param>
    public Task PutArtifact(string runId, string path, Stream content, CancellationToken ct = default) =>
        _transport.Upload(HttpMethod.Put, $"{Path(runId)}/artifacts/{Artifact(path)}", content, ct: ct);

    /// <summary>Opens an artifact; the caller closes it.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="path">Relative path with forward slashes.</param>
    /// <param name="ct">Ends the request.</param>
    public Task<Stream> OpenArtifact(string runId, string path, CancellationToken ct = default) =>
        _transport.Download($"{Path(runId)}/artifacts/{Artifact(path)}", ct);

    /// <summary>Ends a run.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="status"><see cref="RunStatus.Finished"/>, <see cref="RunStatus.Failed"/> or <see cref="RunStatus.Killed"/>.</param>
    /// <param name="end">When it ended; now when null.</param>
    /// <param name="ct">Ends the request.</param>
    public Task Finish(string runId, RunStatus status = RunStatus.Finished, DateTimeOffset? end = null, CancellationToken ct = default) =>
        _transport.Put(HttpMethod.Patch, Path(runId), new RunChange(Status: status, EndTime: end ?? TimeProvider.System.GetUtcNow()), ct);

    /// <summary>A run with its latest metrics, parameters and tags.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="ct">Ends the request.</param>
    public Task<Run> Get(string runId, CancellationToken ct = default) => _transport.Get<Run>(Path(runId), ct);

    /// <summary>Searches runs.</summary>
    /// <param name="query">Experiments, filter such as <c>metrics.accuracy &gt; 0.9</c>, order.</param>
    /// <param name="ct">Ends the request.</param>
    public Task<PageOf<Run>> Search(RunQuery query, CancellationToken ct = default) => _transport.Post<PageOf<Run>>("/api/v1/runs/search", query, ct);

    /// <summary>A new run that begins as a copy of another one.</summary>
    /// <param name="runId">The run to copy.</param>
    /// <param name="fork">Name, last step, experiment, other parameters.</param>
    /// <param name="ct">Ends the request.</param>
    public Task<Run> Fork(string runId, RunFork? fork = null, CancellationToken ct = default) => _transport.Post<Run>(Path(runId) + "/fork", fork ?? new RunFork(), ct);

    /// <summary>A run that was ended is running again.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="ct">Ends the request.</param>
    public Task<Run> Resume(string runId, CancellationToken ct = default) => _transport.Post<Run>(Path(runId) + "/resume", null, ct);

    /// <summary>Renames a run.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="name">Its new name.</param>
    /// <param name="ct">Ends the request.</param>
    public Task Rename(string runId, string name, CancellationToken ct = default) => _transport.Put(HttpMethod.Patch, Path(runId), new RunChange(name), ct);

    /// <summary>Moves a run to another experiment.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="experiment">Id or name of the experiment.</param>
    /// <param name="ct">Ends the request.</param>
    public Task<Run> Move(string runId, string experiment, CancellationToken ct = default) => _transport.Post<Run>(Path(runId) + "/move", new RunMove(experiment), ct);

    /// <summary>Puts the content of runs into one.</summary>
    /// <param name="runId">The run that stays.</param>
    /// <param name="from">The others; they are deleted and can be restored.</param>
    /// <param name="keepSources">Leaves the others as they are.</param>
    /// <param name="ct">Ends the request.</param>
    /// <exception cref="HoldfastException">Parameters differ; all of them are named.</exception>
    public Task<Run> Merge(string runId, IReadOnlyList<string> from, bool keepSources = false, CancellationToken ct = default) => _transport.Post<Run>(Path(runId) + "/merge", new RunMerge(from, keepSources), ct);

    /// <summary>Changes many runs alike.</summary>
    /// <param name="edit">Which runs, and what.</param>
    /// <param name="ct">Ends the request.</param>
    public Task<RunsEdited> Edit(RunsEdit edit, CancellationToken ct = default) => _transport.Post<RunsEdited>("/api/v1/runs/edit", edit, ct);

    /// <summary>Deletes a run; it can be restored.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="ct">Ends the request.</param>
    public Task Delete(string runId, CancellationToken ct = default) => _transport.Delete(Path(runId), ct);

    /// <summary>The run's note in Markdown; empty when there is none.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="ct">Ends the request.</param>
    public async Task<string> Note(string runId, CancellationToken ct = default) => (await _transport.Get<NoteBody>(Path(runId) + "/note", ct)).Text;

    /// <summary>Sets the run's note.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="markdown">At most 8,000 characters.</param>
    /// <param name="ct">Ends the request.</param>
    public Task SetNote(string runId, string markdown, CancellationToken ct = default) => _transport.Put(HttpMethod.Put, Path(runId) + "/note", new NoteBody(markdown), ct);

    /// <summary>The run's output.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="after">The last id that is known; 0 = from the beginning, null = the last pieces.</param>
    /// <param name="max">At most so many pieces, up to 10,000.</param>
    /// <param name="ct">Ends the request.</param>
    public async Task<IReadOnlyList<ConsoleText>> Console(string runId, long? after = 0, int max = 1000, CancellationToken ct = default) =>
        (await _transport.Get<PageOf<ConsoleText>>(Query.Path(Path(runId) + "/console", ("after", after), ("max", max)), ct)).Items;

    /// <summary>The files and folders directly below a folder of the run's artifacts.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="path">The folder; null = the root.</param>
    /// <param name="ct">Ends the request.</param>
    public Task<IReadOnlyList<ArtifactFile>> Artifacts(string runId, string? path = null, CancellationToken ct = default) =>
        _transport.Get<IReadOnlyList<ArtifactFile>>(Query.Path(Path(runId) + "/artifacts", ("path", path)), ct);

    private Task<Run> Create(string experiment, string? name, IReadOnlyDictionary<string, string>? tags, CancellationToken ct) =>
        _transport.Post<Run>("/api/v1/runs", new NewRun(experiment, name, Environment.UserName, Tags: tags), ct);

    private static string Path(string runId) => $"/api/v1/runs/{Query.Part(runId)}";

    private static string Artifact(string path) => string.Join('/', path.Split('/').Select(Query.Part));
}
