using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Data;

/// <summary>Registers the room.</summary>
public static class DataSetup
{
    /// <summary>Datasets and their versions.</summary>
    public static IServiceCollection AddData(this IServiceCollection services) => services.AddSingleton<DataService>();
}
