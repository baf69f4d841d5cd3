using System.CommandLine;
using System.CommandLine.Parsing;

namespace Holdfast.Commands;

/// <summary>Options of the form <c>--tag key=value</c>, which may be repeated; of one key the last counts.</summary>
internal static class KeyValueOption
{
    /// <summary>Makes one. Its value is null where it is not given.</summary>
    public static Option<Dictionary<string, string>> Create(string name, string description) =>
        new(name) { Description = description, HelpName = "key=value", Arity = ArgumentArity.OneOrMore, CustomParser = Read };

    private static Dictionary<string, string> Read(ArgumentResult result)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var token in result.Tokens)
        {
            if (token.Value.Split('=', 2) is [{ Length: > 0 } key, var value])
                pairs[key] = value;
            else
                result.AddError($"{(result.Parent as OptionResult)?.Option.Name} is '{token.Value}': write key=value.");
        }

        return pairs;
    }
}
