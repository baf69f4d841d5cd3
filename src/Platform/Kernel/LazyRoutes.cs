using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

// The outer namespace on purpose: every room's MapGet, MapPost, … is found here before the framework's.
namespace Holdfast;

/// <summary>
/// Routes as the framework maps them, but a handler's parameters are worked out at its first request. The framework does it for all
/// routes together before it answers the first one, which was three quarters of the time of a start.
/// </summary>
/// <remarks>Types of bodies are therefore not inferred into the metadata: a route that takes other than JSON says so by <c>AcceptsMetadata</c>.</remarks>
public static class LazyRoutes
{
    public static IEndpointConventionBuilder MapGet(this IEndpointRouteBuilder routes, [StringSyntax("Route")] string pattern, Delegate handler) => routes.MapMethods(pattern, [HttpMethods.Get], handler);

    public static IEndpointConventionBuilder MapPost(this IEndpointRouteBuilder routes, [StringSyntax("Route")] string pattern, Delegate handler) => routes.MapMethods(pattern, [HttpMethods.Post], handler);

    public static IEndpointConventionBuilder MapPut(this IEndpointRouteBuilder routes, [StringSyntax("Route")] string pattern, Delegate handler) => routes.MapMethods(pattern, [HttpMethods.Put], handler);

    public static IEndpointConventionBuilder MapPatch(this IEndpointRouteBuilder routes, [StringSyntax("Route")] string pattern, Delegate handler) => routes.MapMethods(pattern, [HttpMethods.Patch], handler);

    public static IEndpointConventionBuilder MapDelete(this IEndpointRouteBuilder routes, [StringSyntax("Route")] string pattern, Delegate handler) => routes.MapMethods(pattern, [HttpMethods.Delete], handler);

    public static IEndpointConventionBuilder MapMethods(this IEndpointRouteBuilder routes, [StringSyntax("Route")] string pattern, string[] methods, Delegate handler) =>
        EndpointRouteBuilderExtensions.MapMethods(routes, pattern, methods, Lazy(routes, handler, noBody: methods.Any(m => m is "GET" or "HEAD" or "DELETE"))).WithMetadata(handler.Method);

    public static IEndpointConventionBuilder Map(this IEndpointRouteBuilder routes, [StringSyntax("Route")] string pattern, Delegate handler) =>
        EndpointRouteBuilderExtensions.Map(routes, pattern, Lazy(routes, handler, noBody: false)).WithMetadata(handler.Method);

    private static RequestDelegate Lazy(IEndpointRouteBuilder routes, Delegate handler, bool noBody)
    {
        // Two first requests may both build it; either will do.
        RequestDelegate? built = null;
        return http => (built ??= Build(http))(http);

        RequestDelegate Build(HttpContext http) => RequestDelegateFactory.Create(handler, new RequestDelegateFactoryOptions
        {
            ServiceProvider = routes.ServiceProvider,
            RouteParameterNames = ((RouteEndpoint)http.GetEndpoint()!).RoutePattern.Parameters.Select(p => p.Name),
            // As the framework does: what these carry in a body is not read, so a list of texts is of the query.
            DisableInferBodyFromParameters = noBody,
            ThrowOnBadRequest = true,
        }).RequestDelegate;
    }
}
