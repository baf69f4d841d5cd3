using Holdfast.Kernel;
using Holdfast.Pipelines;
using Holdfast.Predictions;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Response;

/// <summary>Adds the room.</summary>
public static class ResponseSetup
{
    /// <summary>Registers the door and what stands behind it.</summary>
    public static IServiceCollection AddResponse(this IServiceCollection services) => services
        .AddSingleton<ResponseService>()
        .AddSingleton(Windows)
        .AddSingleton(Pipelines)
        .AddSingleton<RetrainAction>()
        .AddSingleton<IReconciler, ResponseReconciler>();

    private static WindowMaker Windows(IServiceProvider services) => async (p, endpoint, from, until, dataset, label, ct) =>
    {
        var window = await services.GetRequiredService<PredictionService>().Materialize(p, endpoint, from, until, dataset, new MaterializeOptions(label), ct);
        return new RetrainWindow(window.Version.Ref, window.Rows, window.LabelCoverage);
    };

    private static RetrainPipelines Pipelines(IServiceProvider services)
    {
        PipelineService Door() => services.GetRequiredService<PipelineService>();
        return new RetrainPipelines(
            async (p, r, ct) => (await Door().Start(p, new StartPipeline(r.Pipeline, r.Cause, r.Dataset, r.IncidentId, Register: false, r.Key, r.At), ct)).Id,
            async (p, id, ct) =>
            {
                var run = await Door().Get(p, id, ct);
                return new RetrainRun(run.Id, run.Status.ToString().ToLowerInvariant(), run.Reason, run.Checks);
            },
            async (p, id, ct) =>
            {
                var version = await Door().Register(p, id, ct);
                return (version.Model, version.Version);
            });
    }
}
