using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Microsoft.AspNetCore.Http.Extensions;

namespace Holdfast.Serve;

/// <summary>The outermost edge: every failure becomes an answer, in the shape of the protocol that asked.</summary>
internal static class Problems
{
    /// <summary>The one table of the native API.</summary>
    public static int Status(ErrorCode code) => code switch
    {
        ErrorCode.InvalidArgument => StatusCodes.Status400BadRequest,
        ErrorCode.NotFound => StatusCodes.Status404NotFound,
        ErrorCode.AlreadyExists or ErrorCode.Conflict => StatusCodes.Status409Conflict,
        ErrorCode.FailedPrecondition => StatusCodes.Status422UnprocessableEntity,
        ErrorCode.Unauthenticated => StatusCodes.Status401Unauthorized,
        ErrorCode.PermissionDenied => StatusCodes.Status403Forbidden,
        ErrorCode.TooLarge => StatusCodes.Status413PayloadTooLarge,
        ErrorCode.Unsupported => StatusCodes.Status501NotImplemented,
        ErrorCode.Unavailable => StatusCodes.Status503ServiceUnavailable,
        ErrorCode.Timeout => StatusCodes.Status504GatewayTimeout,
        ErrorCode.Overloaded => StatusCodes.Status429TooManyRequests,
        _ => StatusCodes.Status500InternalServerError,
    };

    public static async Task Catch(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody waits for the answer; of a stream, its first part is out already.
            if (!context.Response.HasStarted)
                context.Response.StatusCode = 499;
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            var failure = Translate(e);
            if (failure.Code == ErrorCode.Internal)
            {
                var log = context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Holdfast.Serve");
                log.LogError(e, "{Method} {Path} failed", context.Request.Method, context.Request.Path);
            }

            await Answer(context, failure);
        }
    }

    /// <summary>Answers with a failure in the shape of the route's protocol.</summary>
    public static async Task Answer(HttpContext context, HoldfastException failure)
    {
        context.Response.Clear();
        if (failure.Code == ErrorCode.Unauthenticated && RedirectToLogin(context))
            return;
        if (failure.Code == ErrorCode.Overloaded)
            context.Response.Headers.RetryAfter = "1";
        if (context.GetEndpoint()?.Metadata.GetMetadata<ErrorShape>() is { } shape)
        {
            await shape.Write(context, failure);
            return;
        }

        var status = Status(failure.Code);
        context.Response.StatusCode = status;
        if (status == StatusCodes.Status401Unauthorized)
            context.Response.Headers.WWWAuthenticate = "Bearer";
        var problem = new Problem("about:blank", Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status), status, failure.Message, Word(failure.Code), failure.Hint, failure.Faults.Count == 0 ? null : failure.Faults);
        await context.Response.WriteAsJsonAsync(problem, HoldfastJson.Options, "application/problem+json");
    }

    private static HoldfastException Translate(Exception e) => e switch
    {
        HoldfastException known => known,
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => new(ErrorCode.TooLarge, "The body is larger than this route allows.", "Send less at once."),
        BadHttpRequestException { InnerException: JsonException json } => new(ErrorCode.InvalidArgument, $"The JSON body is not valid{At(json)}: {Cause(json)}", "Mend the body; times are RFC 3339, names snake_case."),
        BadHttpRequestException bad => new(ErrorCode.InvalidArgument, bad.Message),
        JsonException json => new(ErrorCode.InvalidArgument, $"The JSON is not valid{At(json)}: {Cause(json)}"),
        _ when StorageFaults.Explain(e) is { } storage => storage,
        _ => new(ErrorCode.Internal, "Holdfast failed on this request.", "The server's log has the details.", e),
    };

    private static string At(JsonException e) => e.Path is { Length: > 1 } path ? $" at {path}" : "";

    // The parser's own text ends with the path and position once more.
    private static string Cause(JsonException e) => e.Message.Split(" Path:", 2)[0];

    private static string Word(ErrorCode code) => JsonNamingPolicy.SnakeCaseLower.ConvertName(code.ToString());

    // A person's browser is sent to the page that takes a token; every client gets the error of its protocol.
    private static bool RedirectToLogin(HttpContext context)
    {
        if (!HttpMethods.IsGet(context.Request.Method) || context.Request.Path.StartsWithSegments("/api") || !context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal))
            return false;
        context.Response.Redirect("/login?return=" + Uri.EscapeDataString(context.Request.GetEncodedPathAndQuery()));
        return true;
    }
}
