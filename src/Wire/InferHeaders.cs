using System.Globalization;
using Holdfast.Serving;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Wire;

/// <summary>What requests to endpoints say in headers, the same in every protocol over HTTP (and as metadata in gRPC).</summary>
internal static class InferHeaders
{
    /// <summary>Names a version or a role (<c>primary</c>, <c>candidate</c>, <c>fallback</c>) for a test: it alone answers and the request takes no part in a rollout.</summary>
    public const string Variant = "Holdfast-Variant";

    /// <summary>The sticky key, for protocols without a place for it.</summary>
    public const string Key = "Holdfast-Key";

    /// <summary>The prediction id of an answer with one row.</summary>
    public const string PredictionId = "Holdfast-Prediction-Id";

    private const string Version = "Holdfast-Model-Version";

    /// <summary>Takes what the caller says.</summary>
    public static void Take(HttpRequest from, InferRequest request)
    {
        if (from.Headers[Variant].ToString() is { Length: > 0 } variant)
            request.Variant = variant;
        if (request.Key is null && from.Headers[Key].ToString() is { Length: > 0 } key)
            request.Key = key;
    }

    /// <summary>Says who answered, and the prediction id of a single row.</summary>
    public static void Tell(HttpResponse response, InferAnswer answer)
    {
        if (answer.Ids.Length == 1)
            response.Headers[PredictionId] = answer.Ids[0];
        if (answer.Version >= 0)
        {
            response.Headers[Variant] = answer.Role;
            response.Headers[Version] = answer.Version.ToString(CultureInfo.InvariantCulture);
        }
    }
}
