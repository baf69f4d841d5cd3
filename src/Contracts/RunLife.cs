namespace Holdfast.Tracking;

/// <summary>Body of <c>POST /api/v1/runs/{run}/fork</c>: a new run that begins as a copy.</summary>
/// <param name="Name">Its name; made up when null.</param>
/// <param name="AtStep">Metrics up to and including this step are copied; null copies all.</param>
/// <param name="Experiment">Id or name of another experiment; null keeps it in the same.</param>
/// <param name="Params">Parameters that differ from the copied ones.</param>
public sealed record RunFork(string? Name = null, long? AtStep = null, string? Experiment = null, IReadOnlyDictionary<string, string>? Params = null);

/// <summary>Body of <c>POST /api/v1/runs/{run}/move</c>.</summary>
/// <param name="Experiment">Id or name of the experiment; it must exist.</param>
public sealed record RunMove(string Experiment);

/// <summary>Body of <c>POST /api/v1/runs/{run}/merge</c>.</summary>
/// <param name="From">The runs whose content goes into the named one.</param>
/// <param name="KeepSources">Whether they stay; else they are deleted (and can be restored).</param>
public sealed record RunMerge(IReadOnlyList<string> From, bool KeepSources = false);

/// <summary>Body of <c>POST /api/v1/runs/edit</c>: one change to many runs.</summary>
/// <param name="RunIds">These runs; null takes <paramref name="Query"/>.</param>
/// <param name="Query">The runs of this search, at most 10,000; its page is not looked at.</param>
/// <param name="SetTags">Tags to set.</param>
/// <param name="RemoveTags">Tags to remove.</param>
/// <param name="MoveTo">Id or name of the experiment to move them to.</param>
/// <param name="Delete">Whether to delete them; they can be restored.</param>
/// <param name="Restore">Whether to take their deletion back.</param>
/// <param name="DryRun">Only say what would be changed.</param>
public sealed record RunsEdit(
    IReadOnlyList<string>? RunIds = null, RunQuery? Query = null, IReadOnlyDictionary<string, string>? SetTags = null, IReadOnlyList<string>? RemoveTags = null, string? MoveTo = null, bool Delete = false,
    bool Restore = false, bool DryRun = false);

/// <summary>What a change to many runs came to.</summary>
/// <param name="Matched">Runs that were meant.</param>
/// <param name="Changed">Runs that were changed; 0 in a dry run.</param>
/// <param name="RunIds">The first thousand of them.</param>
public sealed record RunsEdited(int Matched, int Changed, IReadOnlyList<string> RunIds);

/// <summary>A note in Markdown.</summary>
public sealed record NoteBody(string Text);

/// <summary>A piece of a process's output.</summary>
/// <param name="Seq">Its number within the source; the same number again is the same piece.</param>
/// <param name="At">When it was written.</param>
/// <param name="Stream"><c>stdout</c> or <c>stderr</c>.</param>
/// <param name="Text">At most 64 KB.</param>
public sealed record ConsolePiece(long Seq, DateTimeOffset At, string Stream, string Text);

/// <summary>Body of <c>POST /api/v1/runs/{run}/console</c>.</summary>
/// <param name="Source">Who writes: one process has one source, up to 64 characters.</param>
/// <param name="Pieces">At most 100.</param>
public sealed record ConsoleBatch(string Source, IReadOnlyList<ConsolePiece> Pieces);

/// <summary>A piece of a run's output as it is read.</summary>
/// <param name="Id">Ask for what comes after it.</param>
public sealed record ConsoleText(long Id, DateTimeOffset At, string Stream, string Text);

/// <summary>Body of <c>POST /api/v1/gc</c>.</summary>
/// <param name="OlderThan">Only what was deleted so long ago, such as <c>30d</c>; <c>0s</c> takes all that is deleted.</param>
/// <param name="DryRun">Only say what would go.</param>
public sealed record GarbageRequest(string OlderThan = "30d", bool DryRun = false);

/// <summary>What a garbage collection removed for good, or would remove.</summary>
/// <param name="Experiments">Experiments.</param>
/// <param name="Runs">Runs.</param>
/// <param name="LoggedModels">Logged models.</param>
/// <param name="Files">Artifact files.</param>
/// <param name="Bytes">Their size.</param>
/// <param name="Kept">What is deleted and old enough, and stays all the same.</param>
public sealed record GarbageReport(int Experiments, int Runs, int LoggedModels, long Files, long Bytes, IReadOnlyList<GarbageKept> Kept);

/// <summary>Something that a garbage collection left.</summary>
/// <param name="What">Such as <c>run 3f…</c>.</param>
/// <param name="Why">The reason.</param>
public sealed record GarbageKept(string What, string Why);

/// <summary>What the runs of a group used.</summary>
/// <param name="Group">Name of the experiment, team, user or project.</param>
/// <param name="Runs">Runs of the time span; those with child runs count here only.</param>
/// <param name="ComputeHours">Sum of their durations within the span; a run with child runs counts through those.</param>
/// <param name="CpuHours">Durations times processors.</param>
/// <param name="GpuHours">Durations times GPUs, where the run says how many it had.</param>
/// <param name="StorageBytes">Artifacts that lie there now; null when it was not asked for.</param>
/// <param name="Cost">With the given prices; null without any.</param>
public sealed record UsageRow(string Group, int Runs, double ComputeHours, double CpuHours, double GpuHours, long? StorageBytes, double? Cost);
