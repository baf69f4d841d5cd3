using System.Globalization;
using Holdfast.Contracts;
using Holdfast.Kernel.Expressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Holdfast.Serving.Backends;

/// <summary>Reads <c>inputs</c>, <c>rules</c> and <c>else</c> of a rules file and collects every fault with its place.</summary>
internal sealed class RulesReader(string file)
{
    private const string Shape = "Write inputs: {amount: {type: number, default: 0}}, rules: [{when: \"amount > 1000\", score: 0.9, prediction: \"1\"}], else: {score: 0.1, prediction: \"0\"}.";
    // What a request may cost: a rule is a few microseconds.
    private const int MostRules = 1_000;
    private const int MostInputs = 1_000;
    private const int MostLetters = 1 << 20;
    private readonly List<Fault> _faults = [];
    private readonly List<RuleInput> _inputs = [];

    public RuleSet Read(string yaml)
    {
        var root = Document(yaml);
        var rules = new List<Rule>();
        RuleAnswer? otherwise = null;
        if (root is not null)
        {
            Known(root, "", "inputs", "rules", "else");
            ReadInputs(Child(root, "inputs"));
            var names = _inputs.Select(i => i.Name).ToArray();
            ReadRules(Child(root, "rules"), names, rules);
            if (Child(root, "else") is YamlMappingNode last)
                otherwise = Answer(last, "else", [], "score", "prediction");
            else
                Add(root, "else", "is missing", "Rules must answer every input: add else: {score: 0.1, prediction: \"0\"}.");
        }

        return _faults.Count == 0
            ? new RuleSet(_inputs, rules, otherwise!)
            : throw new HoldfastException($"{file} is not a valid rules file: {string.Join("; ", _faults.Select(f => $"{f.Field} {f.Message}"))}.", _faults);
    }

    private YamlMappingNode? Document(string yaml)
    {
        if (yaml.Length > MostLetters)
        {
            _faults.Add(new Fault(file, $"has {yaml.Length} characters", $"A rules file has at most {MostLetters}."));
            return null;
        }

        try
        {
            var stream = new YamlStream();
            stream.Load(new StringReader(yaml));
            if (stream.Documents.Count == 1 && stream.Documents[0].RootNode is YamlMappingNode root)
                return root;
            _faults.Add(new Fault(file, "is empty or not a mapping", Shape));
        }
        catch (YamlException fault)
        {
            _faults.Add(new Fault($"{file}:{fault.Start.Line}:{fault.Start.Column}", $"is not valid YAML: {fault.Message}", Shape));
        }

        return null;
    }

    private void ReadInputs(YamlNode? node)
    {
        if (node is not YamlMappingNode declared)
        {
            if (node is not null)
                Add(node, "inputs", "is not a mapping", Shape);
            return;
        }

        if (declared.Children.Count > MostInputs)
        {
            Add(node, "inputs", $"has {declared.Children.Count} inputs", $"A rules file has at most {MostInputs}.");
            return;
        }

        foreach (var (key, value) in declared.Children)
        {
            var name = ((YamlScalarNode)key).Value ?? "";
            var at = $"inputs.{name}";
            if (value is not YamlMappingNode input)
            {
                Add(value, at, "is not a mapping", "Write {type: number, default: 0}.");
                continue;
            }

            Known(input, at, "type", "default");
            var type = Text(Child(input, "type")) switch
            {
                "number" => ExprType.Number,
                "text" => ExprType.Text,
                "boolean" => ExprType.Boolean,
                _ => ExprType.Missing,
            };
            if (type == ExprType.Missing)
                Add(Child(input, "type") ?? input, $"{at}.type", $"is '{Text(Child(input, "type"))}'", "Use number, text or boolean.");
            _inputs.Add(new RuleInput(name, type, Default(Child(input, "default"), type, at)));
        }
    }

