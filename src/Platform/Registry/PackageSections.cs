using Holdfast.Contracts;

namespace Holdfast.Registry;

/// <summary>How an ONNX model is run.</summary>
/// <param name="Engine"><c>auto</c>: trees are evaluated here when that agrees with ONNX Runtime; <c>trees</c>: the same, and anything else is an error; <c>onnxruntime</c>.</param>
/// <param name="Threads">Threads of ONNX Runtime for one call, 1 to 64; 1 is right for many small requests side by side.</param>
/// <param name="Batching">Requests that wait for the model are answered in one call; null = measured when it is loaded.</param>
/// <param name="Background">A table in the package (CSV, JSON lines, Parquet) of rows such as the model was trained on: what explanations take for the expectation.</param>
public sealed record RuntimeSpec(string Engine = "auto", int Threads = 1, BatchingSpec? Batching = null, string? Background = null);

/// <summary>Micro-batching.</summary>
/// <param name="Max">Most rows in one call, 1 to 4096; 1 = off.</param>
/// <param name="WaitMs">How long the first request waits for others, 0 to 1000 ms; with 0 only what came while the model was busy goes together.</param>
public sealed record BatchingSpec(int Max = 32, double WaitMs = 0);

/// <summary>A command that serves a model over HTTP on this machine.</summary>
/// <param name="Command">Program and arguments; <c>{port}</c> is replaced by the port (also in the variable PORT), <c>{package}</c> by the package's folder, which is the working directory.</param>
/// <param name="Protocol"><c>v2</c> (Open Inference) or <c>invocations</c> (MLflow).</param>
/// <param name="Model">Name of the model in the protocol v2.</param>
/// <param name="Tensor">Name of one [N, F] tensor that takes all inputs (v2); null = one tensor an input.</param>
/// <param name="Health">Path that answers 200 when it is ready; by protocol <c>/v2/health/ready</c> or <c>/ping</c>.</param>
/// <param name="Min">Processes that always run, 1 to 64.</param>
/// <param name="Max">Most processes.</param>
/// <param name="Concurrency">Requests that one process gets at a time, 1 to 1000.</param>
/// <param name="ScaleAt">Waiting requests from which on another process is started.</param>
/// <param name="StartSeconds">How long a process may take to be ready.</param>
/// <param name="IdleSeconds">How long nothing must have waited before a process above the least number is ended.</param>
/// <param name="Environment">Variables beside PATH, HOME, LANG and PORT.</param>
public sealed record ProcessSpec(
    IReadOnlyList<string> Command, string Protocol = "v2", string Model = "model", string? Tensor = null, string? Health = null, int Min = 1, int Max = 1, int Concurrency = 4, int ScaleAt = 2,
    double StartSeconds = 60, double IdleSeconds = 60, IReadOnlyDictionary<string, string>? Environment = null);

/// <summary>A model that another server serves.</summary>
/// <param name="Url">Its address: the root for <c>v2</c>, all of it for <c>invocations</c>.</param>
/// <param name="Protocol"><c>v2</c> (Open Inference: KServe, Triton, MLServer) or <c>invocations</c> (MLflow, SageMaker).</param>
/// <param name="Model">Name of the model in the protocol v2.</param>
/// <param name="Version">Its version there; null = the server's choice.</param>
/// <param name="Tensor">Name of one [N, F] tensor that takes all inputs (v2); null = one tensor an input.</param>
/// <param name="TimeoutMs">How long one attempt may take.</param>
/// <param name="Retries">Attempts after the first, 0 to 5: only where the server has not begun (no connection, 429, 503).</param>
/// <param name="BreakAfter">Failures among its latest calls, as a share from 0 to 1, from which on it is left alone for a while.</param>
/// <param name="BreakSeconds">For how long.</param>
/// <param name="PrivateNetwork">It may be at a private address; who registers such a package needs the right to execute.</param>
public sealed record UpstreamSpec(
    string Url, string Protocol = "v2", string Model = "model", string? Version = null, string? Tensor = null, double TimeoutMs = 1000, int Retries = 2, double BreakAfter = 0.5, double BreakSeconds = 5, bool PrivateNetwork = false);

