using Holdfast.Kernel;
using Holdfast.Ui.Shell;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using MudBlazor.Services;

namespace Holdfast.Ui;

/// <summary>The web pages, as the host sees them.</summary>
public static class UiSetup
{
    /// <summary>
    /// No inline script, nothing from elsewhere. Inline styles stay allowed: MudBlazor and ECharts place elements with them.
    /// </summary>
    public const string ContentSecurityPolicy =
        "default-src 'self'; script-src 'self'; connect-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        + "font-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

    public static IServiceCollection AddUi(this IServiceCollection services)
    {
        services.AddRazorComponents().AddInteractiveServerComponents(options =>
        {
            // A circuit that comes back within this time keeps its page; afterwards the address is loaded again.
            options.DisconnectedCircuitRetentionPeriod = TimeSpan.FromMinutes(3);
            options.DisconnectedCircuitMaxRetained = 50;
        });
        services.AddMudServices();
        services.AddHttpContextAccessor();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<PageHandover>();
        services.AddScoped<Renewal>();
        // Only scripts, styles and pictures: pages hold secrets beside reflected text, which compression would leak over TLS (BREACH).
        services.AddResponseCompression(options =>
        {
            options.EnableForHttps = true;
            options.MimeTypes = ["text/javascript", "text/css", "image/svg+xml", "application/json"];
        });
        return services;
    }

    public static WebApplication MapUi(this WebApplication app)
    {
        app.UseStatusCodePagesWithReExecute("/not-found", createScopeForStatusCodePages: true);
        app.Use((context, next) =>
        {
            if (WantsPage(context))
            {
                context.Response.OnStarting(Protect, context);
            }
            else if (context.Features.Get<IStatusCodePagesFeature>() is { } pages)
            {
                // Only a browser is answered with a page; every protocol keeps its own shape of a 404.
                pages.Enabled = false;
            }

            return next(context);
        });
        app.UseAntiforgery();
        app.MapLogin();
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode(options => options.ContentSecurityFrameAncestorsPolicy = null).Needs(Role.Viewer);
        return app;
    }

    private static bool WantsPage(HttpContext context) =>
        (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
        && context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase)
        && !context.Request.Path.StartsWithSegments("/api");

    private static Task Protect(object state)
    {
        var headers = ((HttpContext)state).Response.Headers;
        if (headers.ContentType.ToString().StartsWith("text/html", StringComparison.OrdinalIgnoreCase))
        {
            headers.ContentSecurityPolicy = ContentSecurityPolicy;
            headers.XContentTypeOptions = "nosniff";
            headers["Referrer-Policy"] = "same-origin";
        }

        return Task.CompletedTask;
    }
}
