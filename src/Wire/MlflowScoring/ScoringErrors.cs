using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Wire.Mlflow;
using Holdfast.Wire.OpenInference;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Wire.MlflowScoring;

/// <summary>How MLflow's scoring server words an error: <c>{"error_code": …, "message": …}</c>; a body that it cannot take is BAD_REQUEST.</summary>
internal static class ScoringErrors
{
    /// <summary>Writes a failure.</summary>
    public static Task Write(HttpContext context, HoldfastException failure)
    {
        var (status, code) = MlflowErrors.Table(failure.Code);
        return Write(context, status, status == StatusCodes.Status400BadRequest ? "BAD_REQUEST" : code, OpenInferenceErrors.Text(failure));
    }

    /// <summary>Writes an error.</summary>
    public static async Task Write(HttpContext context, int status, string code, string message)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await JsonSerializer.SerializeAsync(context.Response.Body, new Dictionary<string, string> { ["error_code"] = code, ["message"] = message }, HoldfastJson.Options, context.RequestAborted);
    }
}
