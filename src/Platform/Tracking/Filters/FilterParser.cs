using System.Globalization;
using Holdfast.Contracts;

namespace Holdfast.Tracking.Filters;

/// <summary>Reads filters and orderings: recursive descent over a handful of tokens; refuses what it does not understand.</summary>
public sealed partial class FilterParser
{
    private const int MaxDepth = 50;
    private const int MaxComparisons = 500;
    private const int MaxOrderings = 30;
    private const int MaxColumns = 100;
    private const int MaxLength = 100_000;
    private readonly string _text;
    private readonly FilterGrammar _grammar;
    private readonly List<FilterToken> _tokens;
    private int _next;
    private int _depth;
    private int _comparisons;

    private FilterParser(string text, FilterGrammar grammar)
    {
        if (text.Length > MaxLength)
            throw FilterGrammar.Invalid($"The filter has {text.Length} characters; at most {MaxLength} are read.");
        _text = text;
        _grammar = grammar;
        _tokens = FilterToken.Read(text, grammar.Extended);
    }

    /// <summary>Parses a filter; an empty one matches all.</summary>
    public static Filter Parse(string? text, FilterGrammar grammar)
    {
        ArgumentNullException.ThrowIfNull(grammar);
        if (string.IsNullOrWhiteSpace(text))
            return new AllOf([]);
        var parser = new FilterParser(text, grammar);
        var filter = parser.Or();
        return parser._next == parser._tokens.Count ? filter : throw parser.Expected("'and', 'or' or the end");
    }

    /// <summary>Parses <c>identifier [asc|desc]</c> items; refuses one field twice.</summary>
    public static IReadOnlyList<Ordering> ParseOrder(IReadOnlyList<string>? items, FilterGrammar grammar)
    {
        ArgumentNullException.ThrowIfNull(grammar);
        var orderings = new List<Ordering>();
        if (items?.Count > MaxOrderings)
            throw FilterGrammar.Invalid($"`order_by` has {items.Count} fields; at most {MaxOrderings} are read.");
        foreach (var item in items ?? [])
        {
            var parser = new FilterParser(item, grammar);
            if (parser._tokens.Count == 0)
                throw FilterGrammar.Invalid($"Invalid order_by clause '{item}'. Expected an identifier with ASC or DESC.");
            var field = parser.Field(ordering: true);
            var descending = parser.Keyword("desc");
            if (!descending)
                parser.Keyword("asc");
            if (parser._next != parser._tokens.Count)
                throw FilterGrammar.Invalid($"Invalid order_by clause '{item}'. Expected an identifier with ASC or DESC.", "Write it as: metrics.accuracy DESC");
            if (orderings.Exists(o => o.Field == field))
                throw FilterGrammar.Invalid($"`order_by` contains duplicate fields: {string.Join(", ", items!)}");
            orderings.Add(new Ordering(field, descending));
        }

        return orderings;
    }

    /// <summary>Parses the columns of an answer: a field each, all faults at once.</summary>
    public static IReadOnlyList<FieldColumn> ParseColumns(IReadOnlyList<string>? items, FilterGrammar grammar)
    {
        ArgumentNullException.ThrowIfNull(grammar);
        if (items?.Count > MaxColumns)
            throw FilterGrammar.Invalid($"`columns` names {items.Count} fields; at most {MaxColumns} are read.", "Ask for the others in a second request.");
        var columns = new List<FieldColumn>();
        var faults = new List<Fault>();
        for (var i = 0; i < (items?.Count ?? 0); i++)
        {
            try
            {
                var parser = new FilterParser(items![i] ?? "", grammar);
                var field = parser.Field(ordering: true);
                columns.Add(parser._next == parser._tokens.Count ? new FieldColumn(items[i], field) : throw parser.Expected("the end of the field"));
            }
            catch (HoldfastException e)
            {
                faults.Add(new Fault($"columns[{i}]", e.Message, e.Hint ?? "Write a field as metrics.accuracy.max, params.depth or start_time."));
            }
        }

        return faults.Count == 0 ? columns : throw new HoldfastException("Some columns cannot be read.", faults);
    }

    private Filter Or()
    {
        Deeper();
        var parts = new List<Filter> { And() };
        while (_grammar.Extended && Keyword("or"))
            parts.Add(And());
        _depth--;
        return parts.Count == 1 ? parts[0] : new AnyOf(parts);
    }

    private Filter And()
    {
        var parts = new List<Filter> { Condition() };
        while (Keyword("and"))
            parts.Add(Condition());
        return parts.Count == 1 ? parts[0] : new AllOf(parts);
    }

    private Filter Condition()
    {
        if (_grammar.Extended && Keyword("not"))
        {
            Deeper();
            var inner = new NoneOf(Condition());
            _depth--;
            return inner;
        }

        if (_grammar.Extended && Symbol("("))
        {
            var inner = Or();
            return Symbol(")") ? inner : throw Expected("')'");
        }

        if (++_comparisons > MaxComparisons)
            throw FilterGrammar.Invalid($"The filter has more than {MaxComparisons} comparisons.");
        var field = Field(ordering: false);
        return _grammar.Extended ? Extended(field) : Compare(field);
    }

    private void Deeper()
    {
        if (++_depth > MaxDepth)
            throw FilterGrammar.Invalid($"The filter is nested deeper than {MaxDepth}.");
    }

