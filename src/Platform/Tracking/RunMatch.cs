using Holdfast.Storage.Sql;
using Holdfast.Tracking.Filters;

namespace Holdfast.Tracking;

/// <summary>Comparisons of numbers. NaN and what is missing meet none, unless NaN is to count as 0.</summary>
internal static class NumberMatch
{
    public static void Of(ReadOnlySpan<double> values, Comparison c, Span<bool> found)
    {
        var nanAsZero = c.Field.NanAsZero;
        switch (c.Op)
        {
            case "present":
                for (var i = 0; i < found.Length; i++)
                    found[i] = !SortKey.IsMissing(values[i]);
                break;
            case "nan":
                for (var i = 0; i < found.Length; i++)
                    found[i] = double.IsNaN(values[i]) && !SortKey.IsMissing(values[i]);
                break;
            case "in" or "not_in":
                var set = ((List<double>)c.Value!).ToHashSet();
                var wanted = c.Op == "in";
                for (var i = 0; i < found.Length; i++)
                    found[i] = !double.IsNaN(values[i]) && set.Contains(values[i]) == wanted;
                break;
            default:
                var value = (double)c.Value!;
                for (var i = 0; i < found.Length; i++)
                {
                    var own = values[i];
                    if (nanAsZero && double.IsNaN(own) && !SortKey.IsMissing(own))
                        own = 0;
                    found[i] = c.Op switch
                    {
                        "=" => own == value,
                        "!=" => own < value || own > value,
                        ">" => own > value,
                        ">=" => own >= value,
                        "<" => own < value,
                        _ => own <= value,
                    };
                }

                break;
        }
    }
}

/// <summary>Comparisons of texts, as the databases make them.</summary>
internal static class TextMatch
{
    public static Func<string, bool> Of(string op, object? value)
    {
        switch (op)
        {
            case "present":
                return _ => true;
            case "in" or "not_in":
                var set = ((List<string>)value!).ToHashSet(StringComparer.Ordinal);
                var wanted = op == "in";
                return text => set.Contains(text) == wanted;
            case "matches":
                return TextPattern.Of((string)value!).IsMatch;
            case "not_matches":
                var regex = TextPattern.Of((string)value!);
                return text => !regex.IsMatch(text);
        }

        var other = (string)value!;
        return op switch
        {
            "like" => text => Like(text, other, ignoreCase: false),
            "not_like" => text => !Like(text, other, ignoreCase: false),
            "ilike" => text => Like(text, other, ignoreCase: true),
            "not_ilike" => text => !Like(text, other, ignoreCase: true),
            "=" => text => text == other,
            "!=" => text => text != other,
            ">" => text => ByCodePoint(text, other) > 0,
            ">=" => text => ByCodePoint(text, other) >= 0,
            "<" => text => ByCodePoint(text, other) < 0,
            _ => text => ByCodePoint(text, other) <= 0,
        };
    }

    /// <summary>Order by code point, which is the order of the bytes in UTF-8; .NET's ordinal one puts U+E000 to U+FFFF behind the surrogates.</summary>
    public static int ByCodePoint(string a, string b)
    {
        var same = a.AsSpan().CommonPrefixLength(b);
        if (same == a.Length || same == b.Length)
            return a.Length - b.Length;
        return Fixed(a[same]) - Fixed(b[same]);

        static int Fixed(char c) => c >= '\ue000' ? c - 0x800 : c >= '\ud800' ? c + 0x2000 : c;
    }

    // % stands for any text, _ for one character; after a mismatch the last % takes one more.
    private static bool Like(ReadOnlySpan<char> text, ReadOnlySpan<char> pattern, bool ignoreCase)
    {
        var (t, p, star, mark) = (0, 0, -1, 0);
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '%')
            {
                (star, mark) = (p++, t);
            }
            else if (p < pattern.Length && (pattern[p] == '_' || pattern[p] == text[t] || (ignoreCase && char.ToUpperInvariant(pattern[p]) == char.ToUpperInvariant(text[t]))))
            {
                t += pattern[p] == '_' && char.IsHighSurrogate(text[t]) && t + 1 < text.Length ? 2 : 1;
                p++;
            }
            else if (star >= 0)
            {
                (p, t) = (star + 1, ++mark);
            }
            else
            {
                return false;
            }
        }

        while (p < pattern.Length && pattern[p] == '%')
            p++;
        return p == pattern.Length;
    }
}
