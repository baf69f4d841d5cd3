using Holdfast.Contracts;

namespace Holdfast.Kernel.Expressions;

/// <summary>
/// The one expression language of Holdfast: rules, derived features, conditions of policies. Comparisons, arithmetic,
/// <c>and or not</c>, <c>in [..]</c>, <c>is missing</c>, and the functions min, max, abs, log, round, coalesce. Three-valued for
/// missing and NaN, nothing is converted, no calls out, bounded in length, parts and depth: safe to take from a stranger.
/// </summary>
public sealed class Expression
{
    private readonly ExprNode _root;
    private readonly CompiledExpression _compiled;

    private Expression(string source, ExprNode root)
    {
        Source = source;
        _root = root;
        Names = NamesOf(_root).Distinct(StringComparer.Ordinal).ToArray();
        ResultType = new ExpressionTypes(source, null).Of(_root);
        _compiled = new ExpressionCompiler(source, Names).Compile(_root);
    }

    /// <summary>The text as written.</summary>
    public string Source { get; }

    /// <summary>The names that it reads, in order of first appearance.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The type of the result; null when it depends on the values.</summary>
    public ExprType? ResultType { get; }

    /// <summary>Parses, or says what is wrong and where.</summary>
    public static Expression Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > ExpressionParser.LengthLimit)
            throw Error(text, 1, $"the expression is longer than {ExpressionParser.LengthLimit / 1024} KB", "Split it into several rules.");
        return new Expression(text, new ExpressionParser(text).Parse());
    }

    /// <summary>Checks names and types against declared ones and gives the type of the result; throws with the position.</summary>
    public ExprType? Check(Func<string, ExprType?> declared) => new ExpressionTypes(Source, declared).Of(_root);

    /// <summary>A delegate over values in the order of <paramref name="names"/>, for hot paths.</summary>
    public CompiledExpression Compile(IReadOnlyList<string> names) => new ExpressionCompiler(Source, names).Compile(_root);

    /// <summary>Evaluates over named values; a name that the caller does not know is missing.</summary>
    public ExprValue Evaluate(Func<string, ExprValue> value)
    {
        ArgumentNullException.ThrowIfNull(value);
        var values = Names.Count == 0 ? [] : new ExprValue[Names.Count];
        for (var i = 0; i < values.Length; i++)
            values[i] = value(Names[i]);
        return _compiled(values);
    }

    public override string ToString() => Source;

    internal static HoldfastException Error(string source, int position, string message, string? hint)
    {
        var shown = source.Length <= 200 ? source : string.Concat(source.AsSpan(0, 200), "…");
        return new HoldfastException(ErrorCode.InvalidArgument, $"Expression '{shown}', position {position}: {message}.", hint);
    }

    private static IEnumerable<string> NamesOf(ExprNode node) => node switch
    {
        NameNode name => [name.Name],
        NotNode not => NamesOf(not.Operand),
        NegateNode negate => NamesOf(negate.Operand),
        IsMissingNode missing => NamesOf(missing.Operand),
        InNode isIn => NamesOf(isIn.Operand),
        BinaryNode binary => NamesOf(binary.Left).Concat(NamesOf(binary.Right)),
        LogicNode logic => logic.Operands.SelectMany(NamesOf),
        CallNode call => call.Arguments.SelectMany(NamesOf),
        _ => [],
    };
}
