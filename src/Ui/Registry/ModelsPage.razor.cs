using Holdfast.Kernel;
using Holdfast.Registry;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Registry;

/// <summary>All registered models.</summary>
public sealed partial class ModelsPage
{
    private const int Length = 50;

    [SupplyParameterFromQuery] private string? Cursor { get; set; }

    [Inject] private RegistryService Registry { get; set; } = null!;

    /// <inheritdoc />
    protected override async Task<Shown> Load(CancellationToken ct) => new(await Registry.SearchModels(Principal, max: Length, token: Cursor, ct: ct));

    public sealed record Shown(Page<RegisteredModel> Models);
}
