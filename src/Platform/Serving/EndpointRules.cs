using System.Text.RegularExpressions;
using Holdfast.Contracts;
using Holdfast.Predictions;
using Holdfast.Serving.Backends;

namespace Holdfast.Serving;

/// <summary>What an endpoint's declaration and plan may say.</summary>
public static partial class EndpointRules
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan ShortestRetention = TimeSpan.FromHours(1);

    /// <summary>All faults of a declaration; field names are those of <c>holdfast.yaml</c>.</summary>
    public static IReadOnlyList<Fault> Check(EndpointSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var faults = new List<Fault>();
        if (!EndpointKey.IsName(spec.Name))
            faults.Add(new Fault("name", $"'{spec.Name}' is not a name for an endpoint.", EndpointKey.NameRule));
        if (spec.Clock is not ("wall" or "event"))
            faults.Add(new Fault("clock", $"'{spec.Clock}' is no clock.", "Write wall, or event for replays."));
        if (spec.Model is not null && (spec.Model.Length == 0 || !ModelReference().IsMatch(spec.Model)))
            faults.Add(new Fault("model", $"'{spec.Model}' is not a model reference.", "Write NAME@ALIAS, such as credit-risk@champion."));
        if (spec.Timeout < TimeSpan.Zero || spec.Timeout > Longest)
            faults.Add(new Fault("timeout", $"{spec.Timeout} is out of range.", "Write a time up to 10m, such as 200ms."));
        if (spec.ShadowTimeout < TimeSpan.Zero || spec.ShadowTimeout > Longest)
            faults.Add(new Fault("shadow_timeout", $"{spec.ShadowTimeout} is out of range.", "Write a time up to 10m, such as 2s."));
        if (spec.Lateness < TimeSpan.Zero)
            faults.Add(new Fault("lateness", $"{spec.Lateness} is negative.", "Write 0s or more."));
        if (spec.Concurrency is < 0 or > 10_000)
            faults.Add(new Fault("concurrency", $"{spec.Concurrency} requests at once are out of range.", "Write 1 to 10000."));
        if (spec.OnMissing is not (EndpointSpec.Refuse or EndpointSpec.ToFallback))
            faults.Add(new Fault("on_missing", $"'{spec.OnMissing}' is no way to treat a missing input.", "Write refuse, or fallback."));
        if (spec.Range is { } range && !(double.IsFinite(range.Low) && double.IsFinite(range.High) && range.Low < range.High))
            faults.Add(new Fault("range", $"[{range.Low}, {range.High}] is no range.", "Write the least and the greatest score, such as [0, 1]."));
        if (spec.FallbackLimit is not (>= 0 and <= 1))
            faults.Add(new Fault("fallback_limit", $"{spec.FallbackLimit} is no share.", "Write a share, such as 10%."));
        if (spec.Key is { Length: 0 })
            faults.Add(new Fault("key", "The name of the sticky key is empty.", "Name an input, or leave the key out."));
        Check(spec.Log ?? LogRules.Default, faults);
        if (spec.Fallback is { Length: > 0 })
        {
            try
            {
                RulesBackend.Parse(spec.Fallback).Dispose();
            }
            catch (HoldfastException e)
            {
                faults.AddRange(e.Faults.Count > 0 ? e.Faults.Select(f => f with { Field = $"fallback: {f.Field}" }) : [new Fault("fallback", e.Message, e.Hint)]);
            }
        }

        return faults;
    }

    /// <summary>The declaration with its defaults filled in.</summary>
    public static EndpointSpec Normal(EndpointSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return spec with
        {
            Fallback = spec.Fallback ?? "",
            Timeout = spec.Timeout == default ? TimeSpan.FromSeconds(1) : spec.Timeout,
            ShadowTimeout = spec.ShadowTimeout == default ? TimeSpan.FromSeconds(2) : spec.ShadowTimeout,
            Log = LogRules.Default.Equals(spec.Log) ? null : spec.Log,
            Lateness = spec.Lateness ?? (spec.Clock == "event" ? TimeSpan.Zero : TimeSpan.FromSeconds(10)),
        };
    }

    private static void Check(LogRules log, List<Fault> faults)
    {
        if (log.Retention is { } keep && keep < ShortestRetention)
            faults.Add(new Fault("retention", $"{keep} is shorter than an hour.", "Write how long predictions are kept, such as 90d, or leave it out to keep them for good."));
        foreach (var name in log.Redact.Concat(log.Hash).Where(string.IsNullOrEmpty))
            faults.Add(new Fault("redact", $"'{name}' is no name of an input.", "Name inputs, such as redact: [ssn]."));
        foreach (var name in log.Redact.Intersect(log.Hash))
            faults.Add(new Fault("hash", $"'{name}' stands under redact too.", "Leave it in one of them: redact never writes it, hash writes a hash of it."));
        if (log.Events is not { } events)
            return;
        if (!Uri.TryCreate(events.Url, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.UserInfo.Length > 0 || events.Url.Length > 2048)
            faults.Add(new Fault("events.to", $"'{events.Url}' is no address for events.", "Write an http or https address without a user name."));
        if (events.Format is not (EventTarget.KServe or EventTarget.Seldon))
            faults.Add(new Fault("events.format", $"'{events.Format}' is no format.", "Use kserve or seldon."));
    }

    internal static void Check(RoutePlan plan)
    {
        var faults = new List<Fault>();
        if (plan.Mode is not (RouteMode.None or RouteMode.Shadow or RouteMode.Split))
            faults.Add(new Fault("mode", $"'{plan.Mode}' is no mode of a route.", "Use none, shadow or split."));
        if (plan.Mode != RouteMode.None && plan.Candidate is null)
            faults.Add(new Fault("candidate", $"The mode {plan.Mode} needs a candidate.", "Name a model version."));
        if (plan.CandidateWeight is not (>= 0 and <= 1))
            faults.Add(new Fault("candidate_weight", $"{plan.CandidateWeight} is no share.", "Use 0 to 1."));
        if (plan.Mode != RouteMode.Split && plan.CandidateWeight != 0)
            faults.Add(new Fault("candidate_weight", $"The mode {plan.Mode} sends the candidate no traffic, but the weight is {plan.CandidateWeight}.", "Use the mode split, or the weight 0."));
        if (faults.Count > 0)
            throw new HoldfastException("The plan of the route was refused.", faults);
    }

    [GeneratedRegex("^[^@/]+([@/][^@/]+)?$", RegexOptions.CultureInvariant)]
    private static partial Regex ModelReference();
}
