using Holdfast.Kernel.Expressions;

namespace Holdfast.Serving.Backends;

/// <summary>A declared raw input of rules.</summary>
/// <param name="Type">Number, text or boolean.</param>
/// <param name="Default">What stands in when the request does not have it; missing unless declared.</param>
internal sealed record RuleInput(string Name, ExprType Type, ExprValue Default);

/// <summary>An answer of rules; a score may be a number or an expression over the inputs.</summary>
internal sealed record RuleAnswer(CompiledExpression Score, string Prediction);

/// <summary>The first rule whose condition is true answers; missing is not true.</summary>
internal sealed record Rule(CompiledExpression When, RuleAnswer Answer);

/// <summary>A parsed rules file: total, because it ends with an answer that needs no condition.</summary>
internal sealed record RuleSet(IReadOnlyList<RuleInput> Inputs, IReadOnlyList<Rule> Rules, RuleAnswer Else);
