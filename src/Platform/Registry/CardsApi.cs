using Holdfast.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Holdfast.Registry;

/// <summary>Comments and cards of model versions.</summary>
public static class CardsApi
{
    /// <summary>Maps the routes.</summary>
    public static void MapCardsApi(this IEndpointRouteBuilder api)
    {
        var version = api.MapGroup("/models/{model}/versions/{version:int}");
        version.MapGet("/comments", Comments).Needs(Role.Viewer);
        version.MapPost("/comments", AddComment).Needs(Role.Editor);
        version.MapPatch("/comments/{comment}", ChangeComment).Needs(Role.Editor);
        version.MapDelete("/comments/{comment}", DeleteComment).Needs(Role.Editor);
        version.MapGet("/card", Card).Needs(Role.Viewer);
        version.MapPut("/card", SetCard).Needs(Role.Editor);
    }

    private static async Task<Page<ModelComment>> Comments(RegistryService registry, HttpContext http, string model, int version, CancellationToken ct) => new(await registry.Comments(http.Principal(), model, version, ct));

    private static async Task<IResult> AddComment(RegistryService registry, HttpContext http, string model, int version, CommentBody body, CancellationToken ct)
    {
        var made = await registry.AddComment(http.Principal(), model, version, body.Text, ct);
        return Results.Created($"/api/v1/models/{Uri.EscapeDataString(model)}/versions/{version}/comments/{made.CommentId}", made);
    }

    private static Task<ModelComment> ChangeComment(RegistryService registry, HttpContext http, string model, int version, string comment, CommentBody body, CancellationToken ct) =>
        registry.ChangeComment(http.Principal(), model, version, comment, body.Text, ct);

    private static async Task<IResult> DeleteComment(RegistryService registry, HttpContext http, string model, int version, string comment, CancellationToken ct)
    {
        await registry.DeleteComment(http.Principal(), model, version, comment, ct);
        return Results.NoContent();
    }

    private static Task<ModelCard> Card(RegistryService registry, HttpContext http, string model, int version, CancellationToken ct) => registry.Card(http.Principal(), model, version, ct);

    private static Task<ModelCard> SetCard(RegistryService registry, HttpContext http, string model, int version, CommentBody body, CancellationToken ct) =>
        registry.SetCard(http.Principal(), model, version, body.Text, ct);
}
