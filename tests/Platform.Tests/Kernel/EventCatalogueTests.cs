using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using Holdfast.Kernel;

namespace Holdfast.Platform.Tests.Kernel;

/// <summary>docs/events.md and the payload records say the same.</summary>
public sealed partial class EventCatalogueTests
{
    [Fact]
    public void Every_kind_is_in_the_catalogue_with_all_fields_of_its_payload()
    {
        var text = Repository.Read("docs/events.md");
        var missing = new List<string>();
        foreach (var (kind, type) in Kinds())
        {
            var section = text.Split("\n### `").FirstOrDefault(s => s.StartsWith(kind + "`", StringComparison.Ordinal));
            if (section is null)
            {
                missing.Add($"### `{kind}`");
                continue;
            }

            missing.AddRange(type.GetProperties().Select(p => JsonNamingPolicy.SnakeCaseLower.ConvertName(p.Name)).Where(p => p != "kind" && !section.Contains($"`{p}`", StringComparison.Ordinal)).Select(p => $"`{p}` of `{kind}`"));
        }

        Assert.True(missing.Count == 0, "docs/events.md lacks:\n" + string.Join('\n', missing));
    }

    [Fact]
    public void The_catalogue_names_no_kind_that_does_not_exist()
    {
        var kinds = Kinds().Select(k => k.Kind).ToHashSet();
        Assert.Empty(Heading().Matches(Repository.Read("docs/events.md")).Select(m => m.Groups[1].Value).Except(kinds));
    }

    [Fact]
    public void A_kind_is_a_subject_and_what_happened_to_it()
    {
        Assert.All(Kinds(), k => Assert.Matches(@"^[a-z_]+\.[a-z_]+$", k.Kind));
        Assert.Equal(Kinds().Count(), Kinds().Select(k => k.Kind).Distinct().Count());
    }

    private static IEnumerable<(string Kind, Type Type)> Kinds() =>
        typeof(IEventDetail).Assembly.GetTypes()
            .Where(t => t is { IsClass: true, IsAbstract: false } && t.IsAssignableTo(typeof(IEventDetail)))
            .Select(t => (((IEventDetail)RuntimeHelpers.GetUninitializedObject(t)).Kind, t));

    [GeneratedRegex(@"^### `([^`]+)`", RegexOptions.Multiline)]
    private static partial Regex Heading();
}
