using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Holdfast.Contracts;

namespace Holdfast.Wire.Mlflow;

/// <summary>A field that is asked for, or a fragment that holds fields.</summary>
/// <param name="Alias">The name in the answer.</param>
/// <param name="Name">The field; null for a fragment.</param>
/// <param name="Arguments">Values, with variables as <see cref="GraphqlVariable"/>.</param>
/// <param name="Fields">What is asked for below.</param>
/// <param name="Fragment">Name of a fragment that stands elsewhere.</param>
internal sealed record GraphqlSelection(string Alias, string? Name, IReadOnlyDictionary<string, object?> Arguments, IReadOnlyList<GraphqlSelection> Fields, string? Fragment = null);

/// <summary>A variable's place.</summary>
internal sealed record GraphqlVariable(string Name);

/// <summary>
/// A GraphQL document, as far as MLflow's pages and their like write it: operations, variables, aliases, arguments, fragments.
/// Directives are read over. It is bounded as MLflow bounds it.
/// </summary>
internal sealed class GraphqlDocument
{
    private const int MaxLength = 100_000;
    private const int MaxDepth = 10;
    private const int MaxSelections = 1000;
    private const int MaxRootFields = 10;
    private const int MaxAliases = 10;
    private static readonly IReadOnlyDictionary<string, object?> _noArguments = new Dictionary<string, object?>();
    private readonly string _text;
    private readonly List<(string? Name, IReadOnlyList<GraphqlSelection> Fields, IReadOnlyDictionary<string, object?> Defaults)> _operations = [];
    private readonly Dictionary<string, IReadOnlyList<GraphqlSelection>> _fragments = [];
    private int _at;
    private int _selections;
    private int _depth;

    private GraphqlDocument(string text)
    {
        _text = text;
    }

    /// <summary>Reads a document.</summary>
    /// <exception cref="HoldfastException">It is not one, or too large.</exception>
    public static GraphqlDocument Parse(string text)
    {
        if (text.Length > MaxLength)
            throw Invalid($"The query has {text.Length} characters; at most {MaxLength} are read.");
        var document = new GraphqlDocument(text);
        document.Definitions();
        return document;
    }

    /// <summary>The fields of the operation of a name, or of the only one, and the defaults of its variables.</summary>
    public (IReadOnlyList<GraphqlSelection> Fields, IReadOnlyDictionary<string, object?> Defaults) Operation(string? name)
    {
        var found = string.IsNullOrEmpty(name) ? _operations : _operations.FindAll(o => o.Name == name);
        return found.Count == 1
            ? (found[0].Fields, found[0].Defaults)
            : throw Invalid(string.IsNullOrEmpty(name) ? "Must provide operation name if query contains multiple operations." : $"Unknown operation named '{name}'.");
    }

    /// <summary>The fields below a selection with those of its fragments; what stands twice under one name is joined.</summary>
    public IReadOnlyList<GraphqlSelection> Flatten(IReadOnlyList<GraphqlSelection> selections)
    {
        var fields = new List<GraphqlSelection>();
        Collect(selections, fields, []);
        return [.. fields.GroupBy(f => f.Alias).Select(g => g.Count() == 1 ? g.First() : g.First() with { Fields = [.. g.SelectMany(f => f.Fields)] })];
    }

    private void Collect(IReadOnlyList<GraphqlSelection> selections, List<GraphqlSelection> fields, HashSet<string> seen)
    {
        foreach (var selection in selections)
        {
            if (selection.Name is not null)
                fields.Add(selection);
            else if (selection.Fragment is null)
                Collect(selection.Fields, fields, seen);
            else if (seen.Add(selection.Fragment))
                Collect(_fragments.TryGetValue(selection.Fragment, out var fragment) ? fragment : throw Invalid($"Unknown fragment '{selection.Fragment}'."), fields, seen);
        }
    }

    private void Definitions()
    {
        while (Peek() != '\0')
        {
            if (Peek() == '{')
            {
                _operations.Add((null, Operation(), _noArguments));
                continue;
            }

            var word = Name();
            if (word == "fragment")
            {
                var name = Name();
                if (Name() != "on")
                    throw Syntax();
                Name();
                Directives();
                _fragments[name] = Selections();
                continue;
            }

            if (word is not ("query" or "mutation" or "subscription"))
                throw Syntax();
            var operation = IsName(Peek()) ? Name() : null;
            var defaults = Peek() == '(' ? Variables() : _noArguments;
            Directives();
            _operations.Add((operation, Operation(), defaults));
        }

        if (_operations.Count == 0)
            throw Invalid("Syntax Error: Unexpected <EOF>.");
    }

    private List<GraphqlSelection> Operation()
    {
        var fields = Selections();
        if (fields.Count > MaxRootFields)
            throw Invalid($"GraphQL queries should have at most {MaxRootFields} root fields, got {fields.Count} root fields.");
        return fields;
    }

    private List<GraphqlSelection> Selections()
    {
        if (++_depth > MaxDepth)
            throw Invalid($"Query exceeds maximum depth of {MaxDepth}");
        Expect('{');
        var selections = new List<GraphqlSelection>();
        var aliases = 0;
        while (Peek() != '}')
        {
            if (++_selections > MaxSelections)
                throw Invalid($"Query exceeds maximum total selections of {MaxSelections}");
            selections.Add(Peek() == '.' ? Spread() : Field(ref aliases));
        }

        _at++;
        _depth--;
        if (aliases > MaxAliases)
            throw Invalid($"GraphQL queries should have at most {MaxAliases} aliases, got {aliases} aliases.");
        return selections;
    }

