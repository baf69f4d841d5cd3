using Holdfast.Storage.Sql;

namespace Holdfast.Tracking;

/// <summary>SQL of the datasets that runs read. A dataset of an experiment is stored once, by name and digest.</summary>
internal static class InputStore
{
    public static void Add(Tx tx, int ws, RunRow run, RunInput input)
    {
        tx.Execute(
            """
            insert into input_dataset (workspace_id, experiment_id, name, digest, source_type, source, columns_text, profile)
            values (@ws, @experiment, @name, @digest, @type, @source, @schema, @profile) on conflict do nothing
            """,
            ("ws", ws), ("experiment", run.ExperimentId), ("name", input.Name), ("digest", input.Digest), ("type", input.SourceType), ("source", input.Source), ("schema", input.Schema), ("profile", input.Profile));
        var dataset = tx.Insert(
            "select dataset_key from input_dataset where workspace_id = @ws and experiment_id = @experiment and name = @name and digest = @digest",
            ("ws", ws), ("experiment", run.ExperimentId), ("name", input.Name), ("digest", input.Digest));
        tx.Execute("insert into run_input (workspace_id, run_key, dataset_key) values (@ws, @run, @dataset) on conflict do nothing", ("ws", ws), ("run", run.Key), ("dataset", dataset));
        foreach (var tag in TagsOf(input))
        {
            tx.Execute(
                """
                insert into run_input_tag (workspace_id, run_key, dataset_key, key, value) values (@ws, @run, @dataset, @key, @value)
                on conflict (workspace_id, run_key, dataset_key, key) do update set value = excluded.value
                """,
                ("ws", ws), ("run", run.Key), ("dataset", dataset), ("key", tag.Key), ("value", tag.Value));
        }
    }

    public static Dictionary<long, List<RunInput>> Load(Tx tx, int ws, IReadOnlyList<long> runs)
    {
        var inputs = RunStore.Lists(
            tx, ws, runs,
            """
            select i.run_key, d.dataset_key, d.name, d.digest, d.source_type, d.source, d.columns_text, d.profile
            from run_input i join input_dataset d on d.dataset_key = i.dataset_key and d.workspace_id = i.workspace_id
            where i.workspace_id = @ws and i.run_key in ({0}) order by i.run_key, d.dataset_key
            """,
            (r, i) => (Key: r.Int64(i), Input: new RunInput(r.Text(i + 1), r.Text(i + 2), r.Text(i + 3), r.Text(i + 4), r.TextOrNull(i + 5), r.TextOrNull(i + 6))));
        if (inputs.Count == 0)
            return [];
        var tags = RunStore.Lists(
            tx, ws, runs, "select run_key, dataset_key, key, value from run_input_tag where workspace_id = @ws and run_key in ({0}) order by run_key, dataset_key, key",
            (r, i) => (Dataset: r.Int64(i), Tag: new Tag(r.Text(i + 1), r.Text(i + 2))));
        return inputs.ToDictionary(
            e => e.Key,
            e => e.Value.ConvertAll(row =>
            {
                var own = (tags.GetValueOrDefault(e.Key) ?? []).Where(t => t.Dataset == row.Key).Select(t => t.Tag).ToList();
                return row.Input with { Context = own.Find(t => t.Key == WellKnownTags.DataContext)?.Value, Tags = own };
            }));
    }

    public static List<InputSummary> Summaries(Tx tx, int ws, int experiment) =>
        tx.Query(
            """
            select distinct d.name, d.digest, t.value from input_dataset d
            join run_input i on i.dataset_key = d.dataset_key and i.workspace_id = d.workspace_id
            left join run_input_tag t on t.workspace_id = i.workspace_id and t.run_key = i.run_key and t.dataset_key = i.dataset_key and t.key = @context
            where d.workspace_id = @ws and d.experiment_id = @experiment order by d.name, d.digest
            """,
            r => new InputSummary(experiment, r.Text(0), r.Text(1), r.TextOrNull(2)),
            ("context", WellKnownTags.DataContext), ("ws", ws), ("experiment", experiment));

    private static IEnumerable<Tag> TagsOf(RunInput input) =>
        (input.Tags ?? []).Concat(input.Context is null ? [] : [new Tag(WellKnownTags.DataContext, input.Context)]);
}

/// <summary>A dataset that runs of an experiment read, and what for.</summary>
public sealed record InputSummary(int ExperimentId, string Name, string Digest, string? Context);
