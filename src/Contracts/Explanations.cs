namespace Holdfast.Contracts;

/// <summary>Why a prediction is what it is: the contributions of the features and <see cref="Base"/> add up to <see cref="Output"/>.</summary>
/// <param name="Method">How it was worked out: <c>tree_shap</c>, exact Shapley values of a tree ensemble.</param>
/// <param name="Space">What the figures are: <c>score</c> (in units of the score itself) or <c>raw</c> (before the function that turns the raw sum into a probability; higher is more likely).</param>
/// <param name="Class">The class that is explained, of a classifier; null for a value.</param>
/// <param name="Weights">Where the expectation comes from: <c>model</c> (rows of the training that passed each node, kept in the model), <c>background</c> (rows in the package) or <c>uniform</c> (both branches of a node count the same).</param>
/// <param name="Base">What the model answers when no feature is known.</param>
/// <param name="Output">What it answered, in the same space.</param>
/// <param name="Contributions">All features that contribute, the strongest first.</param>
public sealed record Explanation(string Method, string Space, string? Class, string Weights, double Base, double Output, IReadOnlyList<Contribution> Contributions);

/// <summary>What one feature contributes to one prediction.</summary>
/// <param name="Value">Its value in the request, a number or a text; null when it was missing.</param>
/// <param name="Effect">What it adds; negative = it lowers the output.</param>
/// <param name="Reason">The same in words.</param>
public sealed record Contribution(string Feature, object? Value, double Effect, string Reason);

/// <summary>Asks for predictions with their reasons.</summary>
/// <param name="Rows">One object a row: feature by feature a number, a text, a boolean or null.</param>
/// <param name="Version">A version of the model; else the route decides.</param>
/// <param name="Top">How many contributions a row, from 1; 0 = all.</param>
/// <param name="Key">Sticky key of all rows.</param>
/// <param name="EventTime">Event time of all rows, for endpoints on an event clock.</param>
public sealed record ExplainRequest(IReadOnlyList<IReadOnlyDictionary<string, System.Text.Json.JsonElement>> Rows, int? Version = null, int Top = 0, string? Key = null, DateTimeOffset? EventTime = null);

/// <summary>Predictions with their reasons.</summary>
/// <param name="Variant">Role of the variant that answered, or <c>mixed</c>.</param>
public sealed record ExplainAnswer(string Variant, string Model, int Version, IReadOnlyList<ExplainedPrediction> Predictions);

/// <summary>One prediction with its reasons.</summary>
/// <param name="Explanation">Null when what answered cannot be explained (the fallback rules, after the model erred).</param>
public sealed record ExplainedPrediction(string PredictionId, double? Score, string Prediction, Explanation? Explanation);
