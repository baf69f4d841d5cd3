namespace Holdfast.Kernel.Expressions;

/// <summary>Recursive descent, loosest first: or, and, not, comparison / in / is, sum, product, sign, atom.</summary>
internal sealed class ExpressionParser(string source)
{
    public const int DepthLimit = 50;
    public const int NodeLimit = 1000;
    public const int LengthLimit = 10 * 1024;

    private readonly List<Token> _tokens = new ExpressionLexer(source).Read();
    private int _at;
    private int _depth;
    private int _nodes;

    private Token Now => _tokens[_at];

    public ExprNode Parse()
    {
        if (Now.Kind == TokenKind.End)
            throw Error(Now, "the expression is empty", "Write a condition such as amount > 1000.");
        var node = Or();
        if (Now.Kind != TokenKind.End)
            throw Error(Now, $"{Now.Shown} is not expected here", Now.Kind is TokenKind.Name or TokenKind.Number or TokenKind.Text ? "An operator such as and, or, ==, + is missing before it." : null);
        return node;
    }

    private ExprNode Or() => Logic("or", false, And);

    private ExprNode And() => Logic("and", true, Not);

    private ExprNode Logic(string word, bool and, Func<ExprNode> part)
    {
        var first = part();
        if (!Now.Is(word))
            return first;
        var position = Now.Position;
        var parts = new List<ExprNode> { first };
        while (Take(word))
            parts.Add(part());
        return Made(new LogicNode(position, and, parts));
    }

    private ExprNode Not()
    {
        if (!Now.Is("not"))
            return Comparison();
        var position = Now.Position;
        _at++;
        return Made(new NotNode(position, Deeper(Not)));
    }

    private ExprNode Comparison()
    {
        var left = Sum();
        var token = Now;
        if (Take("is"))
        {
            var negated = Take("not");
            Expect("missing", "Only 'is missing' and 'is not missing' exist; compare with ==.");
            left = Made(new IsMissingNode(token.Position, left, negated));
        }
        else if (Take("in"))
            left = In(token, left, false);
        else if (Now.Is("not") && _tokens[_at + 1].Is("in"))
        {
            _at += 2;
            left = In(token, left, true);
        }
        else if (ComparisonOf(token) is { } comparison)
        {
            _at++;
            left = Made(new BinaryNode(token.Position, comparison, left, Sum()));
        }
        else
            return left;

        if (ComparisonOf(Now) is not null || Now.Is("in") || Now.Is("is"))
            throw Error(Now, "comparisons do not chain", "Write a < b and b < c, or use parentheses.");
        return left;
    }

    private InNode In(Token token, ExprNode left, bool negated)
    {
        Expect("[", "Write a list such as ['NO', 'SE'].");
        var values = new List<LiteralNode>();
        do
        {
            var sign = Take("-") ? -1 : 1;
            var value = Now;
            _at++;
            values.Add((LiteralNode)Made(value switch
            {
                { Kind: TokenKind.Number } => new LiteralNode(value.Position, ExprValue.Of(sign * value.Number)),
                { Kind: TokenKind.Text } when sign == 1 => new LiteralNode(value.Position, ExprValue.Of(value.Text)),
                _ when sign == 1 && (value.Is("true") || value.Is("false")) => new LiteralNode(value.Position, ExprValue.Of(value.Is("true"))),
                _ => throw Error(value, $"{value.Shown} is not a literal", "A list holds numbers, texts in quotes, true and false."),
            }));
        }
        while (Take(","));
        Expect("]", "Close the list with ].");
        return (InNode)Made(new InNode(token.Position, left, values, negated));
    }

    private ExprNode Sum() => Chain(Product, static token => token.Is("+") ? ExprOperator.Add : token.Is("-") ? ExprOperator.Subtract : null);

    private ExprNode Product() => Chain(Sign, static token => token.Is("*") ? ExprOperator.Multiply : token.Is("/") ? ExprOperator.Divide : token.Is("%") ? ExprOperator.Remainder : null);

