using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Holdfast.Commands.Capture;
using Holdfast.Commands.Check;
using Holdfast.Commands.Drift;
using Holdfast.Contracts;
using Holdfast.Demo;

namespace Holdfast.Commands;

/// <summary>The command line: what there is, and what its failures look like.</summary>
public static class Cli
{
    /// <summary>Parses and runs; the result is the process's exit code.</summary>
    public static async Task<int> Run(IReadOnlyList<string> args, CancellationToken ct = default)
    {
        var root = Root();
        if (args.Count == 0)
        {
            // Nothing asked for: show what there is, but as wrong usage, so that a script notices.
            await root.Parse("--help").InvokeAsync(new InvocationConfiguration { Output = Console.Error }, ct);
            return ExitCodes.Usage;
        }

        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0 && parsed.Action is ParseErrorAction)
        {
            foreach (var error in parsed.Errors)
                await Console.Error.WriteLineAsync($"error: {error.Message}");
            await Console.Error.WriteLineAsync($"hint: {Path(parsed.CommandResult.Command)} --help");
            return ExitCodes.Usage;
        }

        if (UnknownOption(parsed) is { } unknown)
        {
            await Console.Error.WriteLineAsync($"error: There is no option '{unknown}'.");
            await Console.Error.WriteLineAsync($"hint: {Path(parsed.CommandResult.Command)} --help; a value that begins with dashes stands behind --.");
            return ExitCodes.Usage;
        }

        if (parsed.Errors.Count == 0 && Output.Refused(parsed) is { } refused)
        {
            await Console.Error.WriteLineAsync($"error: {refused}");
            return ExitCodes.Usage;
        }

        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(60) }, ct);
        }
        catch (OperationCanceledException)
        {
            return ExitCodes.Interrupted;
        }
        catch (HoldfastException e)
        {
            await Explain(e);
            return ExitCodes.Failed;
        }
        catch (HttpRequestException e)
        {
            await Explain(new HoldfastException(ErrorCode.Unavailable, $"The server cannot be reached: {e.Message}", "Start one with holdfast serve, or check --server and HOLDFAST_URL."));
            return ExitCodes.Failed;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await Explain(new HoldfastException(ErrorCode.FailedPrecondition, e.Message));
            return ExitCodes.Failed;
        }
        catch (Exception e)
        {
            await Console.Error.WriteLineAsync(Environment.GetEnvironmentVariable("HOLDFAST_DEBUG") is { Length: > 0 } ? e.ToString() : $"error: Holdfast failed: {e.Message}");
            await Console.Error.WriteLineAsync("hint: This is a fault of Holdfast: please report it, with the output under HOLDFAST_DEBUG=1.");
            return ExitCodes.Failed;
        }
    }

    /// <summary>All commands.</summary>
    public static RootCommand Root()
    {
        var root = new RootCommand("Holdfast: the whole MLOps loop in one program. Tracks experiments, versions data, runs pipelines, serves models, rolls them out safely, watches for drift and answers it.");
        root.Add(GlobalOptions.Output);
        root.Add(DemoCommand.Create());
        root.Add(ServeCommand.Create());
        root.Add(DriftCommand.Create());
        root.Add(CheckCommand.Create());
        root.Add(DataCommand.Create());
        root.Add(RunCommand.Create());
        root.Add(RunsCommand.Create());
        root.Add(SyncCommand.Create());
        root.Add(LineageCommand.Create());
        root.Add(UsageCommand.Create());
        root.Add(GarbageCommand.Create());
        root.Add(PipelineCommand.Create());
        root.Add(ApplyCommand.Create());
        root.Add(ModelsCommand.Create());
        root.Add(EndpointCommand.Create());
        root.Add(RolloutCommands.Deploy());
        root.Add(RolloutCommands.Rollout());
        root.Add(AbCommands.Create());
        root.Add(MonitorCommand.Create());
        root.Add(PredictCommand.Create());
        root.Add(PredictionsCommand.Create());
        root.Add(LabelsCommand.Create());
        root.Add(JournalCommand.Create());
        root.Add(AccessCommands.Token());
        root.Add(AccessCommands.Workspace());
        root.Add(LoginCommand.Create());
        root.Add(ConfigCommand.Create());
        root.Add(DoctorCommand.Create());
        root.Add(CompletionCommand.Create());
        root.Add(ExampleCommand.Create());
        return root;
    }

    /// <summary>An error, all its faults and the remedy, on stderr.</summary>
    internal static async Task Explain(HoldfastException e)
    {
        await Console.Error.WriteLineAsync($"error: {e.Message}");
        foreach (var fault in e.Faults)
            await Console.Error.WriteLineAsync($"  {fault.Field}: {fault.Message}{(fault.Hint is null ? "" : $" — {fault.Hint}")}");
        if (e.Hint is not null)
            await Console.Error.WriteLineAsync($"hint: {e.Hint}");
    }

    // The parser takes a mistyped option for a value where a command has an argument free.
    private static string? UnknownOption(ParseResult parsed)
    {
        var named = parsed.Tokens.TakeWhile(t => t.Type != TokenType.DoubleDash).ToHashSet(ReferenceEqualityComparer.Instance);
        return parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(a => a.Tokens).FirstOrDefault(t => named.Contains(t) && t.Value.StartsWith("--", StringComparison.Ordinal))?.Value;
    }

    private static string Path(Command command)
    {
        var names = new Stack<string>();
        for (Symbol? symbol = command; symbol is not null and not RootCommand; symbol = symbol.Parents.FirstOrDefault())
            names.Push(symbol.Name);
        names.Push("holdfast");
        return string.Join(' ', names);
    }
}
