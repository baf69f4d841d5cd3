using System.Globalization;
using Holdfast.Storage.Sql;

namespace Holdfast.Tracking.Filters;

/// <summary>What the native grammar adds: values of a series, lists of anything, patterns, tests for null, numbers in texts, dates.</summary>
public sealed partial class FilterParser
{
    private const string FieldHint = "Write a field as metrics.loss, metrics.loss.min, max(metrics.acc), metrics.acc at max(metrics.val_acc), params.depth or start_time; odd keys in backquotes.";

    private static readonly Dictionary<string, SeriesValue> _series = new(StringComparer.OrdinalIgnoreCase)
    {
        ["last"] = SeriesValue.Last,
        ["first"] = SeriesValue.First,
        ["min"] = SeriesValue.Min,
        ["max"] = SeriesValue.Max,
        ["count"] = SeriesValue.Count,
        ["last_step"] = SeriesValue.LastStep,
        ["first_step"] = SeriesValue.FirstStep,
        ["min_step"] = SeriesValue.MinStep,
        ["max_step"] = SeriesValue.MaxStep,
    };

    // max(metrics.acc), number(params.lr)
    private FilterField Call(bool ordering)
    {
        var name = _tokens[_next];
        var number = name.Text.Equals("number", StringComparison.OrdinalIgnoreCase);
        var of = SeriesValue.Last;
        if (!number && !(_grammar.Series && _series.TryGetValue(name.Text, out of)))
            throw Expected($"a field or one of {(_grammar.Series ? string.Join(", ", _series.Keys) + ", " : "")}number before '('", FieldHint);
        _next += 2;
        var at = _next;
        var field = Field(ordering);
        var fits = number ? field is { Kind: "param" or "tag", Type: FieldType.Text } : field is { Kind: "metric", Of: SeriesValue.Last, At: null };
        if (!fits)
        {
            _next = at;
            throw Expected(number ? "a parameter or tag" : "a metric", FieldHint);
        }

        if (!Symbol(")"))
            throw Expected("')'", FieldHint);
        return number ? AsNumber(field) : field with { Of = of };
    }

    // metrics.acc.max: the last part is one of a few words. A metric that is called so stands in backquotes.
    private FilterField Plain(string prefix, string key, bool ordering)
    {
        if (_grammar is { Extended: true, Series: true } && key.LastIndexOf('.') is > 0 and var dot && _series.TryGetValue(key[(dot + 1)..], out var of)
            && Resolve(prefix, key[..dot], ordering) is { Kind: "metric" } metric)
            return metric with { Of = of };
        return Resolve(prefix, key, ordering);
    }

    private FilterField Suffixed(FilterField field)
    {
        if (!_grammar.Extended || _next >= _tokens.Count || _tokens[_next] is not { Kind: TokenKind.Word, Text: ['.', ..] } suffix)
            return field;
        if (field.Kind != "metric" || !_grammar.Series || !_series.TryGetValue(suffix.Text[1..], out var of))
            throw Expected($"one of {string.Join(", ", _series.Keys.Select(k => "." + k))} after a metric", FieldHint);
        _next++;
        return field with { Of = of };
    }

    // metrics.acc at max(metrics.val_acc)
    private FilterField At(FilterField field)
    {
        if (!_grammar.Series || field.Kind != "metric" || !Keyword("at"))
            return field;
        if (field.Of != SeriesValue.Last || field.At is not null)
            throw Expected("a metric without min, max or the like before 'at'", FieldHint);
        var start = _next;
        var other = Field(ordering: false);
        if (other is { Kind: "metric", Of: SeriesValue.Min or SeriesValue.Max, At: null })
            return field with { At = other };
        _next = start;
        throw Expected("max(metrics.…) or min(metrics.…) after 'at'", FieldHint);
    }

    private Filter Extended(FilterField field)
    {
        if (Keyword("is"))
            return Is(field);
        var not = Keyword("not");
        if (Keyword("in"))
            return In(field, not);
        if (Keyword("between"))
            return Between(field, not);
        foreach (var word in (ReadOnlySpan<string>)["like", "ilike", "matches"])
        {
            if (Keyword(word))
                return Pattern(field, not ? "not_" + word : word);
        }

        if (not)
            throw Expected("in, between, like, ilike or matches after 'not'");
        if (Symbol("~"))
            return Pattern(field, "matches");
        if (Symbol("!~"))
            return Pattern(field, "not_matches");
        if (_next >= _tokens.Count || _tokens[_next] is not { Kind: TokenKind.Symbol, Text: "=" or "!=" or ">" or ">=" or "<" or "<=" } op)
            throw Expected("an operator", "Use one of = != > >= < <= in, not in, between, like, ilike, ~ (matches), is null, is not null, is nan.");
        _next++;
        var (compared, value) = Value(field);
        return new Comparison(compared, op.Text, value);
    }

