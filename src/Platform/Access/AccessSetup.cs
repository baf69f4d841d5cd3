using Holdfast.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Holdfast.Access;

/// <summary>The room's registration.</summary>
public static class AccessSetup
{
    /// <summary>Registers tokens, workspaces and the edge's decision.</summary>
    public static IServiceCollection AddAccess(this IServiceCollection services, AccessOptions options) =>
        services
            .AddSingleton(options)
            .AddSingleton<RunTokens>()
            .AddSingleton<ReservedNames>()
            .AddSingleton<AccessService>()
            .AddDataProtection().SetApplicationName("holdfast").Services
            .AddSingleton<ProtectionKeys>()
            .AddSingleton<IConfigureOptions<KeyManagementOptions>>(s => new ConfigureOptions<KeyManagementOptions>(o => o.XmlRepository = s.GetRequiredService<ProtectionKeys>()));

    /// <summary>Puts the decision into the pipeline; after routing, before any handler.</summary>
    public static IApplicationBuilder UseAccess(this IApplicationBuilder app) => app.UseMiddleware<AccessMiddleware>();
}
