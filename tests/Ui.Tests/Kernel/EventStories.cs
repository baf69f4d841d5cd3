using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Ui.Kernel;

namespace Holdfast.Ui.Tests.Kernel;

public sealed class EventStories
{
    private static readonly DateTimeOffset At = new(2026, 3, 1, 4, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Drift_is_told_with_its_figures()
    {
        var story = Tell(new DriftDiagnosed(
            "abc", "fraud", "fraud", 2, "data_fault", "scale_change", "amount", "significant", 0.8123, 0.7, 0.9, 2.001, 0.99, "24h",
            At, At.AddDays(1), At, 12_345, null, null, new Dictionary<string, double>(), []));
        Assert.Equal("data fault (scale change) in amount; PSI 0.81 [0.70, 0.90]; factor 2.00; 24h window of 12,345 rows", story.Text);
        Assert.Equal("bad", story.Tone);
        Assert.Contains(("incident", "/incidents/abc"), story.Links);
    }

    [Fact]
    public void A_step_is_told_with_its_evidence()
    {
        var story = Tell(new RolloutStepEntered(
            "r1", "credit", "credit risk", 3, 1, "canary", 0.01, new RolloutCounts(5000, 50, 4950, 5000, 0, 100), [new GuardEvidence("error_rate", 0.2, 900, 100, "safe")]));
        Assert.Equal("canary at 1 % of the traffic; after 5,000 requests; error rate safe", story.Text);
        Assert.Contains(("credit risk v3", "/models/credit%20risk/versions/3"), story.Links);
    }

    [Fact]
    public void Every_kind_of_event_is_offered_as_a_filter() => Assert.Contains("rollout.step_entered", EventKinds.All);

    [Fact]
    public void An_event_of_another_release_is_still_listed()
    {
        var story = EventStory.Of(new JournalEvent(1, At, At, 1, "x", "drift.diagnosed", "fraud", JsonDocument.Parse("""{"rows":"many"}""").RootElement));
        Assert.Equal("plain", story.Tone);
    }

    private static EventStory Tell(IEventDetail detail) =>
        EventStory.Of(new JournalEvent(1, At, At, 1, "monitoring", detail.Kind, "fraud", JsonSerializer.SerializeToElement(detail, detail.GetType(), HoldfastJson.Options)));
}
