using System.CommandLine;
using System.Globalization;
using Holdfast.Contracts;

namespace Holdfast.Commands;

/// <summary><c>holdfast ab …</c>: A/B tests.</summary>
internal static class AbCommands
{
    public static Command Create() => new("ab", "A/B tests: two versions side by side until one is better or both are known to be alike.") { List(), Show(), Start(), Stop() };

    private static Command List()
    {
        var endpoint = new Option<string?>("--endpoint") { Description = "Only of this endpoint." };
        return new Command("list", "List A/B tests, newest first.") { endpoint }.WithServer(async (parsed, server, ct) =>
        {
            var all = await server.Client.AbTests.List(parsed.GetValue(endpoint), ct: ct);
            if (Output.IsJson(parsed))
                Output.Json(all);
            else
                Output.Table(all, "No A/B tests. Start one: holdfast ab start ENDPOINT MODEL/VERSION", ("test", t => t.Id), ("endpoint", t => t.Endpoint), ("a", t => t.A), ("b", t => t.B), ("status", t => t.Status), ("result", t => t.Result), ("started", t => Output.Time(t.StartedAt)));
            return ExitCodes.Fine;
        });
    }

    private static Command Show()
    {
        var which = Which();
        return new Command("show", "Show an A/B test: outcomes of both sides and the limits of their difference.") { which }.WithServer(async (parsed, server, ct) =>
        {
            Write(parsed, await Find(server, parsed.GetRequiredValue(which), ct));
            return ExitCodes.Fine;
        });
    }

    private static Command Start()
    {
        var endpoint = new Argument<string>("endpoint") { Description = "The endpoint; its primary is a." };
        var b = new Argument<string>("b") { Description = "The version to test: model/4 or model@alias." };
        var share = new Option<double>("--share") { Description = "Share of the units that b answers.", DefaultValueFactory = _ => 0.5 };
        var outcome = new Option<string>("--outcome") { Description = "correct, score, log_loss, squared_error, or an expression such as 'amount * label'.", DefaultValueFactory = _ => "correct" };
        var better = new Option<string>("--better") { Description = "higher or lower.", DefaultValueFactory = _ => "higher" };
        var difference = new Option<double>("--difference") { Description = "The difference below which both count as alike, in the outcome's unit.", DefaultValueFactory = _ => 0.01 };
        var term = new Option<string>("--for") { Description = "Longest term.", DefaultValueFactory = _ => "14d" };
        return new Command("start", "Start an A/B test against the endpoint's primary.") { endpoint, b, share, outcome, better, difference, term }.WithServer(async (parsed, server, ct) =>
        {
            Write(parsed, await server.Client.AbTests.Start(
                new AbTestRequest(
                    parsed.GetRequiredValue(endpoint), parsed.GetRequiredValue(b), Share: parsed.GetValue(share), Outcome: parsed.GetValue(outcome)!, Better: parsed.GetValue(better)!, Difference: parsed.GetValue(difference),
                    For: parsed.GetValue(term)!),
                ct));
            return ExitCodes.Fine;
        });
    }

    private static Command Stop()
    {
        var which = Which();
        var serve = new Option<string?>("--serve") { Description = "Who serves from now on: a (default) or b." };
        return new Command("stop", "End an A/B test.") { which, serve }.WithServer(async (parsed, server, ct) =>
        {
            var test = await Find(server, parsed.GetRequiredValue(which), ct);
            Write(parsed, await server.Client.AbTests.Stop(test.Id, parsed.GetValue(serve), ct));
            return ExitCodes.Fine;
        });
    }

    private static Argument<string> Which() => new("test") { Description = "Id of the test, or the name of an endpoint for its newest one." };

    private static async Task<AbTestInfo> Find(ServerConnection server, string which, CancellationToken ct) =>
        (await server.Client.AbTests.List(which, 1, ct)) is [var newest] ? newest : await server.Client.AbTests.Get(which, ct);

    private static void Write(ParseResult parsed, AbTestInfo test)
    {
        if (Output.IsJson(parsed))
        {
            Output.Json(test);
            return;
        }

        Output.Line($"{test.Id}  {test.A} (a) against {test.B} (b) on {test.Endpoint}: {test.Status}{(test.Result is null ? "" : $", {test.Result}")}{(test.Reason is null ? "" : $" ({test.Reason})")}");
        Output.Table(
            new[] { ("a", test.A, 1 - test.Share, test.ALabelled, test.AMean), ("b", test.B, test.Share, test.BLabelled, test.BMean) }, "", ("side", r => r.Item1), ("version", r => r.Item2),
            ("share", r => r.Item3.ToString("P0", CultureInfo.InvariantCulture)), ("outcomes", r => Output.Number(r.Item4)), ($"mean of {test.Outcome}", r => Output.Number(r.Item5)));
        Output.Line(test.EffectLow is null
            ? "difference b - a: not known yet (100 outcomes on each side are needed)"
            : $"difference b - a {Output.Number(test.Effect)}, at every look between {Output.Number(test.EffectLow)} and {Output.Number(test.EffectHigh)} ({Output.Number(1 - test.Alpha, "P0")}); alike within {Output.Number(test.Difference)}; {test.Better} is better");
        Output.Line($"e-value against the declared shares {Output.Number(test.EMismatch, "G3")} of 1000; it ends {Output.Time(test.EndsAt)} at the latest");
        if (test.Serves is { } serves)
            Output.Line($"{serves} serves");
    }
}
