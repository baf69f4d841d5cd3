using System.CommandLine;

namespace Holdfast.Commands;

/// <summary>How a command writes its result.</summary>
public enum OutputFormat
{
    /// <summary>Tables and sentences for people.</summary>
    Text,

    /// <summary>One JSON document (journal: one a line).</summary>
    Json,
}

/// <summary>Options that every command has.</summary>
internal static class GlobalOptions
{
    public static Option<OutputFormat> Output { get; } = new("--output", "-o")
    {
        Description = "How the result is written to stdout: text or json.",
        DefaultValueFactory = _ => OutputFormat.Text,
        HelpName = "text|json",
        Recursive = true,
    };
}
