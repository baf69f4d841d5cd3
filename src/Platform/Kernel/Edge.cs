using Holdfast.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Kernel;

/// <summary>The right that a route demands. A route without one is refused to everybody, and a test finds it.</summary>
/// <param name="Role">The least role; null for routes that are open (health).</param>
/// <param name="Execute">Whether the route can make the server run a command.</param>
public sealed record RequiredRight(Role? Role, bool Execute = false);

/// <summary>How a protocol words an error; put on its route group, so that refusals before its handlers have its shape too.</summary>
/// <param name="Write">Writes status and body.</param>
public sealed record ErrorShape(Func<HttpContext, HoldfastException, Task> Write);

/// <summary>What every API uses at the rim.</summary>
public static class Edge
{
    private static readonly object PrincipalKey = new();

    /// <summary>Demands a role.</summary>
    public static TBuilder Needs<TBuilder>(this TBuilder builder, Role role, bool execute = false)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new RequiredRight(role, execute));

    /// <summary>Open to everybody who reaches the port.</summary>
    public static TBuilder Open<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new RequiredRight(null));

    /// <summary>Words every error of these routes in a protocol's own way instead of an RFC 9457 problem.</summary>
    public static TBuilder WithErrors<TBuilder>(this TBuilder builder, Func<HttpContext, HoldfastException, Task> write)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new ErrorShape(write));

    /// <summary>Who asks. Set by Access before any handler runs.</summary>
    public static Principal Principal(this HttpContext context) =>
        context.Items[PrincipalKey] as Principal ?? throw new HoldfastException(ErrorCode.Unauthenticated, "This request carries no credentials.", "Send a token: Authorization: Bearer …");

    /// <summary>Sets who asks; only Access does this.</summary>
    public static void SetPrincipal(this HttpContext context, Principal principal) => context.Items[PrincipalKey] = principal;
}
