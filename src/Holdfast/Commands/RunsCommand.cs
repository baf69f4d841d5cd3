using System.CommandLine;
using System.Globalization;
using Holdfast.Tracking;

namespace Holdfast.Commands;

/// <summary><c>holdfast runs</c>: what becomes of runs once they are there.</summary>
internal static class RunsCommand
{
    public static Command Create() => new("runs", "Runs: list, show their output, fork, resume, rename, move, merge, note, and change many at once.")
    {
        List(), Log(), Fork(), One("resume", "Go on with a run that was ended.", (server, run, ct) => server.Client.Runs.Resume(run, ct)),
        Rename(), Move(), Merge(), Note(), Edit(),
    };

    private static Argument<string> RunArgument() => new("run") { Description = "The run's id." };

    private static Command List()
    {
        var experiment = new Option<string[]>("--experiment") { Description = "Only of these; all when omitted." };
        var where = new Option<string?>("--where") { Description = "A filter, such as \"metrics.accuracy > 0.9\"." };
        var order = new Option<string[]>("--order-by") { Description = "Such as \"metrics.accuracy desc\"; newest first when omitted." };
        var max = new Option<int>("--max") { Description = "At most so many.", DefaultValueFactory = _ => 50 };
        return new Command("list", "List runs.") { experiment, where, order, max }.WithServer(async (parsed, server, ct) =>
        {
            var found = (await server.Client.Runs.Search(await Query(server, parsed.GetValue(experiment), parsed.GetValue(where), parsed.GetValue(order), parsed.GetValue(max), ct), ct)).Items;
            if (Output.IsJson(parsed))
                Output.Json(found);
            else
                Output.Table(found.ToList(), "No runs.", ("run", r => r.RunId), ("name", r => r.Name), ("status", r => r.Status.ToString().ToLowerInvariant()), ("started", r => Output.Time(r.StartTime)), ("user", r => r.User), ("metrics", Figures));
            return ExitCodes.Fine;
        });
    }

    private static Command Log()
    {
        var run = RunArgument();
        var follow = new Option<bool>("--follow", "-f") { Description = "Wait for more until the run ends." };
        return new Command("log", "Show the output of a run.") { run, follow }.WithServer(async (parsed, server, ct) =>
        {
            var after = 0L;
            while (true)
            {
                var state = await server.Client.Runs.Get(parsed.GetRequiredValue(run), ct);
                var pieces = await server.Client.Runs.Console(state.RunId, after, ct: ct);
                foreach (var piece in pieces)
                    Console.Out.Write(piece.Text);
                after = pieces.Count > 0 ? pieces[^1].Id : after;
                if (pieces.Count == 0 && (!parsed.GetValue(follow) || state.Status != RunStatus.Running))
                    return ExitCodes.Fine;
                if (pieces.Count == 0)
                    await Task.Delay(TimeSpan.FromSeconds(1), ct);
            }
        });
    }

    private static Command Fork()
    {
        var run = RunArgument();
        var name = new Option<string?>("--name") { Description = "Name of the new run." };
        var step = new Option<long?>("--at-step") { Description = "Copy metrics up to and including this step; all when omitted." };
        var experiment = new Option<string?>("--experiment") { Description = "Put it into another experiment." };
        var parameters = KeyValueOption.Create("--param", "A parameter that differs, as key=value; may be repeated.");
        return new Command("fork", "A new run that begins as a copy of another one.") { run, name, step, experiment, parameters }.WithServer(async (parsed, server, ct) =>
        {
            var made = await server.Client.Runs.Fork(parsed.GetRequiredValue(run), new RunFork(parsed.GetValue(name), parsed.GetValue(step), parsed.GetValue(experiment), parsed.GetValue(parameters) ?? []), ct);
            return Show(parsed, made);
        });
    }

    private static Command Rename()
    {
        var (run, name) = (RunArgument(), new Argument<string>("name") { Description = "Its new name." });
        return new Command("rename", "Rename a run.") { run, name }.WithServer(async (parsed, server, ct) =>
        {
            await server.Client.Runs.Rename(parsed.GetRequiredValue(run), parsed.GetRequiredValue(name), ct);
            return Show(parsed, await server.Client.Runs.Get(parsed.GetRequiredValue(run), ct));
        });
    }

    private static Command Move()
    {
        var (run, to) = (RunArgument(), new Argument<string>("experiment") { Description = "Id or name of the experiment." });
        return new Command("move", "Move a run to another experiment.") { run, to }.WithServer(async (parsed, server, ct) => Show(parsed, await server.Client.Runs.Move(parsed.GetRequiredValue(run), parsed.GetRequiredValue(to), ct)));
    }

