using Holdfast.Executors;
using Holdfast.Kernel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Holdfast.Pipelines;

/// <summary>Registers the room.</summary>
public static class PipelinesSetup
{
    /// <summary>Pipelines, their runs, and the server's worker.</summary>
    public static IServiceCollection AddPipelines(this IServiceCollection services) => services
        .AddSingleton<LocalExecutor>()
        .AddSingleton<PipelineService>()
        .AddSingleton<PipelineRunner>()
        .AddSingleton<IReconciler>(s => s.GetRequiredService<PipelineRunner>())
        .AddSingleton<IHostedService>(s => s.GetRequiredService<PipelineRunner>());
}
