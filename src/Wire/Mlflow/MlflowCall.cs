using Holdfast.Alerts;
using Holdfast.Kernel;
using Holdfast.Registry;
using Holdfast.Tracking;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Wire.Mlflow;

/// <summary>One request of an MLflow client: who asks, with which fields, and the doors to ask.</summary>
internal sealed class MlflowCall(HttpContext http, MlflowArguments args)
{
    public HttpContext Http { get; } = http;

    public MlflowArguments Args { get; } = args;

    public Principal Principal { get; } = http.Principal();

    public TrackingService Tracking { get; } = http.RequestServices.GetRequiredService<TrackingService>();

    public RegistryService Registry { get; } = http.RequestServices.GetRequiredService<RegistryService>();

    public WebhookService Webhooks { get; } = http.RequestServices.GetRequiredService<WebhookService>();

    public CancellationToken Ct => Http.RequestAborted;
}

/// <summary>An endpoint of the protocol.</summary>
/// <param name="Method">HTTP method.</param>
/// <param name="Path">Path without the prefix, such as <c>/2.0/mlflow/runs/create</c>.</param>
/// <param name="Role">What it needs.</param>
/// <param name="Handle">Parses, calls a door, shapes the answer.</param>
internal sealed record MlflowEndpoint(string Method, string Path, Role Role, Func<MlflowCall, Task<IResult>> Handle);
