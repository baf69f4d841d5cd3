using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Storage.Sql;

namespace Holdfast.Tracking;

public sealed partial class TrackingService
{
    private const int MostEdited = 10_000;
    private const int EditedAJob = 100;

    /// <summary>
    /// Changes many runs alike: tags, deletion, experiment. Done in transactions of a hundred runs; again completes what a crash
    /// interrupted. Event <c>runs.changed</c>.
    /// </summary>
    public async Task<RunsEdited> EditRuns(Principal p, RunsEdit edit, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(edit);
        var what = Described(edit);
        var tags = (edit.SetTags ?? new Dictionary<string, string>()).Select(t => CheckTag(new Tag(t.Key, t.Value), "set_tags")).ToList();
        var to = edit.MoveTo is null ? null : await Target(p, edit.MoveTo, ct);
        var ids = edit.RunIds ?? await Found(p, edit.Query!, ct);
        if (edit.RunIds is not null)
            await db.Read(tx => ids.Select(id => RunStore.Find(tx, p.WorkspaceId, id) ?? throw NoRun(id)).Count(), ct);
        var changed = 0;
        if (!edit.DryRun)
        {
            foreach (var chunk in ids.Chunk(EditedAJob))
                changed += await db.Write(tx => chunk.Count(id => Edit(tx, p, id, edit, tags, to)), WriteLane.Bulk, ct);
            if (changed > 0)
                await journal.Append(p, new RunsChanged(changed, what), "runs", ct: ct);
        }

        return new RunsEdited(ids.Count, changed, [.. ids.Take(1000)]);
    }

    private bool Edit(Tx tx, Principal p, string id, RunsEdit edit, List<Tag> tags, Experiment? to)
    {
        if (RunStore.Find(tx, p.WorkspaceId, id) is not { } run || RunLifeStore.IsLeaving(tx, p.WorkspaceId, run.Key))
            return false;
        if (edit.Restore)
            RunStore.SetStage(tx, p.WorkspaceId, run.Key, deleted: false, time.GetUtcNow());
        foreach (var tag in tags)
            RunStore.SetTag(tx, p.WorkspaceId, run.Key, tag);
        foreach (var tag in edit.RemoveTags ?? [])
            RunStore.DeleteTag(tx, p.WorkspaceId, run.Key, tag);
        if (to is not null && to.Id != run.ExperimentId)
            RunLifeStore.Move(tx, p.WorkspaceId, run, to.Id);
        if (edit.Delete)
            RunStore.SetStage(tx, p.WorkspaceId, run.Key, deleted: true, time.GetUtcNow());
        Tell(tx, p, id);
        return true;
    }

    private async Task<IReadOnlyList<string>> Found(Principal p, RunQuery query, CancellationToken ct)
    {
        var ids = new List<string>();
        string? token = null;
        do
        {
            var page = await SearchRuns(p, query with { Max = 1000, Token = token }, ct: ct);
            ids.AddRange(page.Items.Select(r => r.RunId));
            token = page.NextToken;
        }
        while (token is not null && ids.Count <= MostEdited);
        return ids.Count <= MostEdited ? ids : throw new HoldfastException(ErrorCode.TooLarge, $"The search finds more than {MostEdited} runs.", "Narrow the filter, or do it in parts.");
    }

    private static List<string> Described(RunsEdit edit)
    {
        var faults = new List<Fault>();
        if (edit.RunIds is null == (edit.Query is null))
            faults.Add(new Fault("run_ids", "Either run_ids or query must be given, and not both.", "Name the runs, or search for them."));
        if (edit.Delete && edit.Restore)
            faults.Add(new Fault("restore", "A run cannot be deleted and restored at once.", "Choose one."));
        var what = (edit.SetTags ?? new Dictionary<string, string>()).Keys.Select(k => "set tag " + k).Concat((edit.RemoveTags ?? []).Select(k => "removed tag " + k)).ToList();
        if (edit.MoveTo is not null)
            what.Add("moved to " + edit.MoveTo);
        if (edit.Delete)
            what.Add("deleted");
        if (edit.Restore)
            what.Add("restored");
        if (what.Count == 0)
            faults.Add(new Fault("set_tags", "There is nothing to change.", "Give set_tags, remove_tags, move_to, delete or restore."));
        return faults.Count == 0 ? what : throw new HoldfastException("The runs cannot be changed.", faults);
    }
}
