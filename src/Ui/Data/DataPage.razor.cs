using Holdfast.Data;
using Holdfast.Kernel;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Data;

/// <summary>All datasets.</summary>
public sealed partial class DataPage
{
    private const int Length = 50;

    [SupplyParameterFromQuery] private string? Cursor { get; set; }

    [Inject] private DataService Data { get; set; } = null!;

    /// <inheritdoc />
    protected override async Task<Shown> Load(CancellationToken ct) => new(await Data.List(Principal, Cursor, Length, ct));

    public sealed record Shown(Page<Dataset> Datasets);
}