    private ExprValue Default(YamlNode? node, ExprType type, string at)
    {
        if (node is null || type == ExprType.Missing)
            return ExprValue.Missing;
        var text = Text(node);
        if (type == ExprType.Text)
            return ExprValue.Of(text);
        if (type == ExprType.Boolean && text is "true" or "false")
            return ExprValue.Of(text == "true");
        if (type == ExprType.Number && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number))
            return ExprValue.Of(number);
        Add(node, $"{at}.default", $"'{text}' is not a {(type == ExprType.Number ? "number" : "boolean")}", "Give a default of the declared type, or leave it out.");
        return ExprValue.Missing;
    }

    private void ReadRules(YamlNode? node, string[] names, List<Rule> rules)
    {
        if (node is not YamlSequenceNode list)
        {
            if (node is not null)
                Add(node, "rules", "is not a list", Shape);
            return;
        }

        if (list.Children.Count > MostRules)
        {
            Add(node, "rules", $"has {list.Children.Count} rules", $"A rules file has at most {MostRules}: every request asks them in turn.");
            return;
        }

        for (var i = 0; i < list.Children.Count; i++)
        {
            var at = $"rules[{i}]";
            if (list.Children[i] is not YamlMappingNode rule)
            {
                Add(list.Children[i], at, "is not a mapping", Shape);
                continue;
            }

            var when = Compiled(Child(rule, "when"), rule, $"{at}.when", names, ExprType.Boolean);
            var answer = Answer(rule, at, names, "when", "score", "prediction");
            if (when is not null && answer is not null)
                rules.Add(new Rule(when, answer));
        }
    }

    private RuleAnswer? Answer(YamlMappingNode node, string at, string[] names, params string[] keys)
    {
        Known(node, at, keys);
        var score = Compiled(Child(node, "score"), node, $"{at}.score", names, ExprType.Number);
        var prediction = Text(Child(node, "prediction"));
        if (string.IsNullOrEmpty(prediction))
            Add(node, $"{at}.prediction", "is missing", "Write the label that this rule predicts, such as \"1\".");
        return score is null || string.IsNullOrEmpty(prediction) ? null : new RuleAnswer(score, prediction);
    }

    // The score of else gets no names, so it cannot be missing: that makes the rules total.
    private CompiledExpression? Compiled(YamlNode? node, YamlNode owner, string at, string[] names, ExprType wanted)
    {
        if (string.IsNullOrWhiteSpace(Text(node)))
        {
            Add(owner, at, "is missing", wanted == ExprType.Boolean ? "Write a condition such as \"amount > 1000\"." : "Write a number such as 0.9.");
            return null;
        }

        try
        {
            var expression = Expression.Parse(Text(node)!);
            var type = expression.Check(name => names.Contains(name, StringComparer.Ordinal) ? _inputs.Last(i => i.Name == name) is { Type: not ExprType.Missing } known ? known.Type : ExprType.Number : null);
            if (type != wanted)
                Add(node!, at, $"gives {(type is { } t ? ExpressionTypes.Word(t) : "no known type")}", wanted == ExprType.Boolean ? "Write a comparison." : "Write a number or arithmetic.");
            var compiled = expression.Compile(names);
            if (names.Length == 0 && compiled([]).IsMissing)
                Add(node!, at, "has no value", "Write a number.");
            return compiled;
        }
        catch (HoldfastException fault)
        {
            var undeclared = names.Length == 0 ? "else takes no inputs; write a number." : $"Declared are {string.Join(", ", names)}.";
            Add(node!, at, fault.Message, fault.Message.Contains("is not declared", StringComparison.Ordinal) ? undeclared : fault.Hint);
            return null;
        }
    }

    private void Known(YamlMappingNode node, string at, params string[] keys)
    {
        foreach (var (key, _) in node.Children)
        {
            if (!keys.Contains(Text(key)))
                Add(key, at.Length == 0 ? Text(key) ?? "" : $"{at}.{Text(key)}", "is not a known key", $"Known are {string.Join(", ", keys)}.");
        }
    }

    private void Add(YamlNode node, string field, string message, string? hint) =>
        _faults.Add(new Fault(field, $"(line {node.Start.Line}, column {node.Start.Column}) {message}", hint));

    private static YamlNode? Child(YamlMappingNode node, string key) => node.Children.FirstOrDefault(c => Text(c.Key) == key).Value;

    private static string? Text(YamlNode? node) => (node as YamlScalarNode)?.Value;
}
