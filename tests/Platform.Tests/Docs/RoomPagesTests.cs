using System.Text.RegularExpressions;
using Holdfast.Contracts;
using Holdfast.Projects;
using Holdfast.Response;

namespace Holdfast.Platform.Tests.Docs;

/// <summary>docs/rooms has a page for each room, and the page of Projects shows all of holdfast.yaml.</summary>
public sealed partial class RoomPagesTests
{
    private const string Unknown = "zzzzzzzz";
    private static readonly string Page = Repository.Read("docs/rooms/projects.md").ReplaceLineEndings("\n");

    [Fact]
    public void Every_room_has_a_page_under_its_name()
    {
        var rooms = Directory.EnumerateDirectories(Path.Combine(Repository.Root, "src", "Platform"))
            .Where(folder => Path.GetFileName(folder) is not ("Kernel" or "bin" or "obj") && Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories).Any())
            .Select(folder => Path.GetFileName(folder))
            .ToList();
        Assert.True(rooms.Count >= 13, $"Only {rooms.Count} rooms were found.");
        var wrong = rooms.Where(room => FirstLine($"docs/rooms/{room.ToLowerInvariant()}.md") != "# " + room);
        None(wrong.Select(room => $"docs/rooms/{room.ToLowerInvariant()}.md is missing or does not begin with '# {room}'."));
    }

    [Fact]
    public void The_index_links_every_page()
    {
        var docs = Path.Combine(Repository.Root, "docs");
        var index = Repository.Read("docs/README.md");
        var pages = Directory.EnumerateFiles(docs, "*.md", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(docs, file).Replace('\\', '/')).Where(page => page != "README.md").Order(StringComparer.Ordinal);
        None(pages.Where(page => !index.Contains($"]({page})", StringComparison.Ordinal)).Select(page => $"docs/README.md does not link {page}."));
        var links = Link().Matches(index).Select(m => m.Groups["to"].Value);
        None(links.Where(to => !File.Exists(Path.Combine(docs, to))).Select(to => $"docs/README.md links {to}, which is not there."));
    }

    [Fact]
    public void The_example_of_the_page_is_a_valid_project()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("rules"));
        File.WriteAllText(folder.File("rules/credit.yaml"), "else: {score: 0.1, prediction: \"0\"}\n");
        var project = ProjectFile.Parse(Example().Match(Page).Groups["yaml"].Value, folder.Path);
        Assert.Equal("credit", project.Name);
        Assert.Equal(3, project.Channels.Count);
        Assert.Equal((1, 1, 1, 2, 1), (project.Endpoints.Count, project.Rollouts.Count, project.Monitors.Count, project.Responses.Count, project.Pipelines.Count));
    }

    // The parser has no list of its keys: a map knows what it was asked for, and tells it to whoever writes an unknown key.
    [Fact]
    public void Every_key_that_the_parser_knows_stands_in_its_section()
    {
        var known = Known(
            """
            zzzzzzzz: 1
            channels:
              a: {slack: {webhook: "https://example.org", zzzzzzzz: 1}, zzzzzzzz: 1}
              b: {webhook: {url: "https://example.org", zzzzzzzz: 1}}
            endpoints:
              e:
                zzzzzzzz: 1
                rollout:
                  zzzzzzzz: 1
                  steps:
                    - shadow: {for: 1h, zzzzzzzz: 1}
                    - canary: {for: 1h, traffic: 5%, zzzzzzzz: 1}
                  guard: {zzzzzzzz: 1, error_rate: {zzzzzzzz: 1}}
            monitors:
              e:
                zzzzzzzz: 1
                label: {column: y, zzzzzzzz: 1}
                features: {columns: {x: {zzzzzzzz: 1}}, zzzzzzzz: 1}
            responses:
              - {on: {zzzzzzzz: 1}, do: [snapshot], zzzzzzzz: 1}
            pipelines:
              p:
                zzzzzzzz: 1
                stages: {s: {cmd: x, zzzzzzzz: 1}}
                register: {model: m, path: out, zzzzzzzz: 1}
                gates: [{metric: accuracy, min: 0, zzzzzzzz: 1}]
            """);
        Assert.Equal(20, known.Count);
        var missing = known.SelectMany(k => k.Keys.Where(key => !Section(k.Place).Contains($"`{key}`", StringComparison.Ordinal)).Select(key => $"{k.Place}: {key}"));
        None(missing.Select(key => $"docs/rooms/projects.md lacks {key}"));
    }

    [Fact]
    public void Every_action_stands_in_the_section_of_the_responses()
    {
        var hint = Assert.Single(new ResponsePolicySpec("p", new PolicyMatch(), [new ActionSpec(Unknown)], []).Faults()).Hint!;
        var actions = Word().Matches(hint.Replace("Use ", "", StringComparison.Ordinal).Replace(" or ", " ", StringComparison.Ordinal)).Select(m => m.Value).ToList();
        Assert.Contains("quarantine", actions);
        None(actions.Where(a => !Regex.IsMatch(Section("responses[0]"), $"^\\| `{a}[:`]", RegexOptions.Multiline)).Select(a => $"docs/rooms/projects.md lacks the action {a}"));
    }

    private static List<(string Place, IReadOnlyList<string> Keys)> Known(string yaml)
    {
        var faults = Assert.Throws<HoldfastException>(() => ProjectFile.Parse(yaml, Path.GetTempPath())).Faults;
        const string Listed = "Known here: ";
        return [.. faults.Where(f => f.Field.EndsWith(Unknown, StringComparison.Ordinal)).Select(f => (f.Field, (IReadOnlyList<string>)f.Hint![Listed.Length..].TrimEnd('.').Split(", ")))];
    }

    // The part of the page under the heading of a place's top-level section; the whole page for the top level itself.
    private static string Section(string place)
    {
        var top = place[..(place.IndexOfAny(['.', '[']) is >= 0 and var end ? end : place.Length)];
        if (top == Unknown)
            return Page;
        var start = Page.IndexOf($"\n## {top}\n", StringComparison.Ordinal);
        Assert.True(start >= 0, $"docs/rooms/projects.md has no section '## {top}'.");
        var next = Page.IndexOf("\n## ", start + 1, StringComparison.Ordinal);
        return next < 0 ? Page[start..] : Page[start..next];
    }

    // All of them in full: a list in an assertion is cut short.
    private static void None(IEnumerable<string> faults) => Assert.True(!faults.Any(), string.Join('\n', faults));

    private static string? FirstLine(string path) => File.Exists(Path.Combine(Repository.Root, path)) ? File.ReadLines(Path.Combine(Repository.Root, path)).FirstOrDefault() : null;

    [GeneratedRegex(@"```yaml\n(?<yaml>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();

    [GeneratedRegex(@"\]\((?<to>[^)#]+)")]
    private static partial Regex Link();

    [GeneratedRegex("[a-z_]+")]
    private static partial Regex Word();
}
