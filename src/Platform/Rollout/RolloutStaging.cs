using System.Globalization;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Predictions;
using Holdfast.Serving;

namespace Holdfast.Rollout;

/// <summary>What a version did on the staging endpoint.</summary>
internal sealed record StagingResult(long Predictions, long Errors, bool Passed, string Text);

/// <summary>
/// The staging endpoint of an endpoint, <c>NAME.staging</c>: the same declaration without a fallback, with a log of its own, where a first version answers
/// recorded or supplied requests before anybody is served by it.
/// </summary>
internal sealed class RolloutStaging(ServingService serving, PredictionService predictions)
{
    private const int Page = 500;

    public static string NameOf(string endpoint) => endpoint + ".staging";

    /// <summary>Puts the version on the staging endpoint and asks it the recorded requests; null while too few have been answered.</summary>
    public async Task<StagingResult?> Try(Principal p, RolloutState state, StagingSpec spec, EndpointState endpoint, CancellationToken ct)
    {
        var name = NameOf(state.Endpoint);
        var staged = await serving.ApplyEndpoint(p, endpoint.Spec with { Name = name, Model = null, Fallback = "" }, endpoint.ManagedBy, ct);
        if (staged.Plan.Primary != state.Candidate)
            staged = staged with { Plan = await serving.SetPlan(p, name, RoutePlan.Empty with { Primary = state.Candidate }, staged.Plan.Revision, ct) };
        var (done, errors) = await Counts(p, name, staged.Plan.Revision, ct);
        // Once: what was recorded does not become more by asking it again. What is lacking then must be sent by somebody.
        if (spec.Traffic == StagingSpec.Recorded && done == 0)
        {
            var refused = await Replay(p, state.Endpoint, name, spec.MinPredictions, ct);
            (done, errors) = await Counts(p, name, staged.Plan.Revision, ct);
            // A request that the version cannot take is refused before the log.
            (done, errors) = (done + refused, errors + refused);
            if (refused > 0 && done < spec.MinPredictions)
                return Result(spec, done, errors);
        }

        return done < spec.MinPredictions ? null : Result(spec, done, errors);
    }

    private static StagingResult Result(StagingSpec spec, long done, long errors)
    {
        var share = (double)errors / done;
        return new StagingResult(
            done, errors, share <= spec.MaxErrors,
            string.Create(CultureInfo.InvariantCulture, $"{errors} of {done} requests failed, {spec.MaxErrors:P1} may"));
    }

    private async Task<long> Replay(Principal p, string from, string to, int wanted, CancellationToken ct)
    {
        // Oldest first, as they came: on an event clock time must not go back.
        var entries = new List<PredictionEntry>();
        string? token = null;
        do
        {
            var page = await predictions.Query(p, new PredictionQuery(from, Limit: Page, Token: token), ct);
            entries.AddRange(page.Items.Select(i => i.Entry));
            if (entries.Count > wanted)
                entries.RemoveRange(0, entries.Count - wanted);
            token = page.NextToken;
        }
        while (token is not null);

        long refused = 0;
        foreach (var entry in entries)
        {
            try
            {
                await serving.Infer(p, to, Request(entry));
            }
            catch (HoldfastException e) when (e.Code == ErrorCode.InvalidArgument)
            {
                refused++;
            }
            catch (HoldfastException e) when (e.Code == ErrorCode.Unavailable)
            {
                // Its log says so, and that is what is counted.
            }
        }

        return refused;
    }

    private static InferRequest Request(PredictionEntry entry)
    {
        var request = new InferRequest { EventTime = entry.At };
        foreach (var feature in entry.Features)
        {
            if (feature.Text is not null)
                request.Add(feature.Name, new[] { feature.Text });
            else
                request.Add(feature.Name, [feature.Number]);
        }

        return request;
    }

    private async Task<(long Done, long Errors)> Counts(Principal p, string name, long revision, CancellationToken ct)
    {
        long done = 0, errors = 0;
        string? token = null;
        do
        {
            var page = await predictions.Query(p, new PredictionQuery(name, Limit: Page, Token: token), ct);
            foreach (var entry in page.Items.Select(i => i.Entry).Where(e => e.RouteRevision == revision))
                (done, errors) = (done + 1, errors + (entry.Error is null ? 0 : 1));
            token = page.NextToken;
        }
        while (token is not null);
        return (done, errors);
    }
}
