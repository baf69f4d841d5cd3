using System.Text.Json;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Parts;

/// <summary>Hosts one picture. <see cref="Kind"/> names the drawing function in holdfast-charts.js.</summary>
public sealed partial class Chart
{
    [Parameter, EditorRequired] public string Kind { get; set; } = "";

    /// <summary>Where the data is fetched; empty when <see cref="Options"/> says all (a few dozen values at most).</summary>
    [Parameter] public string? Source { get; set; }

    [Parameter] public object? Options { get; set; }

    [Parameter] public string? Title { get; set; }

    [Parameter] public string? Unit { get; set; }

    /// <summary>In pixels.</summary>
    [Parameter] public int Height { get; set; } = 220;

    private string? OptionsText => Options is null ? null : JsonSerializer.Serialize(Options, Web);

    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web)
    {
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };
}
