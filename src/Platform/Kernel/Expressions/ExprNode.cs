namespace Holdfast.Kernel.Expressions;

internal enum ExprOperator
{
    Add, Subtract, Multiply, Divide, Remainder,
    Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual,
}

/// <summary>A node of the parsed tree; <c>Position</c> is 1-based in the source.</summary>
internal abstract record ExprNode(int Position);

internal sealed record LiteralNode(int Position, ExprValue Value) : ExprNode(Position);

internal sealed record NameNode(int Position, string Name) : ExprNode(Position);

internal sealed record NotNode(int Position, ExprNode Operand) : ExprNode(Position);

internal sealed record NegateNode(int Position, ExprNode Operand) : ExprNode(Position);

internal sealed record BinaryNode(int Position, ExprOperator Operator, ExprNode Left, ExprNode Right) : ExprNode(Position);

/// <summary>A whole chain of <c>and</c> or <c>or</c>, flat so that a long one is not a deep one.</summary>
internal sealed record LogicNode(int Position, bool And, IReadOnlyList<ExprNode> Operands) : ExprNode(Position);

internal sealed record InNode(int Position, ExprNode Operand, IReadOnlyList<LiteralNode> Values, bool Negated) : ExprNode(Position);

internal sealed record IsMissingNode(int Position, ExprNode Operand, bool Negated) : ExprNode(Position);

internal sealed record CallNode(int Position, ExprFunction Function, IReadOnlyList<ExprNode> Arguments) : ExprNode(Position);
