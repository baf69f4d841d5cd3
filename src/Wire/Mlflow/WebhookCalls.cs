using System.Text.Json;
using Holdfast.Alerts;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Tracking;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Wire.Mlflow;

/// <summary><c>webhooks/*</c> (MLflow 3). Secrets go in and never come out.</summary>
internal static class WebhookCalls
{
    private const string Root = "/2.0/mlflow/webhooks";
    private static readonly string[] _entities =
        ["ENTITY_UNSPECIFIED", "REGISTERED_MODEL", "MODEL_VERSION", "MODEL_VERSION_TAG", "MODEL_VERSION_ALIAS", "PROMPT", "PROMPT_VERSION", "PROMPT_TAG", "PROMPT_VERSION_TAG", "PROMPT_ALIAS"];

    private static readonly string[] _actions = ["ACTION_UNSPECIFIED", "CREATED", "UPDATED", "DELETED", "SET"];
    private static readonly string[] _states = ["STATUS_UNSPECIFIED", "ACTIVE", "DISABLED"];

    public static IEnumerable<MlflowEndpoint> Endpoints =>
    [
        new("POST", Root, Role.Editor, Create),
        new("GET", Root, Role.Editor, List),
        new("GET", Root + "/{webhook_id}", Role.Editor, Get),
        new("PATCH", Root + "/{webhook_id}", Role.Editor, Change),
        new("DELETE", Root + "/{webhook_id}", Role.Editor, Delete),
        new("POST", Root + "/{webhook_id}/test", Role.Editor, Test),
    ];

    private static async Task<IResult> Create(MlflowCall call)
    {
        if (!call.Args.Has("events"))
            throw call.Args.Missing("events");
        return Answer(await call.Webhooks.Create(
            call.Principal, new NewWebhook(call.Args.Required("name"), call.Args.Required("url"), Events(call.Args), call.Args.Text("description"), call.Args.Text("secret"), Active(call.Args) ?? true), call.Ct));
    }

    private static async Task<IResult> List(MlflowCall call)
    {
        var max = call.Args.Int32("max_results") is { } asked and not 0 ? asked : 100;
        if (max is < 1 or > 1000)
            throw new HoldfastException(ErrorCode.InvalidArgument, "max_results must be between 1 and 1000.");
        var offset = PageToken.Offset(call.Args.Text("page_token"));
        var page = PageToken.Cut((await call.Webhooks.List(call.Principal, call.Ct)).Skip((int)Math.Min(offset, int.MaxValue)).Take(max + 1).ToList(), max, offset);
        return new MlflowJson(w =>
        {
            w.List("webhooks", page.Items, Write);
            w.Token(page.NextToken);
        });
    }

    private static async Task<IResult> Get(MlflowCall call) => Answer(await call.Webhooks.Get(call.Principal, Id(call), call.Ct));

    // What is empty is left as it is, as MLflow's server does.
    private static async Task<IResult> Change(MlflowCall call) => Answer(await call.Webhooks.Change(
        call.Principal, Id(call),
        new WebhookChange(Filled(call, "name"), Filled(call, "url"), call.Args.Records("events").Count > 0 ? Events(call.Args) : null, Filled(call, "description"), Filled(call, "secret"), Active(call.Args)), call.Ct));

    private static async Task<IResult> Delete(MlflowCall call)
    {
        await call.Webhooks.Delete(call.Principal, Id(call), call.Ct);
        return MlflowJson.Empty;
    }

    private static async Task<IResult> Test(MlflowCall call)
    {
        var result = await call.Webhooks.Test(call.Principal, Id(call), call.Args.Record("event") is { } wanted ? Event(wanted) : null, call.Ct);
        return new MlflowJson(w => w.Record("result", result, (w, r) =>
        {
            w.WriteBoolean("success", r.Success);
            if (r.ResponseStatus is { } status)
                w.WriteNumber("response_status", status);
            if (r.ResponseBody is not null)
                w.WriteString("response_body", r.ResponseBody);
            if (r.Error is not null)
                w.WriteString("error_message", r.Error);
        }));
    }

    private static List<string> Events(MlflowArguments args) => [.. args.Records("events").Select(Event)];

    private static string Event(MlflowArguments args) =>
        $"{(args.OneOf("entity", _entities) ?? throw args.Missing("entity")).ToLowerInvariant()}.{(args.OneOf("action", _actions) ?? throw args.Missing("action")).ToLowerInvariant()}";

    private static bool? Active(MlflowArguments args) => args.OneOf("status", _states) switch
    {
        "ACTIVE" => true,
        "DISABLED" => false,
        _ => null,
    };

    private static string? Filled(MlflowCall call, string name) => call.Args.Text(name) is { Length: > 0 } text ? text : null;

    private static string Id(MlflowCall call) => (string)call.Http.Request.RouteValues["webhook_id"]!;

    private static MlflowJson Answer(Webhook hook) => new(w => w.Record("webhook", hook, Write));

    private static void Write(Utf8JsonWriter w, Webhook hook)
    {
        w.WriteString("webhook_id", hook.WebhookId);
        w.WriteString("name", hook.Name);
        if (hook.Description is not null)
            w.WriteString("description", hook.Description);
        w.WriteString("url", hook.Url);
        w.List("events", hook.Events, (w, name) =>
        {
            var dot = name.IndexOf('.', StringComparison.Ordinal);
            w.WriteString("entity", name[..dot].ToUpperInvariant());
            w.WriteString("action", name[(dot + 1)..].ToUpperInvariant());
        });
        w.WriteString("status", hook.Active ? "ACTIVE" : "DISABLED");
        w.WriteNumber("creation_timestamp", hook.CreatedAt.ToUnixTimeMilliseconds());
        w.WriteNumber("last_updated_timestamp", hook.UpdatedAt.ToUnixTimeMilliseconds());
    }
}
