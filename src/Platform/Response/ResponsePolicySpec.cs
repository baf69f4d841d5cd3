using System.Globalization;
using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Kernel;

namespace Holdfast.Response;

/// <summary>What to do when trouble of a kind is found.</summary>
/// <param name="Name">Unique in the workspace.</param>
/// <param name="On">Which incidents.</param>
/// <param name="Do">Actions at once, in order.</param>
/// <param name="After">Actions when the incident is resolved, in order.</param>
public sealed record ResponsePolicySpec(string Name, PolicyMatch On, IReadOnlyList<ActionSpec> Do, IReadOnlyList<ActionSpec> After)
{
    /// <summary>Everything that is wrong with the declaration; empty when it can be applied.</summary>
    public IReadOnlyList<Fault> Faults()
    {
        var at = $"responses.{Name}";
        var faults = new List<Fault>();
        if (On.Kind is not (null or "data_fault" or "data_drift" or "prediction_drift" or "concept_drift" or "performance_drift"))
            faults.Add(new Fault(at + ".on.kind", $"'{On.Kind}' is no kind of drift.", "Use data_fault, data_drift, prediction_drift, concept_drift or performance_drift."));
        if (On.Psi is not null && !PolicyMatch.TryCondition(On.Psi, out _, out _))
            faults.Add(new Fault(at + ".on.psi", $"'{On.Psi}' is no condition.", "Write a comparison, such as \"> 0.25\"."));
        Check(Do, at + ".do", faults);
        Check(After, at + ".after", faults);
        if (On.Kind is "data_fault" && Do.Any(a => a.Name == "retrain"))
            faults.Add(new Fault(at + ".do", "A data fault must not retrain: the model would learn the fault.", "Move retrain to `after`."));
        return faults;
    }

    private static void Check(IReadOnlyList<ActionSpec> actions, string at, List<Fault> faults)
    {
        for (var i = 0; i < actions.Count; i++)
        {
            var field = $"{at}[{i}]";
            var action = actions[i];
            switch (action.Name)
            {
                case "notify" when action.Text() is null && action.Text("channel") is null:
                    faults.Add(new Fault(field, "notify names no channel.", "Write `notify: ml-team`."));
                    break;
                case "retrain" when action.Text("pipeline") is null:
                    faults.Add(new Fault(field, "retrain names no pipeline.", "Write `retrain: {pipeline: credit, window: 90d}`."));
                    break;
                case "retrain" when action.Text("window") is { } window && !Term.TryParse(window, out _):
                    faults.Add(new Fault(field + ".window", $"'{window}' is not a length of time.", "Write 90d."));
                    break;
                case "deploy" when action.Text("shadow") is { } shadow && !Term.TryParse(shadow, out _):
                    faults.Add(new Fault(field + ".shadow", $"'{shadow}' is not a length of time.", "Write 48h."));
                    break;
                case "block" when action.Text() is not "retrain":
                    faults.Add(new Fault(field, "block names nothing to block.", "Write `block: retrain`."));
                    break;
                case "notify" or "snapshot" or "quarantine" or "fallback" or "block" or "retrain" or "deploy" or "rollback" or "resume":
                    break;
                default:
                    faults.Add(new Fault(field, $"'{action.Name}' is no action.", "Use notify, snapshot, quarantine, fallback, block, retrain, deploy, rollback or resume."));
                    break;
            }
        }
    }
}

/// <summary>Which incidents a policy answers. What is null matches all.</summary>
/// <param name="Psi">A condition on the feature's PSI, such as <c>&gt; 0.25</c>.</param>
public sealed record PolicyMatch(string? Endpoint = null, string? Feature = null, string? Kind = null, string? Psi = null)
{
    /// <summary>How much is said: the policy that says most wins.</summary>
    public int Specificity => (Endpoint is null ? 0 : 4) + (Feature is null ? 0 : 2) + (Kind is null ? 0 : 2) + (Psi is null ? 0 : 1);

    /// <summary>Whether a diagnosis is meant. A feature matches as the leading one or as one of the others that drifted.</summary>
    public bool Matches(DriftDiagnosed d)
    {
        ArgumentNullException.ThrowIfNull(d);
        if (Endpoint is not null && Endpoint != d.Endpoint)
            return false;
        if (Kind is not null && Kind != d.DriftKind)
            return false;
        var psi = d.Psi;
        if (Feature is not null && Feature != d.Feature)
        {
            if (!d.Others.TryGetValue(Feature, out var other))
                return false;
            psi = other;
        }

        return Psi is null || (TryCondition(Psi, out var compare, out var limit) && psi is { } value && compare(value, limit));
    }

    internal static bool TryCondition(string text, out Func<double, double, bool> compare, out double limit)
    {
        var trimmed = text.Trim();
        var (length, found) = trimmed switch
        {
            ['>', '=', ..] => (2, (Func<double, double, bool>)((a, b) => a >= b)),
            ['<', '=', ..] => (2, (a, b) => a <= b),
            ['>', ..] => (1, (a, b) => a > b),
            ['<', ..] => (1, (a, b) => a < b),
            _ => (0, (_, _) => false),
        };
        compare = found;
        limit = 0;
        return length > 0 && double.TryParse(trimmed.AsSpan(length).Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out limit);
    }
}

/// <summary>One action: <c>notify: ml-team</c>, <c>snapshot</c>, <c>retrain: {pipeline: credit, window: 90d}</c>.</summary>
/// <param name="Arguments">The value after the name; undefined when there is none.</param>
public sealed record ActionSpec(string Name, JsonElement Arguments = default)
{
    /// <summary>The value itself, when it is a text.</summary>
    public string? Text() => Arguments.ValueKind == JsonValueKind.String ? Arguments.GetString() : null;

    /// <summary>A named argument, as text.</summary>
    public string? Text(string argument) =>
        Arguments.ValueKind == JsonValueKind.Object && Arguments.TryGetProperty(argument, out var value)
            ? value.ValueKind == JsonValueKind.String ? value.GetString() : value.GetRawText()
            : null;
}
