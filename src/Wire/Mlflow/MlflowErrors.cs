using System.Text.Json;
using Holdfast.Contracts;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Wire.Mlflow;

/// <summary>How MLflow words an error: <c>{"error_code": …, "message": …}</c>. Clients act on the code, then on the status.</summary>
internal static class MlflowErrors
{
    /// <summary>The one table from our codes to MLflow's. The client repeats 408, 429 and 5xx for minutes, so a caller's mistake is always 4xx.</summary>
    public static (int Status, string Code) Table(ErrorCode code) => code switch
    {
        ErrorCode.InvalidArgument => (400, "INVALID_PARAMETER_VALUE"),
        ErrorCode.FailedPrecondition => (400, "INVALID_PARAMETER_VALUE"),
        ErrorCode.AlreadyExists => (400, "RESOURCE_ALREADY_EXISTS"),
        ErrorCode.NotFound => (404, "RESOURCE_DOES_NOT_EXIST"),
        ErrorCode.Conflict => (409, "RESOURCE_CONFLICT"),
        ErrorCode.TooLarge => (413, "BAD_REQUEST"),
        ErrorCode.Unauthenticated => (401, "UNAUTHENTICATED"),
        ErrorCode.PermissionDenied => (403, "PERMISSION_DENIED"),
        ErrorCode.Unsupported => (501, "NOT_IMPLEMENTED"),
        ErrorCode.Unavailable => (503, "TEMPORARILY_UNAVAILABLE"),
        ErrorCode.Timeout => (504, "DEADLINE_EXCEEDED"),
        ErrorCode.Overloaded => (429, "REQUEST_LIMIT_EXCEEDED"),
        _ => (500, "INTERNAL_ERROR"),
    };

    /// <summary>Writes a failure.</summary>
    public static Task Write(HttpContext context, HoldfastException failure)
    {
        var (status, code) = Table(failure.Code);
        var message = failure.Faults.Count == 0 ? failure.Message : failure.Message + " " + string.Join(" ", failure.Faults.Select(f => $"{f.Field}: {f.Message}"));
        if (status == StatusCodes.Status401Unauthorized)
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"mlflow\"";
        return Write(context, status, code, message);
    }

    /// <summary>The answer to a path that is not MLflow's, or not built.</summary>
    public static Task NoEndpoint(HttpContext context) =>
        Write(context, StatusCodes.Status404NotFound, "ENDPOINT_NOT_FOUND", $"There is no endpoint {context.Request.Method} {context.Request.Path}.");

    private static async Task Write(HttpContext context, int status, string code, string message)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await JsonSerializer.SerializeAsync(context.Response.Body, new Dictionary<string, string> { ["error_code"] = code, ["message"] = message }, HoldfastJson.Options, context.RequestAborted);
    }
}
