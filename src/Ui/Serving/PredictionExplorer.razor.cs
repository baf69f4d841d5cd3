using System.Globalization;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Predictions;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Serving;

/// <summary>Rows of the prediction log by time, variant and label.</summary>
public sealed partial class PredictionExplorer
{
    private const int Rows = 50;
    private static readonly string[] Roles = ["", VariantRole.Primary, VariantRole.Candidate, VariantRole.Fallback];
    private static readonly (string Value, string Words)[] Labels = [("", "any"), ("true", "known"), ("false", "not yet")];
    private Page<LoggedPrediction> _page = new([], null);
    private HoldfastException? _problem;

    [CascadingParameter] private Principal Principal { get; set; } = null!;

    [Inject] private PredictionService Predictions { get; set; } = null!;

    [Parameter, EditorRequired] public string Endpoint { get; set; } = "";

    [Parameter] public string? Role { get; set; }

    [Parameter] public string? Labelled { get; set; }

    [Parameter] public string? From { get; set; }

    [Parameter] public string? Until { get; set; }

    /// <summary>A condition on the features.</summary>
    [Parameter] public string? Where { get; set; }

    [Parameter] public string? Cursor { get; set; }

    /// <summary>What the page shows: with another one the rows are asked again.</summary>
    [Parameter] public object? Of { get; set; }

    /// <inheritdoc />
    protected override async Task OnParametersSetAsync()
    {
        (Role, Labelled, From, Until, Where) = (Named(Role), Named(Labelled), Named(From), Named(Until), Named(Where));
        try
        {
            _page = await Predictions.Query(Principal, new PredictionQuery(Endpoint, Time(From, "from"), Time(Until, "until"), Role, Labelled is null ? null : Labelled == "true", Rows, Cursor) { NewestFirst = true, Where = Where });
            _problem = null;
        }
        catch (HoldfastException problem)
        {
            _problem = problem;
        }
    }

    private static string? Named(string? value) => string.IsNullOrWhiteSpace(value) ? null : value.Trim();

    private static DateTimeOffset? Time(string? text, string name) =>
        text is null ? null
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at
        : throw new HoldfastException(ErrorCode.InvalidArgument, $"'{text}' in '{name}' is no time.", "Write it as 2026-01-31T12:00Z.");

    private static bool Same(string prediction, string label) => Truth.Same(prediction, label);

    internal static string Inputs(PredictionEntry entry) =>
        string.Join(", ", entry.Features.Select(f => $"{f.Name}={(f.IsMissing ? "missing" : f.Text ?? f.Number.ToString("G7", CultureInfo.InvariantCulture))}"));
}
