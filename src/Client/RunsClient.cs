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

    private Task<Run> Create(string experiment, string? name, IReadOnlyDictionary<string, string>? tags, CancellationToken ct) =>
        _transport.Post<Run>("/api/v1/runs", new NewRun(experiment, name, Environment.UserName, Tags: tags), ct);

    private static string Path(string runId) => $"/api/v1/runs/{Query.Part(runId)}";

    private static string Artifact(string path) => string.Join('/', path.Split('/').Select(Query.Part));
}
