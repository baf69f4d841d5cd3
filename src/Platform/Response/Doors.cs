using Holdfast.Kernel;

namespace Holdfast.Response;

/// <summary>A window of labelled rows as a dataset version.</summary>
internal sealed record RetrainWindow(string Dataset, long Rows, double LabelCoverage);

/// <summary>Makes a dataset version of an endpoint's labelled rows in [from, until), without those that are set aside.</summary>
internal delegate Task<RetrainWindow> WindowMaker(Principal p, string endpoint, DateTimeOffset from, DateTimeOffset until, string dataset, string labelColumn, CancellationToken ct);

/// <summary>What is known of a pipeline run.</summary>
/// <param name="Status"><c>queued</c>, <c>running</c>, <c>succeeded</c>, <c>refused</c>, <c>failed</c>, <c>cancelled</c>.</param>
internal sealed record RetrainRun(string Id, string Status, string? Reason, IReadOnlyList<GateCheck> Checks);

/// <summary>What Response needs of Pipelines: the same key starts the same run, and a run registers once.</summary>
internal sealed record RetrainPipelines(
    Func<Principal, RetrainRequest, CancellationToken, Task<string>> Start,
    Func<Principal, string, CancellationToken, Task<RetrainRun>> Get,
    Func<Principal, string, CancellationToken, Task<(string Model, int Version)>> Register);

/// <summary>A retraining to start.</summary>
internal sealed record RetrainRequest(string Pipeline, string Cause, string Dataset, string IncidentId, string Key, DateTimeOffset At);
