using System.Security.Cryptography;
using Holdfast.Tracking;

namespace Holdfast.Client;

/// <summary>
/// Runs of training code. Nothing here waits for the server or throws because of it: values go to a bounded queue and are sent in the
/// background; while the server is away they are kept on disk.
/// <code>
/// using var run = Track.StartRun("credit");
/// run.LogParam("depth", 6);
/// for (var step = 0; step &lt; 100; step++)
///     run.Log("loss", Train(step), step);
/// </code>
/// </summary>
public static class Track
{
    /// <summary>Starts a run, or joins that of <c>holdfast run</c> (<see cref="TrackOptions.Join"/>). Returns at once.</summary>
    /// <param name="experiment">Name of the experiment, made when it is not there; default <c>HOLDFAST_EXPERIMENT</c>, else <c>Default</c>.</param>
    /// <param name="name">Name of the run; the server makes one up when it is null.</param>
    /// <param name="options">How it is sent.</param>
    public static TrackedRun StartRun(string? experiment = null, string? name = null, TrackOptions? options = null)
    {
        options ??= new TrackOptions();
        options.Check();
        if (options.Join && TrackOptions.Variable("HOLDFAST_RUN_ID") is { } joined)
            return new TrackedRun(joined, options, [], owns: false);
        experiment ??= TrackOptions.Variable("HOLDFAST_EXPERIMENT") ?? "Default";
        var id = options.RunId ?? NewRunId();
        var start = new SpoolStart(options.Address.GetLeftPart(UriPartial.Authority), options.Workspace ?? TrackOptions.Variable("HOLDFAST_WORKSPACE"), experiment,
            new NewRun(experiment, name, Environment.UserName, options.Time.GetUtcNow(), options.Tags) { RunId = id });
        return new TrackedRun(id, options, [new SpoolLine("start", Start: start)], owns: true);
    }

    /// <summary>Goes on with a run: it is running again, and ends when this one is disposed.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="options">How it is sent.</param>
    public static TrackedRun ResumeRun(string runId, TrackOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(runId);
        options ??= new TrackOptions();
        options.Check();
        return new TrackedRun(runId, options, [new SpoolLine("resume")], owns: true);
    }

    /// <summary>Runs work as a run: finished when it returns, failed when it throws (the exception goes on).</summary>
    /// <param name="work">The work.</param>
    /// <param name="experiment">Name of the experiment.</param>
    /// <param name="name">Name of the run.</param>
    /// <param name="options">How it is sent.</param>
    public static async Task<T> Run<T>(Func<TrackedRun, Task<T>> work, string? experiment = null, string? name = null, TrackOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(work);
        await using var run = StartRun(experiment, name, options);
        try
        {
            return await work(run);
        }
        catch (Exception e)
        {
            run.Fail(e);
            throw;
        }
    }

    /// <summary>An id for a run that a client chooses.</summary>
    public static string NewRunId() => RandomNumberGenerator.GetHexString(32, lowercase: true);
}