    // MLflow's comparisons, in MLflow's words.
    private Comparison Compare(FilterField field)
    {
        var op = Operator();
        if (op is "in" or "not_in")
        {
            return field.AllowsIn
                ? new Comparison(field, op, List())
                : throw FilterGrammar.Invalid($"Invalid comparator '{(op == "in" ? "IN" : "NOT IN")}' for {field.Kind} '{field.Key}'.", "Only run_id and dataset fields may be compared with a list.");
        }

        if (_next >= _tokens.Count)
            throw Clause();
        var value = _tokens[_next++];
        if (field.Type == FieldType.Number)
        {
            if (op is "like" or "ilike")
                throw FilterGrammar.Invalid($"Invalid comparator '{op.ToUpperInvariant()}' for the number {field.Kind} '{field.Key}'.", "Use one of > >= = != < <=");
            return value.Kind == TokenKind.Number && double.TryParse(value.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
                ? new Comparison(field, op, number)
                : throw FilterGrammar.Invalid($"Expected numeric value type for {field.Kind}. Found {value.Raw}");
        }

        if (op is ">" or ">=" or "<" or "<=")
            throw FilterGrammar.Invalid($"Invalid comparator '{op}' for the text {field.Kind} '{field.Key}'.", "Use one of = != LIKE ILIKE");
        return value.Kind == TokenKind.Quoted
            ? new Comparison(field, op, value.Text)
            : throw FilterGrammar.Invalid($"Expected a quoted string value for {field.Kind} (e.g. 'my-value'). Got value {value.Raw}");
    }

    private FilterField Field(bool ordering)
    {
        if (_grammar.Extended && _next + 1 < _tokens.Count && _tokens[_next].Kind == TokenKind.Word && _tokens[_next + 1] is { Kind: TokenKind.Symbol, Text: "(" })
            return At(Call(ordering));
        if (_next >= _tokens.Count || _tokens[_next].Kind is not (TokenKind.Word or TokenKind.Quoted or TokenKind.BackQuoted))
            throw Expected("a field");
        var first = _tokens[_next];
        if (first.Kind == TokenKind.Quoted && first.Raw[0] == '\'')
            throw Expected("a field");
        _next++;
        var dot = first.Kind == TokenKind.Word ? first.Text.IndexOf('.', StringComparison.Ordinal) : -1;
        if (dot < 0)
            return Resolve(null, first.Text, ordering);
        var prefix = first.Text[..dot];
        var key = first.Text[(dot + 1)..];
        if (key.Length > 0)
            return At(Plain(prefix, key, ordering));

        // The word ended in a dot: the key follows in quotes.
        if (_next < _tokens.Count && _tokens[_next] is { Kind: TokenKind.Quoted or TokenKind.BackQuoted } quoted && quoted.Raw[0] != '\'')
        {
            _next++;
            return At(Suffixed(Resolve(prefix, quoted.Text, ordering)));
        }

        throw Expected($"a key after '{prefix}.'");
    }

    private FilterField Resolve(string? prefix, string key, bool ordering)
    {
        try
        {
            return _grammar.Resolve(prefix, key, ordering);
        }
        catch (HoldfastException e) when (_grammar.Extended)
        {
            throw FilterGrammar.Invalid($"{e.Message} (before position {Position}, in: {_text})", e.Hint ?? FieldHint);
        }
    }

    private string Operator()
    {
        if (_next >= _tokens.Count)
            throw Clause();
        if (_tokens[_next].Kind == TokenKind.Symbol && _tokens[_next].Text is "=" or "!=" or ">" or ">=" or "<" or "<=")
            return _tokens[_next++].Text;
        if (Keyword("like"))
            return "like";
        if (Keyword("ilike"))
            return "ilike";
        if (Keyword("in"))
            return "in";
        if (Keyword("not") && Keyword("in"))
            return "not_in";
        throw Clause();
    }

    private List<string> List()
    {
        if (!Symbol("("))
            throw Clause();
        var values = new List<string>();
        do
        {
            if (_next >= _tokens.Count || _tokens[_next].Kind != TokenKind.Quoted || _tokens[_next].Raw[0] != '\'')
                throw FilterGrammar.Invalid($"While parsing a list in the query, expected string value, punctuation, or whitespace, but got different type in list: {_text}", "Write the values in single quotes.");
            values.Add(_tokens[_next++].Text);
        }
        while (Symbol(","));
        return Symbol(")") ? values : throw Clause();
    }

    private bool Keyword(string word)
    {
        if (_next >= _tokens.Count || _tokens[_next].Kind != TokenKind.Word || !_tokens[_next].Text.Equals(word, StringComparison.OrdinalIgnoreCase))
            return false;
        _next++;
        return true;
    }

    private bool Symbol(string symbol)
    {
        if (_next >= _tokens.Count || _tokens[_next].Kind != TokenKind.Symbol || _tokens[_next].Text != symbol)
            return false;
        _next++;
        return true;
    }

    private int Position => _next < _tokens.Count ? _tokens[_next].Position : _text.Length;

    private HoldfastException Clause() =>
        FilterGrammar.Invalid($"Invalid clause(s) in filter string: '{_text}' at position {Position}", "Join comparisons such as metrics.loss < 0.1 with AND.");

    private HoldfastException Expected(string what, string? hint = null)
    {
        if (!_grammar.Extended)
            return Clause();
        var found = _next < _tokens.Count ? _tokens[_next].Raw : "the end";
        return FilterGrammar.Invalid(
            $"Expected {what} at position {Position}, found {found}, in: {_text}",
            hint ?? "Join comparisons such as metrics.loss < 0.1 with and, or, not and parentheses.");
    }
}