    private Filter Is(FilterField field)
    {
        var not = Keyword("not");
        if (Keyword("null"))
        {
            var present = new Comparison(field, "present", null);
            return not ? present : new NoneOf(present);
        }

        var start = _next;
        if (!Keyword("nan"))
            throw Expected("null or nan");
        if (!_grammar.Series || field.Kind != "metric" || field.Of is not (SeriesValue.Last or SeriesValue.First) || field.At is not null)
        {
            _next = start;
            throw Expected($"null, because only the last and first value of a run's metric can be NaN, and {field.Kind} '{field.Key}' is none");
        }

        var nan = new Comparison(field, "nan", null);
        return not ? new NoneOf(nan) : nan;
    }

    private Comparison In(FilterField field, bool not)
    {
        if (!Symbol("("))
            throw Expected("'('", "Write a list as ('a', 'b') or (1, 2).");
        var numbers = new List<double>();
        var texts = new List<string>();
        do
        {
            var (compared, value) = Value(field);
            if (value is double number)
                numbers.Add(number);
            else
                texts.Add((string)value);
            if (numbers.Count > 0 && texts.Count > 0)
                throw FilterGrammar.Invalid($"The list before position {Position} mixes numbers and texts, in: {_text}", "Quote all of its values or none.");
            if (numbers.Count > 0)
                field = compared;
        }
        while (Symbol(","));
        return Symbol(")") ? new Comparison(field, not ? "not_in" : "in", numbers.Count > 0 ? numbers : texts) : throw Expected("',' or ')'");
    }

    private Filter Between(FilterField field, bool not)
    {
        var (compared, low) = Value(field);
        if (!Keyword("and"))
            throw Expected("'and'", "Write it as: metrics.acc between 0.8 and 0.9");
        var (_, high) = Value(compared);
        return not
            ? new AnyOf([new Comparison(compared, "<", low), new Comparison(compared, ">", high)])
            : new AllOf([new Comparison(compared, ">=", low), new Comparison(compared, "<=", high)]);
    }

    private Comparison Pattern(FilterField field, string op)
    {
        if (field.Type != FieldType.Text || field.AsNumber)
        {
            _next--;
            throw Expected("a comparison of numbers (= != > >= < <= in, between)");
        }

        if (_next >= _tokens.Count || _tokens[_next].Kind != TokenKind.Quoted)
            throw Expected("a pattern in quotes");
        var pattern = _tokens[_next].Text;
        if (op.EndsWith("matches", StringComparison.Ordinal) && TextPattern.Fault(pattern) is { } fault)
            throw Expected("a regular expression", fault);
        _next++;
        return new Comparison(field, op, pattern);
    }

    // A bare number makes a number of a parameter or tag; a quoted date makes milliseconds of it for a time.
    private (FilterField Field, object Value) Value(FilterField field)
    {
        var token = _next < _tokens.Count ? _tokens[_next] : null;
        if (token is { Kind: TokenKind.Number or TokenKind.Word } && Number(token.Text) is { } number)
        {
            if (field.Type == FieldType.Text && field.Kind is not ("param" or "tag"))
                throw Expected($"a text in quotes to compare {field.Kind} '{field.Key}' with");
            _next++;
            return (field.Type == FieldType.Text ? AsNumber(field) : field, number);
        }

        if (token?.Kind == TokenKind.Quoted && field is { Type: FieldType.Text, AsNumber: false })
        {
            _next++;
            return (field, token.Text);
        }

        if (token?.Kind == TokenKind.Quoted && field is { Kind: "attribute", Type: FieldType.Number } && IsTime(field.Key)
            && DateTimeOffset.TryParse(token.Text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
        {
            _next++;
            return (field, (double)time.ToUnixTimeMilliseconds());
        }

        throw field.Type == FieldType.Number
            ? Expected($"a number to compare {field.Kind} '{field.Key}' with", IsTime(field.Key) ? "Write milliseconds since 1970, or a date as '2026-01-31' or '2026-01-31T12:00Z'." : "Write the number bare: 0.5, -1e-3, inf.")
            : Expected($"a value to compare {field.Kind} '{field.Key}' with", "Write a text in quotes, or a number bare.");
    }

    private static FilterField AsNumber(FilterField field) => field with { Type = FieldType.Number, AsNumber = true };

    private static bool IsTime(string key) => key.EndsWith("_time", StringComparison.Ordinal) || key.Contains("timestamp", StringComparison.Ordinal);

    private static double? Number(string text) => text.ToLowerInvariant() switch
    {
        "inf" or "+inf" or "infinity" => double.PositiveInfinity,
        "-inf" or "-infinity" => double.NegativeInfinity,
        _ => char.IsLetter(text[0]) ? null : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null,
    };
}
