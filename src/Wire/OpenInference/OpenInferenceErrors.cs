using System.Text.Json;
using Holdfast.Contracts;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Wire.OpenInference;

/// <summary>How the protocol words an error: <c>{"error": "message"}</c>.</summary>
internal static class OpenInferenceErrors
{
    /// <summary>The one table from our codes to its statuses.</summary>
    public static int Status(ErrorCode code) => code switch
    {
        ErrorCode.InvalidArgument or ErrorCode.FailedPrecondition => StatusCodes.Status400BadRequest,
        ErrorCode.NotFound => StatusCodes.Status404NotFound,
        ErrorCode.AlreadyExists or ErrorCode.Conflict => StatusCodes.Status409Conflict,
        ErrorCode.Unauthenticated => StatusCodes.Status401Unauthorized,
        ErrorCode.PermissionDenied => StatusCodes.Status403Forbidden,
        ErrorCode.TooLarge => StatusCodes.Status413PayloadTooLarge,
        ErrorCode.Unsupported => StatusCodes.Status501NotImplemented,
        ErrorCode.Unavailable => StatusCodes.Status503ServiceUnavailable,
        ErrorCode.Timeout => StatusCodes.Status504GatewayTimeout,
        ErrorCode.Overloaded => StatusCodes.Status429TooManyRequests,
        _ => StatusCodes.Status500InternalServerError,
    };

    /// <summary>Writes a failure.</summary>
    public static Task Write(HttpContext context, HoldfastException failure) => Write(context, Status(failure.Code), Text(failure));

    /// <summary>All of a failure in one text; the remedy is part of it, as the shapes have no other place for it.</summary>
    public static string Text(HoldfastException failure)
    {
        var faults = failure.Faults.Count == 0 ? "" : " " + string.Join(" ", failure.Faults.Select(f => $"{f.Field}: {f.Message}"));
        return failure.Message + faults + (failure.Hint is null ? "" : " " + failure.Hint);
    }

    /// <summary>The answer to a path that the protocol does not have, or that is not built.</summary>
    public static Task NoEndpoint(HttpContext context) =>
        Write(context, StatusCodes.Status404NotFound, $"There is no {context.Request.Method} {context.Request.Path} in the Open Inference Protocol as served here.");

    private static async Task Write(HttpContext context, int status, string message)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await JsonSerializer.SerializeAsync(context.Response.Body, new Dictionary<string, string> { ["error"] = message }, HoldfastJson.Options, context.RequestAborted);
    }
}
