using System.CommandLine;

namespace Holdfast.Commands;

/// <summary><c>holdfast completion SHELL</c>: a script that lets the shell ask the program what may come next.</summary>
internal static class CompletionCommand
{
    private const string Bash = """
        _holdfast() {
            local IFS=$'\n'
            COMPREPLY=($(compgen -W "$(holdfast "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o default -F _holdfast holdfast
        """;

    private const string Zsh = """
        #compdef holdfast
        _holdfast() {
            local -a words
            words=("${(@f)$(holdfast "[suggest:${#BUFFER}]" "${BUFFER}" 2>/dev/null)}")
            compadd -- $words
        }
        compdef _holdfast holdfast
        """;

    private const string Fish = """
        complete -f -c holdfast -a '(holdfast "[suggest:"(commandline -C)"]" (commandline))'
        """;

    public static Command Create()
    {
        var shell = new Argument<string>("shell") { Description = "bash, zsh or fish." };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var command = new Command("completion", "Print a completion script for a shell, such as: source <(holdfast completion bash)") { shell };
        command.SetAction(parsed =>
        {
            Output.Line(parsed.GetValue(shell) switch
            {
                "bash" => Bash,
                "zsh" => Zsh,
                _ => Fish,
            });
            return ExitCodes.Fine;
        });
        return command;
    }
}
