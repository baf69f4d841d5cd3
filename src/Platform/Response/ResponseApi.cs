using Microsoft.AspNetCore.Routing;

namespace Holdfast.Response;

/// <summary>The room's routes below <c>/api/v1</c>.</summary>
public static class ResponseApi
{
    /// <summary>Maps the routes.</summary>
    public static void MapResponseApi(this IEndpointRouteBuilder api) => ArgumentNullException.ThrowIfNull(api);
}
