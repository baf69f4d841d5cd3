namespace Holdfast.Kernel.Expressions;

/// <summary>Evaluates over values in the order of the names that the expression was compiled for.</summary>
public delegate ExprValue CompiledExpression(ReadOnlySpan<ExprValue> values);

/// <summary>
/// Turns the tree into nested delegates, once. Kleene logic: missing is "not known", so <c>false and missing</c> is false and
/// <c>true and missing</c> is missing. A type that only shows at evaluation and does not fit is an error with its position.
/// </summary>
internal sealed class ExpressionCompiler(string source, IReadOnlyList<string> names)
{
    public CompiledExpression Compile(ExprNode node)
    {
        switch (node)
        {
            case LiteralNode literal:
                var value = literal.Value;
                return _ => value;
            case NameNode name:
                var slot = Slot(name);
                return values => values[slot];
            case NotNode not:
                var negated = Truth(not.Operand);
                return values => negated(values) is var v && v.IsMissing ? v : ExprValue.Of(v.IsFalse);
            case NegateNode negate:
                var positive = Number(negate.Operand);
                return values => ExprValue.Of(-positive(values));
            case IsMissingNode missing:
                var tested = Compile(missing.Operand);
                var wanted = !missing.Negated;
                return values => ExprValue.Of(tested(values).IsMissing == wanted);
            case LogicNode logic:
                return Logic(logic);
            case InNode isIn:
                return In(isIn);
            case BinaryNode { Operator: < ExprOperator.Equal } arithmetic:
                return Arithmetic(arithmetic);
            case BinaryNode comparison:
                return Comparison(comparison);
            case CallNode call:
                return Call(call);
            default:
                throw new InvalidOperationException(node.GetType().Name);
        }
    }

    private delegate double CompiledNumber(ReadOnlySpan<ExprValue> values);

    private int Slot(NameNode name)
    {
        for (var i = 0; i < names.Count; i++)
        {
            if (string.Equals(names[i], name.Name, StringComparison.Ordinal))
                return i;
        }

        throw Expression.Error(source, name.Position, $"'{name.Name}' is not declared", "Use a declared input.");
    }

    private CompiledNumber Number(ExprNode node)
    {
        var inner = Compile(node);
        return values => inner(values) is { Type: ExprType.Number or ExprType.Missing } v
            ? v.AsNumber
            : throw Mismatch(node, ExprType.Number, inner(values));
    }

    private CompiledExpression Truth(ExprNode node)
    {
        var inner = Compile(node);
        return values => inner(values) is { Type: ExprType.Boolean or ExprType.Missing } v
            ? v
            : throw Mismatch(node, ExprType.Boolean, inner(values));
    }

    private CompiledExpression Logic(LogicNode node)
    {
        var operands = node.Operands.Select(Truth).ToArray();
        var and = node.And;
        return values =>
        {
            var unknown = false;
            foreach (var operand in operands)
            {
                var value = operand(values);
                if (value.IsMissing)
                    unknown = true;
                else if (value.IsTrue != and)
                    return value;
            }

            return unknown ? ExprValue.Missing : ExprValue.Of(and);
        };
    }

    private CompiledExpression In(InNode node)
    {
        var operand = Compile(node.Operand);
        var listed = node.Values.Select(v => v.Value).ToHashSet();
        var type = node.Values[0].Value.Type;
        var negated = node.Negated;
        return values =>
        {
            var value = operand(values);
            if (value.IsMissing)
                return value;
            return value.Type == type ? ExprValue.Of(listed.Contains(value) != negated) : throw Mismatch(node, type, value);
        };
    }

    private CompiledExpression Arithmetic(BinaryNode node)
    {
        var left = Number(node.Left);
        var right = Number(node.Right);
        return node.Operator switch
        {
            ExprOperator.Add => values => ExprValue.Of(left(values) + right(values)),
            ExprOperator.Subtract => values => ExprValue.Of(left(values) - right(values)),
            ExprOperator.Multiply => values => ExprValue.Of(left(values) * right(values)),
            ExprOperator.Divide => values => ExprValue.Of(left(values) / right(values)),
            _ => values => ExprValue.Of(left(values) % right(values)),
        };
    }

    private CompiledExpression Comparison(BinaryNode node)
    {
        var left = Compile(node.Left);
        var right = Compile(node.Right);
        var comparison = node.Operator;
        return values =>
        {
            var a = left(values);
            var b = right(values);
            if (a.IsMissing || b.IsMissing)
                return ExprValue.Missing;
            if (a.Type != b.Type)
                throw Mismatch(node, a.Type, b);
            if (comparison is ExprOperator.Equal or ExprOperator.NotEqual)
                return ExprValue.Of((a == b) == (comparison == ExprOperator.Equal));
            if (a.Type == ExprType.Boolean)
                throw Expression.Error(source, node.Position, "true and false have no order", "Use == or !=.");
            var order = a.Type == ExprType.Number ? a.AsNumber.CompareTo(b.AsNumber) : string.CompareOrdinal(a.AsText, b.AsText);
            return ExprValue.Of(comparison switch
            {
                ExprOperator.Less => order < 0,
                ExprOperator.LessOrEqual => order <= 0,
                ExprOperator.Greater => order > 0,
                _ => order >= 0,
            });
        };
    }

    private CompiledExpression Call(CallNode node)
    {
        if (node.Function.Compute is not { } compute)
        {
            var choices = node.Arguments.Select(Compile).ToArray();
            return values =>
            {
                foreach (var choice in choices)
                {
                    var value = choice(values);
                    if (!value.IsMissing)
                        return value;
                }

                return ExprValue.Missing;
            };
        }

        var arguments = node.Arguments.Select(Number).ToArray();
        return values =>
        {
            var numbers = new double[arguments.Length];
            for (var i = 0; i < numbers.Length; i++)
            {
                numbers[i] = arguments[i](values);
                if (double.IsNaN(numbers[i]))
                    return ExprValue.Missing;
            }

            return ExprValue.Of(compute(numbers));
        };
    }

    private Contracts.HoldfastException Mismatch(ExprNode node, ExprType wanted, ExprValue found) =>
        Expression.Error(source, node.Position, $"{ExpressionTypes.Word(wanted)} is needed, but the value is {ExpressionTypes.Word(found.Type)} ('{found}')", "Types are not converted; correct the input or its declaration.");
}
