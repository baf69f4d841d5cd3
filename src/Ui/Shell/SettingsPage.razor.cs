using System.Reflection;
using Holdfast.Access;
using Holdfast.Alerts;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Response;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Shell;

/// <summary>Who looks, and what the server was told to do; declared things are read only here.</summary>
public sealed partial class SettingsPage
{
    [Inject] private AccessService Access { get; set; } = null!;

    [Inject] private AlertService Alerts { get; set; } = null!;

    [Inject] private ResponseService Response { get; set; } = null!;

    /// <inheritdoc />
    protected override async Task<Shown> Load(CancellationToken ct) => new(
        await Access.Describe(Principal, ct),
        typeof(SettingsPage).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "",
        await Alerts.Channels(Principal, ct),
        await Response.Policies(Principal, ct),
        Principal.Role == Role.Admin ? await Access.ListTokens(Principal, ct) : []);

    private static string On(PolicyInfo policy) => string.Join(", ", new[]
    {
        policy.Kind is { } kind ? Figure.Words(kind) : "any trouble",
        policy.Endpoint is { } endpoint ? $"on {endpoint}" : null,
        policy.Feature is { } feature ? $"in {feature}" : null,
        policy.Psi is { } psi ? $"PSI {psi}" : null,
    }.OfType<string>());

    public sealed record Shown(WhoAmI You, string Version, IReadOnlyList<ChannelInfo> Channels, IReadOnlyList<PolicyInfo> Policies, IReadOnlyList<TokenInfo> Tokens);
}
