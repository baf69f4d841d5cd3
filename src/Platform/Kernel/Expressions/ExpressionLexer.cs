using System.Globalization;
using System.Text;

namespace Holdfast.Kernel.Expressions;

internal enum TokenKind
{
    Number,
    Text,
    Name,
    Word,
    Symbol,
    End,
}

internal readonly record struct Token(TokenKind Kind, string Text, double Number, int Position)
{
    public bool Is(string text) => Kind is TokenKind.Word or TokenKind.Symbol && Text == text;

    public string Shown => Kind == TokenKind.End ? "the end" : $"'{Text}'";
}

/// <summary>Cuts an expression into tokens by hand: no regular expression, linear time.</summary>
internal sealed class ExpressionLexer(string source)
{
    private static readonly HashSet<string> Words = new(StringComparer.Ordinal) { "and", "or", "not", "in", "is", "missing", "true", "false" };
    private static readonly string[] Symbols = ["==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "(", ")", "[", "]", ","];
    private static readonly Dictionary<string, string> Remedies = new(StringComparer.Ordinal)
    {
        ["="] = "Write == to compare.",
        ["&"] = "Write 'and'.",
        ["|"] = "Write 'or'.",
        ["!"] = "Write 'not', or != to compare.",
        ["^"] = "There is no power; multiply.",
    };

    public List<Token> Read()
    {
        var tokens = new List<Token>();
        var at = 0;
        while (true)
        {
            while (at < source.Length && char.IsWhiteSpace(source[at]))
                at++;
            if (at == source.Length)
            {
                tokens.Add(new Token(TokenKind.End, "", 0, at + 1));
                return tokens;
            }

            var start = at;
            var c = source[at];
            if (char.IsAsciiDigit(c) || (c == '.' && at + 1 < source.Length && char.IsAsciiDigit(source[at + 1])))
                tokens.Add(Number(ref at));
            else if (c is '\'' or '"')
                tokens.Add(new Token(TokenKind.Text, Quoted(ref at, c, "text"), 0, start + 1));
            else if (c == '`')
                tokens.Add(new Token(TokenKind.Name, Quoted(ref at, c, "name"), 0, start + 1));
            else if (char.IsLetter(c) || c == '_')
                tokens.Add(Identifier(ref at));
            else
                tokens.Add(Symbol(ref at));
        }
    }

    private Token Identifier(ref int at)
    {
        var start = at;
        while (at < source.Length && (char.IsLetterOrDigit(source[at]) || source[at] == '_' || (source[at] == '.' && at + 1 < source.Length && char.IsLetter(source[at + 1]))))
            at++;
        var text = source[start..at];
        return new Token(Words.Contains(text) ? TokenKind.Word : TokenKind.Name, text, 0, start + 1);
    }

    private Token Number(ref int at)
    {
        var start = at;
        while (at < source.Length && (char.IsAsciiLetterOrDigit(source[at]) || source[at] == '.' || (source[at] is '+' or '-' && source[at - 1] is 'e' or 'E')))
            at++;
        var text = source[start..at];
        if (!double.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var number) || !double.IsFinite(number))
            throw Expression.Error(source, start + 1, $"'{text}' is not a number", "Write digits with a decimal point, such as 1000 or 2.5e3.");
        return new Token(TokenKind.Number, text, number, start + 1);
    }

    // A quote inside is written twice, as in SQL: no escape character to get wrong inside YAML or JSON.
    private string Quoted(ref int at, char quote, string what)
    {
        var start = at++;
        var text = new StringBuilder();
        for (; at < source.Length; at++)
        {
            if (source[at] != quote)
                text.Append(source[at]);
            else if (at + 1 < source.Length && source[at + 1] == quote)
                text.Append(source[at++]);
            else
            {
                at++;
                return text.ToString();
            }
        }

        throw Expression.Error(source, start + 1, $"the {what} that begins here does not end", $"Close it with {quote}.");
    }

    private Token Symbol(ref int at)
    {
        foreach (var symbol in Symbols)
        {
            if (string.CompareOrdinal(source, at, symbol, 0, symbol.Length) != 0)
                continue;
            at += symbol.Length;
            return new Token(TokenKind.Symbol, symbol, 0, at - symbol.Length + 1);
        }

        throw Expression.Error(source, at + 1, $"'{source[at]}' means nothing here", Remedies.GetValueOrDefault(source[at].ToString()));
    }
}