    private static Command Merge()
    {
        var run = RunArgument();
        var from = new Argument<string[]>("from") { Description = "The runs whose content goes into the first.", Arity = ArgumentArity.OneOrMore };
        var keep = new Option<bool>("--keep") { Description = "Leave them as they are; else they are deleted and can be restored." };
        return new Command("merge", "Put the content of runs into one: metrics, parameters, tags, inputs, files.") { run, from, keep }.WithServer(async (parsed, server, ct) =>
            Show(parsed, await server.Client.Runs.Merge(parsed.GetRequiredValue(run), parsed.GetRequiredValue(from), parsed.GetValue(keep), ct)));
    }

    private static Command Note()
    {
        var run = RunArgument();
        var text = new Option<string?>("--set") { Description = "The new note in Markdown; - reads it from stdin." };
        return new Command("note", "Show or set the note of a run.") { run, text }.WithServer(async (parsed, server, ct) =>
        {
            if (parsed.GetValue(text) is { } note)
                await server.Client.Runs.SetNote(parsed.GetRequiredValue(run), note == "-" ? await Console.In.ReadToEndAsync(ct) : note, ct);
            var now = await server.Client.Runs.Note(parsed.GetRequiredValue(run), ct);
            if (Output.IsJson(parsed))
                Output.Json(new { text = now });
            else
                Output.Line(now);
            return ExitCodes.Fine;
        });
    }

    private static Command Edit()
    {
        var runs = new Argument<string[]>("runs") { Description = "Ids of runs; or use --where.", Arity = ArgumentArity.ZeroOrMore };
        var experiment = new Option<string[]>("--experiment") { Description = "Only runs of these experiments." };
        var where = new Option<string?>("--where") { Description = "The runs of this filter, such as \"metrics.accuracy < 0.5\"." };
        var tags = KeyValueOption.Create("--set-tag", "A tag to set, as key=value; may be repeated.");
        var remove = new Option<string[]>("--remove-tag") { Description = "A tag to remove; may be repeated." };
        var to = new Option<string?>("--move-to") { Description = "The experiment to move them to." };
        var delete = new Option<bool>("--delete") { Description = "Delete them; they can be restored." };
        var restore = new Option<bool>("--restore") { Description = "Take their deletion back; --where looks at deleted runs then." };
        var dry = new Option<bool>("--dry-run") { Description = "Only say which runs would be changed." };
        return new Command("edit", "Change many runs at once: tags, experiment, deletion.") { runs, experiment, where, tags, remove, to, delete, restore, dry }.WithServer(async (parsed, server, ct) =>
        {
            var ids = parsed.GetValue(runs) is { Length: > 0 } named ? named : null;
            var search = parsed.GetValue(where) is not null || parsed.GetValue(experiment) is { Length: > 0 };
            var query = search ? await Query(server, parsed.GetValue(experiment), parsed.GetValue(where), null, 1000, ct) with { View = parsed.GetValue(restore) ? ViewType.DeletedOnly : ViewType.ActiveOnly } : null;
            var report = await server.Client.Runs.Edit(
                new RunsEdit(ids, query, parsed.GetValue(tags) ?? [], parsed.GetValue(remove), parsed.GetValue(to), parsed.GetValue(delete), parsed.GetValue(restore), parsed.GetValue(dry)), ct);
            if (Output.IsJson(parsed))
                Output.Json(report);
            else
                Output.Line(parsed.GetValue(dry) ? $"{report.Matched} runs would be changed" : $"{report.Changed} of {report.Matched} runs changed");
            return ExitCodes.Fine;
        });
    }

    private static Command One(string name, string description, Func<ServerConnection, string, CancellationToken, Task<Run>> act)
    {
        var run = RunArgument();
        return new Command(name, description) { run }.WithServer(async (parsed, server, ct) => Show(parsed, await act(server, parsed.GetRequiredValue(run), ct)));
    }

    private static int Show(ParseResult parsed, Run run)
    {
        if (Output.IsJson(parsed))
            Output.Json(run);
        else
            Output.Line($"{run.RunId}\t{run.Name}\t{run.Status.ToString().ToLowerInvariant()}");
        return ExitCodes.Fine;
    }

    private static async Task<RunQuery> Query(ServerConnection server, string[]? experiments, string? where, string[]? order, int max, CancellationToken ct)
    {
        List<string>? ids = null;
        foreach (var name in experiments ?? [])
            (ids ??= []).Add((await server.Api.Get<Experiment>($"/api/v1/experiments/{Uri.EscapeDataString(name)}", ct)).Id.ToString(CultureInfo.InvariantCulture));
        return new RunQuery(ids, where, order, max);
    }

    private static string Figures(Run run) => string.Join(", ", run.Metrics.Where(m => !m.Key.StartsWith("system/", StringComparison.Ordinal)).Take(4).Select(m => $"{m.Key} {Output.Number(m.Last.Value)}"));
}
