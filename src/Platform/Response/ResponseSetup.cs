using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Response;

/// <summary>Adds the room.</summary>
public static class ResponseSetup
{
    /// <summary>Registers the door and what stands behind it.</summary>
    public static IServiceCollection AddResponse(this IServiceCollection services) => services.AddSingleton<ResponseService>();
}
