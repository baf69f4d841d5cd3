using Holdfast.Kernel;
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
        .AddSingleton<RetrainAction>()
        .AddSingleton<IReconciler, ResponseReconciler>();

    private static WindowMaker Windows(IServiceProvider services) => async (p, endpoint, from, until, dataset, label, ct) =>
    {
        var window = await services.GetRequiredService<PredictionService>().Materialize(p, endpoint, from, until, dataset, new MaterializeOptions(label), ct);
        return new RetrainWindow(window.Version.Ref, window.Rows, window.LabelCoverage);
    };
}
