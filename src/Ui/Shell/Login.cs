using Holdfast.Access;
using Holdfast.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Holdfast.Ui.Shell;

/// <summary>Where a browser trades a token for the cookie that carries it.</summary>
internal static class Login
{
    private static readonly AcceptsMetadata Form = new(["application/x-www-form-urlencoded"]);
    private static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    public static void MapLogin(this IEndpointRouteBuilder app)
    {
        // Requests from other sites are refused before any route, so these two need no further token against forgery.
        app.MapGet(Routes.Login(), Ask).Open();
        app.MapPost(Routes.Login(), Enter).Open().WithMetadata(Form).DisableAntiforgery();
        app.MapPost("/logout", Leave).Open().WithMetadata(Form).DisableAntiforgery();
    }

    private static RazorComponentResult<LoginPage> Ask([FromQuery(Name = "return")] string? back) => new(new { Return = Local(back) });

    private static async Task<IResult> Enter(HttpContext http, AccessService access, [FromForm] string token, [FromForm(Name = "return")] string? back, CancellationToken ct)
    {
        if (await access.Authenticate(token.Trim(), null, ct) is null)
        {
            return new RazorComponentResult<LoginPage>(new { Return = Local(back), Refused = true }) { StatusCode = StatusCodes.Status401Unauthorized };
        }

        http.Response.Cookies.Append(AccessMiddleware.Cookie, token.Trim(), new CookieOptions
        {
            HttpOnly = true,
            SameSite = SameSiteMode.Strict,
            Secure = http.Request.IsHttps,
            MaxAge = Kept,
            IsEssential = true,
        });
        return Results.LocalRedirect(Local(back));
    }

    private static RedirectHttpResult Leave(HttpContext http)
    {
        http.Response.Cookies.Delete(AccessMiddleware.Cookie);
        return TypedResults.Redirect(Routes.Login());
    }

    // Never to another site: "//elsewhere" and "/\elsewhere" are addresses of other hosts to a browser.
    private static string Local(string? back) => back is ['/', not ('/' or '\\'), ..] ? back : "/";
}
