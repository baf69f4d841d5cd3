using Holdfast.Contracts;
using Holdfast.Tracking;
using Holdfast.Ui.Shell;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Tracking;

/// <summary>Runs side by side: what differs, what came out, how it went, and the code.</summary>
public sealed partial class ComparePage
{
    private const int Most = 200;
    private static readonly (string, string)[] _tabs = [("values", "Values"), ("charts", "Charts"), ("parallel", "Parallel"), ("scatter", "Scatter"), ("code", "Code")];
    private static readonly (string Key, string Word)[] _values = [("last", "Last"), ("min", "Least"), ("max", "Greatest")];

    [SupplyParameterFromQuery(Name = "runs")] private string? Named { get; set; }

    [SupplyParameterFromQuery] private string? Tab { get; set; }

    [SupplyParameterFromQuery] private string? All { get; set; }

    [SupplyParameterFromQuery] private string? Flip { get; set; }

    [SupplyParameterFromQuery] private string? Value { get; set; }

    [Inject] private TrackingService Tracking { get; set; } = null!;

    private string Chosen => _tabs.Any(t => t.Item1 == Tab) ? Tab! : "values";

    private bool OnlyDiffering => All != "1";

    private string Which => Value is "min" or "max" ? Value : "last";

    /// <inheritdoc />
    protected override async Task<Shown> Load(CancellationToken ct)
    {
        var ids = (Named ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct(StringComparer.Ordinal).Take(Most).ToList();
        var (runs, missing) = (new List<Run>(), new List<string>());
        foreach (var id in ids)
        {
            try
            {
                runs.Add(await Tracking.GetRun(Principal, id, ct));
            }
            catch (HoldfastException gone) when (gone.Code is ErrorCode.NotFound or ErrorCode.InvalidArgument)
            {
                missing.Add(id);
            }
        }

        var code = new List<RunCode>();
        if (Chosen == "code")
        {
            foreach (var run in runs.Take(2))
            {
                code.Add(await RunCode.Of(Tracking, Principal, run, ct));
            }
        }

        return new Shown(runs, missing, code);
    }

    private static string Ids(IEnumerable<Run> runs) => string.Join(',', runs.Select(r => r.RunId));

    private string Link(IEnumerable<Run>? runs = null, string? tab = null, bool? all = null, bool? flip = null, string? value = null) =>
        Routes.Compare(
            (runs ?? Model?.Runs ?? []).Select(r => r.RunId), tab ?? (Chosen == "values" ? null : Chosen), all ?? !OnlyDiffering, flip ?? Flip == "1", (value ?? Which) is "last" ? null : value ?? Which);

    internal sealed record Table(string Title, IReadOnlyList<ComparedRow> Rows, bool Number);

    public sealed record Shown(IReadOnlyList<Run> Runs, IReadOnlyList<string> Missing, IReadOnlyList<RunCode> Code)
    {
        internal IEnumerable<Table> Tables(string value)
        {
            yield return new Table("Metrics", RunComparison.Metrics(Runs, value), Number: true);
            yield return new Table("Params", RunComparison.Params(Runs), Number: false);
            yield return new Table("Tags", RunComparison.Tags(Runs), Number: false);
        }
    }
}
