using Holdfast.Data;
using Holdfast.Kernel;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Data;

/// <summary>The versions of a dataset.</summary>
public sealed partial class DatasetPage
{
    private const int Length = 50;

    [Parameter] public string Dataset { get; set; } = "";

    [SupplyParameterFromQuery] private string? Cursor { get; set; }

    [Inject] private DataService Data { get; set; } = null!;

    /// <inheritdoc />
    protected override async Task<Shown> Load(CancellationToken ct) => new(await Data.Versions(Principal, Dataset, Cursor, Length, ct));

    public sealed record Shown(Page<DatasetVersion> Versions);
}
