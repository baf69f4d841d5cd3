using System.CommandLine;

namespace Holdfast.Commands;

/// <summary>How a command writes its result.</summary>
public enum OutputFormat
{
    /// <summary>Tables and sentences for people.</summary>
    Text,

    /// <summary>One JSON document (journal: one a line).</summary>
    Json,

    /// <summary>Markdown, for a pull request or a job summary (drift, check).</summary>
    Markdown,

    /// <summary>JUnit XML, for a CI system (drift, check).</summary>
    Junit,

    /// <summary>The same as text (predictions query).</summary>
    Table,

    /// <summary>CSV (predictions query).</summary>
    Csv,

    /// <summary>Parquet (predictions query).</summary>
    Parquet,
}

/// <summary>Options that every command has.</summary>
internal static class GlobalOptions
{
    public static Option<OutputFormat> Output { get; } = new("--output", "-o")
    {
        Description = "How the result is written to stdout: text or json; drift and check also markdown and junit; predictions query also table, csv and parquet.",
        DefaultValueFactory = _ => OutputFormat.Text,
        HelpName = "text|json|markdown|junit|csv|parquet",
        Recursive = true,
    };
}
