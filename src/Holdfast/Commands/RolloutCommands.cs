using System.CommandLine;
using Holdfast.Contracts;

namespace Holdfast.Commands;

/// <summary><c>holdfast deploy MODEL --to ENDPOINT</c> and <c>holdfast rollout …</c>.</summary>
internal static class RolloutCommands
{
    private static readonly string[] Over = ["completed", "rolled_back"];

    public static Command Deploy()
    {
        var model = new Argument<string>("model") { Description = "model/3, model@alias, or model for the newest version." };
        var endpoint = new Option<string>("--to") { Description = "The endpoint.", Required = true, HelpName = "endpoint" };
        var shadow = new Option<string?>("--shadow-for") { Description = "Term of the shadow step instead of the declared one, such as 48h." };
        var wait = new Option<bool>("--wait") { Description = "Wait until the rollout is over. Exit code 2 when it was rolled back." };
        return new Command("deploy", "Start a rollout: shadow, canary, gradual, full, each step judged on evidence.") { model, endpoint, shadow, wait }.WithServer(async (parsed, server, ct) =>
        {
            var started = await server.Client.Rollouts.Deploy(new DeployRequest(parsed.GetRequiredValue(endpoint), parsed.GetRequiredValue(model), ShadowFor: parsed.GetValue(shadow)), ct);
            while (parsed.GetValue(wait) && !Over.Contains(started.Status))
            {
                await Task.Delay(TimeSpan.FromSeconds(1), ct);
                started = await server.Client.Rollouts.Get(started.Id, ct);
            }

            Write(parsed, started);
            return started.Status == "rolled_back" ? ExitCodes.Finding : ExitCodes.Fine;
        });
    }

    public static Command Rollout()
    {
        var command = new Command("rollout", "Rollouts: look at them and steer them.") { List(), Show() };
        command.Add(Act("promote", "Go to the next step now, on a person's word."));
        command.Add(Act("approve", "Approve the step that waits for a person; evidence and terms still count."));
        command.Add(Act("hold", "Stay at this step whatever the evidence says."));
        command.Add(Act("pause", "Stop the clock of the rollout."));
        command.Add(Act("resume", "Go on after hold or pause."));
        command.Add(Act("rollback", "Give all traffic back to the version before."));
        command.Add(SetWeight());
        return command;
    }

    private static Command List()
    {
        var endpoint = new Option<string?>("--endpoint") { Description = "Only of this endpoint." };
        return new Command("list", "List rollouts, newest first.") { endpoint }.WithServer(async (parsed, server, ct) =>
        {
            var all = await server.Client.Rollouts.List(parsed.GetValue(endpoint), ct: ct);
            if (Output.IsJson(parsed))
                Output.Json(all);
            else
                Output.Table(all, "No rollouts. Start one: holdfast deploy MODEL --to ENDPOINT", ("rollout", r => r.Id), ("endpoint", r => r.Endpoint), ("version", r => $"{r.Model}/{r.ModelVersion}"), ("status", r => r.Status), ("step", r => r.Step), ("traffic", r => Share(r.Traffic)), ("started", r => Output.Time(r.StartedAt)));
            return ExitCodes.Fine;
        });
    }

    private static Command Show()
    {
        var which = Which();
        return new Command("show", "Show a rollout: its steps, the counts, the evidence, and both sides beside each other.") { which }.WithServer(async (parsed, server, ct) =>
        {
            var rollout = await Find(server, parsed.GetRequiredValue(which), ct);
            Write(parsed, rollout);
            if (!Output.IsJson(parsed))
                await RolloutSides.Write(server, rollout, ct);
            return ExitCodes.Fine;
        });
    }

    private static Command Act(string action, string description)
    {
        var which = Which();
        var reason = new Option<string?>("--reason") { Description = "Why; it stands in the Journal." };
        return new Command(action, description) { which, reason }.WithServer(async (parsed, server, ct) =>
        {
            var rollout = await Find(server, parsed.GetRequiredValue(which), ct);
            Write(parsed, await server.Client.Rollouts.Act(rollout.Id, action, parsed.GetValue(reason), ct: ct));
            return ExitCodes.Fine;
        });
    }

    private static Command SetWeight()
    {
        var which = Which();
        var weight = new Argument<double>("weight") { Description = "Share of traffic to the candidate, 0 to 1." };
        return new Command("set-weight", "Set the candidate's share of traffic by hand.") { which, weight }.WithServer(async (parsed, server, ct) =>
        {
            var rollout = await Find(server, parsed.GetRequiredValue(which), ct);
            Write(parsed, await server.Client.Rollouts.Act(rollout.Id, "set-weight", weight: parsed.GetValue(weight), ct: ct));
            return ExitCodes.Fine;
        });
    }

    private static Argument<string> Which() => new("rollout") { Description = "Id of the rollout, or the name of an endpoint for its newest one." };

    private static async Task<RolloutInfo> Find(ServerConnection server, string which, CancellationToken ct) =>
        (await server.Client.Rollouts.List(which, 1, ct)) is [var newest] ? newest : await server.Client.Rollouts.Get(which, ct);

    private static void Write(ParseResult parsed, RolloutInfo rollout)
    {
        if (Output.IsJson(parsed))
        {
            Output.Json(rollout);
            return;
        }

        Output.Line($"{rollout.Id}  {rollout.Model}/{rollout.ModelVersion} on {rollout.Endpoint}: {rollout.Status}{(rollout.Reason is null ? "" : $" ({rollout.Reason})")}");
        Output.Table(
            rollout.Steps, "No steps.", ("", s => s.Index == rollout.StepIndex && !Over.Contains(rollout.Status) ? ">" : ""), ("step", s => s.Step), ("traffic", s => Share(s.Traffic)), ("for", s => s.For),
            ("min predictions", s => Output.Number(s.MinPredictions)), ("approval", s => s.Approval ? "needed" : ""), ("entered", s => Output.Time(s.EnteredAt)));
        if (rollout.NeedsApproval)
            Output.Line($"the next step needs approval: holdfast rollout approve {rollout.Id}");
        var t = rollout.Tally;
        Output.Line($"requests {t.Requests}, candidate {t.Candidate}, primary {t.Primary}, shadowed {t.Shadowed}, errors {t.Errors}, labels {t.Labels}");
        Guards(rollout.Guards);
        if (rollout.Kept is { } kept)
        {
            Output.Line($"{kept.Former} is kept {(kept.As == "shadow" ? "in shadow" : "on " + Share(kept.Share))} until {Output.Time(kept.Until)}; since the end, against it:");
            Guards(kept.Guards);
        }
    }

    private static void Guards(IReadOnlyList<GuardInfo> guards)
    {
        if (guards.Count > 0)
        {
            Output.Table(
                guards, "", ("guard", g => g.Guard), ("verdict", g => g.Verdict), ("candidate", g => Output.Number(g.Candidate)), ("primary", g => Output.Number(g.Primary)), ("events", g => Output.Number(g.Events)),
                ("e (harm)", g => Output.Number(g.EHarm, "G3")), ("e (safe)", g => Output.Number(g.ESafe, "G3")), ("warns at", g => Output.Number(g.Warning, "G3")), ("decides at", g => Output.Number(g.Threshold, "G3")));
        }
    }

    private static string Share(double share) => share.ToString("P0", System.Globalization.CultureInfo.InvariantCulture);
}
