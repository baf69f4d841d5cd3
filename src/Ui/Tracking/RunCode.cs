using System.Text;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Tracking;

namespace Holdfast.Ui.Tracking;

/// <summary>The code that a run was started from.</summary>
/// <param name="Commit">The commit; null when it is not known.</param>
/// <param name="Remote">Where the repository lies.</param>
/// <param name="Dirty">Whether files differed from the commit; null when it is not known.</param>
/// <param name="Diff">What differed, as git writes it; null when it was not kept.</param>
public sealed record RunCode(string? Commit, string? Remote, bool? Dirty, string? Diff)
{
    private const int Longest = 2_000_000;

    internal static async Task<RunCode> Of(TrackingService tracking, Principal p, Run run, CancellationToken ct) => new(
        First(run, "mlflow.source.git.commit", "git.commit"),
        First(run, "mlflow.source.git.repoURL", "holdfast.git.remote", "git.remote"),
        First(run, "holdfast.git.dirty", "mlflow.source.git.dirty") is { } dirty ? dirty == "true" : null,
        await Read(tracking, p, run, ct));

    private static string? First(Run run, params string[] tags) => tags.Select(run.Tag).FirstOrDefault(v => !string.IsNullOrEmpty(v));

    private static async Task<string?> Read(TrackingService tracking, Principal p, Run run, CancellationToken ct)
    {
        foreach (var path in (string[])["holdfast/code.diff", "git/diff.patch", "diff.patch"])
        {
            try
            {
                await using var file = await tracking.OpenArtifact(p, run.RunId, path, ct);
                using var reader = new StreamReader(file, Encoding.UTF8);
                var text = new char[Longest];
                return new string(text, 0, await reader.ReadBlockAsync(text, ct));
            }
            catch (HoldfastException none) when (none.Code is ErrorCode.NotFound or ErrorCode.InvalidArgument or ErrorCode.FailedPrecondition)
            {
                // Not under this name, or the run's files lie where this server does not read.
            }
        }

        return null;
    }
}