    private ExprNode Chain(Func<ExprNode> part, Func<Token, ExprOperator?> operatorOf)
    {
        var left = part();
        while (operatorOf(Now) is { } found)
        {
            var position = Now.Position;
            _at++;
            left = Made(new BinaryNode(position, found, left, part()));
        }

        return left;
    }

    private ExprNode Sign()
    {
        if (!Now.Is("-"))
            return Atom();
        var position = Now.Position;
        _at++;
        return Made(new NegateNode(position, Deeper(Sign)));
    }

    private ExprNode Atom()
    {
        var token = Now;
        _at++;
        switch (token)
        {
            case { Kind: TokenKind.Number }:
                return Made(new LiteralNode(token.Position, ExprValue.Of(token.Number)));
            case { Kind: TokenKind.Text }:
                return Made(new LiteralNode(token.Position, ExprValue.Of(token.Text)));
            case { Kind: TokenKind.Name } when Now.Is("("):
                return Call(token);
            case { Kind: TokenKind.Name }:
                return Made(new NameNode(token.Position, token.Text));
        }

        if (token.Is("true") || token.Is("false"))
            return Made(new LiteralNode(token.Position, ExprValue.Of(token.Is("true"))));
        if (token.Is("missing"))
            throw Error(token, "'missing' is not a value", "Write 'x is missing'; comparing with missing decides nothing.");
        if (!token.Is("("))
            throw Error(token, $"a value is expected, not {token.Shown}", null);
        var inner = Deeper(Or);
        Expect(")", "Close the parenthesis.");
        return inner;
    }

    private CallNode Call(Token name)
    {
        if (!ExprFunction.All.TryGetValue(name.Text, out var function))
            throw Error(name, $"there is no function '{name.Text}'", $"The functions are {string.Join(", ", ExprFunction.All.Keys)}.");
        _at++;
        var arguments = new List<ExprNode>();
        if (!Now.Is(")"))
        {
            do
                arguments.Add(Deeper(Or));
            while (Take(","));
        }

        Expect(")", "Close the parenthesis.");
        if (arguments.Count < function.Least || arguments.Count > function.Most)
            throw Error(name, $"{name.Text} takes {(function.Least == function.Most ? $"{function.Least}" : $"{function.Least} to {function.Most}")} argument{(function.Most == 1 ? "" : "s")}, not {arguments.Count}", null);
        return (CallNode)Made(new CallNode(name.Position, function, arguments));
    }

    private ExprNode Deeper(Func<ExprNode> part)
    {
        if (++_depth > DepthLimit)
            throw Error(Now, $"the expression is nested deeper than {DepthLimit}", "Split it into several rules.");
        var node = part();
        _depth--;
        return node;
    }

    private ExprNode Made(ExprNode node) => ++_nodes <= NodeLimit
        ? node
        : throw Expression.Error(source, node.Position, $"the expression has more than {NodeLimit} parts", "Split it into several rules.");

    private bool Take(string text)
    {
        if (!Now.Is(text))
            return false;
        _at++;
        return true;
    }

    private void Expect(string text, string hint)
    {
        if (!Take(text))
            throw Error(Now, $"'{text}' is expected, not {Now.Shown}", hint);
    }

    private static ExprOperator? ComparisonOf(Token token) => token.Kind != TokenKind.Symbol ? null : token.Text switch
    {
        "==" => ExprOperator.Equal,
        "!=" => ExprOperator.NotEqual,
        "<" => ExprOperator.Less,
        "<=" => ExprOperator.LessOrEqual,
        ">" => ExprOperator.Greater,
        ">=" => ExprOperator.GreaterOrEqual,
        _ => null,
    };

    private Contracts.HoldfastException Error(Token token, string message, string? hint) => Expression.Error(source, token.Position, message, hint);
}
