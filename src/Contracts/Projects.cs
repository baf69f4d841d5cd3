namespace Holdfast.Projects;

/// <summary>What applying a project changes.</summary>
/// <param name="Kind"><c>channel</c>, <c>pipeline</c>, <c>endpoint</c>, <c>rollout</c>, <c>monitor</c> or <c>response</c>.</param>
/// <param name="Action"><c>create</c>, <c>update</c>, <c>unchanged</c>, <c>delete</c>, or <c>keep</c>: no longer declared, but deleted only with <c>prune</c>.</param>
public sealed record ProjectChange(string Kind, string Name, string Action);

/// <summary>Outcome of applying a project, or of asking what applying would do.</summary>
/// <param name="Notes">What is worth knowing and forbids nothing, such as a guard whose evidence comes too late for its rollout.</param>
public sealed record ProjectPlan(string Project, string Snapshot, string? Commit, bool DryRun, IReadOnlyList<ProjectChange> Changes, IReadOnlyList<string> Notes);

/// <summary>An applied project.</summary>
public sealed record ProjectInfo(string Name, string Snapshot, string? Commit, string Source, DateTimeOffset AppliedAt, IReadOnlyList<ProjectChange> Resources);

/// <summary>Body of <c>POST /api/v1/projects</c> with a folder on the server's machine; a zip archive of the folder is the other form.</summary>
public sealed record ApplyProject(string Path, string File = "holdfast.yaml", bool DryRun = false, bool Prune = false);
