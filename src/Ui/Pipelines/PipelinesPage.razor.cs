using Holdfast.Kernel;
using Holdfast.Pipelines;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Pipelines;

/// <summary>What is declared, and what has run.</summary>
public sealed partial class PipelinesPage
{
    private const int Length = 50;

    [SupplyParameterFromQuery] private string? Pipeline { get; set; }

    [SupplyParameterFromQuery] private string? Cursor { get; set; }

    [Inject] private PipelineService Door { get; set; } = null!;

    /// <inheritdoc />
    protected override TimeSpan? Renewed => TimeSpan.FromSeconds(5);

    /// <inheritdoc />
    protected override async Task<Shown> Load(CancellationToken ct) =>
        new(await Door.ListPipelines(Principal, ct), await Door.List(Principal, string.IsNullOrEmpty(Pipeline) ? null : Pipeline, Cursor, Length, ct));

    public sealed record Shown(IReadOnlyList<PipelineInfo> Pipelines, Page<PipelineRun> Runs);
}