/// <summary>What the sections of a manifest may say.</summary>
internal static class PackageSections
{
    public static IEnumerable<Fault> Check(ModelPackage package, string folder)
    {
        if (package.Runtime is { } runtime)
        {
            if (runtime.Engine is not ("auto" or "trees" or "onnxruntime"))
                yield return new Fault("runtime.engine", $"is '{runtime.Engine}'", "Use auto, trees or onnxruntime.");
            if (runtime.Threads is < 1 or > 64)
                yield return new Fault("runtime.threads", $"is {runtime.Threads}", "Use 1 to 64.");
            if (runtime.Batching is { Max: < 1 or > 4096 })
                yield return new Fault("runtime.batching.max", $"is {runtime.Batching.Max}", "Use 1 (off) to 4096.");
            if (runtime.Batching is { WaitMs: not (>= 0 and <= 1000) })
                yield return new Fault("runtime.batching.wait_ms", $"is {runtime.Batching.WaitMs}", "Use 0 to 1000.");
            if (runtime.Background is { } background && (Path.IsPathRooted(background) || background.Split('/', '\\').Contains("..") || !File.Exists(Path.Combine(folder, background))))
                yield return new Fault("runtime.background", $"'{background}' is not in the package", "Copy the table into the package folder, or correct the name.");
        }

        if (package.Backend == "process" != package.Process is not null)
            yield return new Fault("process", package.Process is null ? "is missing" : "belongs to the backend process", "Write process: {command: [\"python3\", \"serve.py\"]} with backend: process.");
        if (package.Backend == "upstream" != package.Upstream is not null)
            yield return new Fault("upstream", package.Upstream is null ? "is missing" : "belongs to the backend upstream", "Write upstream: {url: \"http://host:8000\"} with backend: upstream.");
        foreach (var fault in package.Process is { } process ? Check(process) : package.Upstream is { } upstream ? Check(upstream) : [])
            yield return fault;
    }

    private static IEnumerable<Fault> Check(ProcessSpec process)
    {
        if (process.Command is null or [] || string.IsNullOrWhiteSpace(process.Command[0]))
            yield return new Fault("process.command", "is empty", "Write program and arguments, such as [\"python3\", \"serve.py\", \"--port\", \"{port}\"].");
        if (process.Protocol is not ("v2" or "invocations"))
            yield return new Fault("process.protocol", $"is '{process.Protocol}'", "Use v2 or invocations.");
        if (process.Min is < 1 or > 64 || process.Max is < 1 or > 64)
            yield return new Fault("process.min", $"is {process.Min}, max {process.Max}", "Use 1 to 64.");
        if (process.Max < process.Min)
            yield return new Fault("process.max", $"{process.Max} is less than min {process.Min}", "Raise max.");
        if (process.Concurrency is < 1 or > 1000)
            yield return new Fault("process.concurrency", $"is {process.Concurrency}", "Use 1 to 1000.");
        if (process.ScaleAt < 1)
            yield return new Fault("process.scale_at", $"is {process.ScaleAt}", "Use 1 or more.");
        if (process.StartSeconds is not (> 0 and <= 3600))
            yield return new Fault("process.start_seconds", $"is {process.StartSeconds}", "Use up to 3600.");
        if (process.IdleSeconds is not (> 0 and <= 86_400))
            yield return new Fault("process.idle_seconds", $"is {process.IdleSeconds}", "Use up to 86400.");
        if (process.Health is { } health && !health.StartsWith('/'))
            yield return new Fault("process.health", $"'{health}' is no path", "Write a path such as /ping.");
    }

    private static IEnumerable<Fault> Check(UpstreamSpec upstream)
    {
        if (!Uri.TryCreate(upstream.Url, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
            yield return new Fault("upstream.url", $"'{upstream.Url}' is no http(s) address", "Write http://host:8000.");
        else if (url.UserInfo.Length > 0)
            yield return new Fault("upstream.url", "holds a user name or password, which every reader of the package would see", "Leave it out.");
        if (upstream.Protocol is not ("v2" or "invocations"))
            yield return new Fault("upstream.protocol", $"is '{upstream.Protocol}'", "Use v2 or invocations.");
        if (upstream.TimeoutMs is not (> 0 and <= 600_000))
            yield return new Fault("upstream.timeout_ms", $"is {upstream.TimeoutMs}", "Use up to 600000.");
        if (upstream.Retries is < 0 or > 5)
            yield return new Fault("upstream.retries", $"is {upstream.Retries}", "Use 0 to 5.");
        if (upstream.BreakAfter is not (> 0 and <= 1))
            yield return new Fault("upstream.break_after", $"is {upstream.BreakAfter}", "Use a share such as 0.5.");
        if (upstream.BreakSeconds is not (>= 0.5 and <= 3600))
            yield return new Fault("upstream.break_seconds", $"is {upstream.BreakSeconds}", "Use 0.5 to 3600.");
    }
}
