using System.Text;

namespace Holdfast.Tracking.Filters;

internal enum TokenKind
{
    Word,
    Number,
    Quoted,
    BackQuoted,
    Symbol,
}

/// <summary>A token of a filter. <c>Raw</c> keeps the quotes, which decide what may stand where.</summary>
internal sealed record FilterToken(TokenKind Kind, string Text, string Raw, int Position)
{
    public static List<FilterToken> Read(string text, bool extended)
    {
        var tokens = new List<FilterToken>();
        var i = 0;
        while (i < text.Length)
        {
            var c = text[i];
            if (char.IsWhiteSpace(c))
            {
                i++;
                continue;
            }

            var start = i;
            if (c is '\'' or '"' or '`')
            {
                var content = Quoted(text, ref i);
                tokens.Add(new FilterToken(c == '`' ? TokenKind.BackQuoted : TokenKind.Quoted, content, text[start..i], start));
            }
            else if (char.IsLetter(c) || c == '_' || (extended && c == '.' && tokens is [.., { Kind: TokenKind.BackQuoted or TokenKind.Quoted } before] && before.Position + before.Raw.Length == i))
            {
                // In metrics.`a b`.max the last part is a word that begins with its dot.
                i++;
                while (i < text.Length && (char.IsLetterOrDigit(text[i]) || text[i] is '_' or '.' || (extended && text[i] is '-' or '/' or ':' or '@')))
                    i++;
                tokens.Add(new FilterToken(TokenKind.Word, text[start..i], text[start..i], start));
            }
            else if (char.IsDigit(c) || c is '-' or '+' or '.')
            {
                i++;
                while (i < text.Length && (char.IsLetterOrDigit(text[i]) || text[i] == '.' || (text[i] is '-' or '+' && text[i - 1] is 'e' or 'E')))
                    i++;
                tokens.Add(new FilterToken(TokenKind.Number, text[start..i], text[start..i], start));
            }
            else
            {
                var two = i + 1 < text.Length ? text.Substring(i, 2) : "";
                var symbol = two is "!=" or ">=" or "<=" || (extended && two == "!~") ? two : c is '=' or '>' or '<' or '(' or ')' or ',' || (extended && c == '~') ? c.ToString() : null;
                if (symbol is null)
                    throw FilterGrammar.Invalid($"Invalid clause(s) in filter string: '{text}' at position {i}: '{c}' is not expected.", "Put keys with special characters in backquotes: params.`a-b`");
                i += symbol.Length;
                tokens.Add(new FilterToken(TokenKind.Symbol, symbol, symbol, start));
            }
        }

        return tokens;
    }

    // A quote inside is written twice, as in SQL.
    private static string Quoted(string text, ref int i)
    {
        var quote = text[i];
        var start = i++;
        var content = new StringBuilder();
        while (true)
        {
            if (i >= text.Length)
                throw FilterGrammar.Invalid($"Invalid clause(s) in filter string: the quote at position {start} is not closed: '{text}'");
            if (text[i] != quote)
            {
                content.Append(text[i++]);
                continue;
            }

            if (i + 1 < text.Length && text[i + 1] == quote)
            {
                content.Append(quote);
                i += 2;
                continue;
            }

            i++;
            return content.ToString();
        }
    }
}
