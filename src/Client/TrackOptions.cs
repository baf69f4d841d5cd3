namespace Holdfast.Client;

/// <summary>How a run is sent. Every default suits training code.</summary>
public sealed record TrackOptions
{
    /// <summary>The server; default <c>HOLDFAST_URL</c>, else <c>http://127.0.0.1:5080</c>.</summary>
    public Uri? Server { get; init; }

    /// <summary>The token; default <c>HOLDFAST_TOKEN</c>. None is needed on an open loopback server.</summary>
    public string? Token { get; init; }

    /// <summary>The workspace; default <c>HOLDFAST_WORKSPACE</c>, else the token's own.</summary>
    public string? Workspace { get; init; }

    /// <summary>
    /// Where data waits while the server is away; default <c>HOLDFAST_SPOOL</c>, else <c>holdfast/spool</c> below <c>XDG_STATE_HOME</c> or
    /// <c>~/.local/state</c>. <c>holdfast sync</c> sends what a program left there.
    /// </summary>
    public string? Spool { get; init; }

    /// <summary>How many values may wait to be sent, 1,000 to 10,000,000; default 100,000. What comes while so many wait is dropped and counted.</summary>
    public int Capacity { get; init; } = 100_000;

    /// <summary>How long values are gathered before they are sent, 10 ms to 1 minute; default 1 s. A thousand are sent at once.</summary>
    public TimeSpan SendEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long the server may be silent before data goes to the spool; default 10 s.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the end of a run waits for the server; what is not sent by then goes to the spool. Default 30 s.</summary>
    public TimeSpan CloseWithin { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Parameters to begin with.</summary>
    public IReadOnlyDictionary<string, string>? Params { get; init; }

    /// <summary>Tags to begin with.</summary>
    public IReadOnlyDictionary<string, string>? Tags { get; init; }

    /// <summary>
    /// Whether a program under <c>holdfast run</c> (which sets <c>HOLDFAST_RUN_ID</c>) writes to that run instead of starting one; default true.
    /// Such a run is ended by <c>holdfast run</c>.
    /// </summary>
    public bool Join { get; init; } = true;

    /// <summary>The run's id (32 lowercase hexadecimal digits), for several processes that write to one run; default: a new one.</summary>
    public string? RunId { get; init; }

    /// <summary>Whether the run ends by itself when the program is stopped by a signal, crashes or forgets to dispose; default true.</summary>
    public bool EndWithProgram { get; init; } = true;

    /// <summary>Told of what could not be sent, at most once a second; default: a line on standard error.</summary>
    public Action<string>? Warn { get; init; }

    /// <summary>The HTTP handler, for programs that bring their own; it is not disposed.</summary>
    public HttpMessageHandler? Handler { get; init; }

    /// <summary>The clock of points.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    internal Uri Address => Server ?? new Uri(Variable("HOLDFAST_URL") ?? "http://127.0.0.1:5080");

    internal string SpoolFolder => Path.GetFullPath(Spool ?? Variable("HOLDFAST_SPOOL") ?? Path.Combine(
        Variable("XDG_STATE_HOME") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "state"), "holdfast", "spool"));

    internal Transport Connect() => new(Address, Token ?? Variable("HOLDFAST_TOKEN"), Workspace ?? Variable("HOLDFAST_WORKSPACE"), Handler);

    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Capacity, 1_000);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Capacity, 10_000_000);
        ArgumentOutOfRangeException.ThrowIfLessThan(SendEvery, TimeSpan.FromMilliseconds(10));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(SendEvery, TimeSpan.FromMinutes(1));
        ArgumentOutOfRangeException.ThrowIfLessThan(Patience, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(CloseWithin, TimeSpan.Zero);
    }

    internal static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