    private GraphqlSelection Spread()
    {
        for (var i = 0; i < 3; i++)
            Expect('.');
        var name = IsName(Peek()) ? Name() : null;
        if (name == "on")
            Name();
        Directives();
        return name is null or "on" ? new GraphqlSelection("", null, _noArguments, Selections()) : new GraphqlSelection("", null, _noArguments, [], name);
    }

    private GraphqlSelection Field(ref int aliases)
    {
        var name = Name();
        var alias = name;
        if (Peek() == ':')
        {
            _at++;
            name = Name();
            aliases++;
        }

        var arguments = Peek() == '(' ? Arguments() : _noArguments;
        Directives();
        return new GraphqlSelection(alias, name, arguments, Peek() == '{' ? Selections() : []);
    }

    private Dictionary<string, object?> Arguments()
    {
        Expect('(');
        var arguments = new Dictionary<string, object?>();
        while (Peek() != ')')
        {
            var name = Name();
            Expect(':');
            arguments[name] = Value();
        }

        _at++;
        return arguments;
    }

    private Dictionary<string, object?> Variables()
    {
        Expect('(');
        var defaults = new Dictionary<string, object?>();
        while (Peek() != ')')
        {
            Expect('$');
            var name = Name();
            Expect(':');
            Type();
            if (Peek() == '=')
            {
                _at++;
                defaults[name] = Value();
            }

            Directives();
        }

        _at++;
        return defaults;
    }

    private void Type()
    {
        if (Peek() == '[')
        {
            _at++;
            Type();
            Expect(']');
        }
        else
        {
            Name();
        }

        if (Peek() == '!')
            _at++;
    }

    private void Directives()
    {
        while (Peek() == '@')
        {
            _at++;
            Name();
            if (Peek() == '(')
                Arguments();
        }
    }

    private object? Value()
    {
        if (++_depth > 4 * MaxDepth)
            throw Invalid("A value of the query is nested too deeply.");
        var value = Peek() switch
        {
            '$' => Variable(),
            '"' => JsonValue.Create(Text()),
            '[' => List(),
            '{' => Record(),
            '-' or (>= '0' and <= '9') => Number(),
            _ => Name() switch
            {
                "true" => JsonValue.Create(true),
                "false" => JsonValue.Create(false),
                "null" => (object?)null,
                var word => JsonValue.Create(word),
            },
        };
        _depth--;
        return value;
    }

    private GraphqlVariable Variable()
    {
        Expect('$');
        return new GraphqlVariable(Name());
    }

    private List<object?> List()
    {
        Expect('[');
        var items = new List<object?>();
        while (Peek() != ']')
            items.Add(Value());
        _at++;
        return items;
    }

    private Dictionary<string, object?> Record()
    {
        Expect('{');
        var fields = new Dictionary<string, object?>();
        while (Peek() != '}')
        {
            var name = Name();
            Expect(':');
            fields[name] = Value();
        }

        _at++;
        return fields;
    }

    private JsonValue Number()
    {
        var start = _at++;
        while (_at < _text.Length && (char.IsAsciiLetterOrDigit(_text[_at]) || _text[_at] is '.' or '+' or '-'))
            _at++;
        var word = _text[start.._at];
        if (long.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole))
            return JsonValue.Create(whole);
        return double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? JsonValue.Create(number) : throw Syntax();
    }

    private string Text()
    {
        if (string.CompareOrdinal(_text, _at, "\"\"\"", 0, 3) == 0)
        {
            var end = _text.IndexOf("\"\"\"", _at + 3, StringComparison.Ordinal);
            if (end < 0)
                throw Syntax();
            var block = _text[(_at + 3)..end].Trim();
            _at = end + 3;
            return block;
        }

        var text = new StringBuilder();
        for (_at++; _at < _text.Length && _text[_at] != '\n'; _at++)
        {
            if (_text[_at] == '"')
            {
                _at++;
                return text.ToString();
            }

            text.Append(_text[_at] == '\\' ? Escaped() : _text[_at]);
        }

        throw Syntax();
    }

    private char Escaped()
    {
        if (++_at >= _text.Length)
            throw Syntax();
        switch (_text[_at])
        {
            case 'n':
                return '\n';
            case 't':
                return '\t';
            case 'r':
                return '\r';
            case 'b':
                return '\b';
            case 'f':
                return '\f';
            case 'u' when _at + 4 < _text.Length && ushort.TryParse(_text.AsSpan(_at + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code):
                _at += 4;
                return (char)code;
            case '"' or '\\' or '/':
                return _text[_at];
            default:
                throw Syntax();
        }
    }

    private string Name()
    {
        if (!IsName(Peek()) || char.IsAsciiDigit(_text[_at]))
            throw Syntax();
        var start = _at;
        while (_at < _text.Length && IsName(_text[_at]))
            _at++;
        return _text[start.._at];
    }

    private void Expect(char c)
    {
        if (Peek() != c)
            throw Syntax();
        _at++;
    }

    // The next character that counts; spaces, commas and comments do not.
    private char Peek()
    {
        while (_at < _text.Length)
        {
            var c = _text[_at];
            if (c == '#')
                _at = _text.IndexOf('\n', _at) is var end and >= 0 ? end : _text.Length;
            else if (char.IsWhiteSpace(c) || c is ',' or '\uFEFF')
                _at++;
            else
                return c;
        }

        return '\0';
    }

    private static bool IsName(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';

    private HoldfastException Syntax() => Invalid(_at < _text.Length ? $"Syntax Error: Unexpected '{_text[_at]}' at character {_at + 1}." : "Syntax Error: Unexpected <EOF>.");

    private static HoldfastException Invalid(string message) => new(ErrorCode.InvalidArgument, message);
}
