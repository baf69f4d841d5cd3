using Holdfast.Contracts;

namespace Holdfast.Kernel.Expressions;

/// <summary>Finds the type of every node before anything is evaluated; null = only known when evaluated (an undeclared name).</summary>
internal sealed class ExpressionTypes(string source, Func<string, ExprType?>? declared)
{
    public ExprType? Of(ExprNode node) => node switch
    {
        LiteralNode literal => literal.Value.Type,
        NameNode name => declared is null ? null : declared(name.Name) ?? throw Error(name, $"'{name.Name}' is not declared", "Use a declared input."),
        NotNode not => Need(not.Operand, ExprType.Boolean, "not"),
        NegateNode negate => Need(negate.Operand, ExprType.Number, "-"),
        IsMissingNode missing => Then(Of(missing.Operand), ExprType.Boolean),
        LogicNode logic => Logic(logic),
        InNode isIn => In(isIn),
        BinaryNode { Operator: < ExprOperator.Equal } arithmetic => Then(Need(arithmetic.Left, ExprType.Number, "arithmetic"), Need(arithmetic.Right, ExprType.Number, "arithmetic")),
        BinaryNode comparison => Comparison(comparison),
        CallNode call => Call(call),
        _ => throw new InvalidOperationException(node.GetType().Name),
    };

    private ExprType? Logic(LogicNode node)
    {
        foreach (var operand in node.Operands)
            Need(operand, ExprType.Boolean, node.And ? "and" : "or");
        return ExprType.Boolean;
    }

    private ExprType? In(InNode node)
    {
        var operand = Of(node.Operand);
        foreach (var value in node.Values)
        {
            if (operand is { } type && value.Value.Type != type)
                throw Error(value, $"the list holds {Word(value.Value.Type)} but {Word(type)} is searched", "Types are not converted; write all values in one type.");
            operand ??= value.Value.Type;
        }

        return ExprType.Boolean;
    }

    private ExprType? Comparison(BinaryNode node)
    {
        var left = Of(node.Left);
        var right = Of(node.Right);
        if (left is { } l && right is { } r && l != r)
            throw Error(node, $"{Word(l)} cannot be compared with {Word(r)}", "Types are not converted; a text stands in quotes, a number does not.");
        if (node.Operator > ExprOperator.NotEqual && (left ?? right) == ExprType.Boolean)
            throw Error(node, "true and false have no order", "Use == or !=.");
        return ExprType.Boolean;
    }

    private ExprType? Call(CallNode node)
    {
        if (node.Function.Compute is not null)
        {
            foreach (var argument in node.Arguments)
                Need(argument, ExprType.Number, node.Function.Name);
            return ExprType.Number;
        }

        ExprType? common = null;
        foreach (var argument in node.Arguments)
        {
            var type = Of(argument);
            if (common is { } c && type is { } t && c != t)
                throw Error(argument, $"{node.Function.Name} mixes {Word(c)} and {Word(t)}", "Give all arguments one type.");
            common ??= type;
        }

        return common;
    }

    private ExprType? Need(ExprNode node, ExprType wanted, string user)
    {
        if (Of(node) is { } type && type != wanted)
            throw Error(node, $"'{user}' needs {Word(wanted)}, not {Word(type)}", wanted == ExprType.Boolean ? "Write a comparison, such as x > 0." : "Types are not converted.");
        return wanted;
    }

    private static ExprType? Then(ExprType? first, ExprType? second)
    {
        _ = first;
        return second;
    }

    internal static string Word(ExprType type) => type switch
    {
        ExprType.Number => "a number",
        ExprType.Text => "a text",
        ExprType.Boolean => "a truth value",
        _ => "missing",
    };

    private HoldfastException Error(ExprNode node, string message, string hint) => Expression.Error(source, node.Position, message, hint);
}
