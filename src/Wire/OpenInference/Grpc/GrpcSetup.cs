using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Wire.OpenInference.Grpc;

/// <summary>Registration of the protocol over gRPC.</summary>
public static class GrpcSetup
{
    private const int MaxMessage = 64 << 20;

    /// <summary>Adds what the service needs.</summary>
    public static IServiceCollection AddOpenInferenceGrpc(this IServiceCollection services)
    {
        services.AddGrpc(grpc =>
        {
            grpc.MaxReceiveMessageSize = grpc.MaxSendMessageSize = MaxMessage;
            grpc.IgnoreUnknownServices = true;
            grpc.Interceptors.Add<Faults>();
        });
        return services;
    }

    /// <summary>Maps the service; the same rights as over REST.</summary>
    public static void MapOpenInferenceGrpc(this IEndpointRouteBuilder app) =>
        app.MapGrpcService<InferenceGrpc>().WithErrors(Refuse).Add(endpoint =>
        {
            if (endpoint.Metadata.OfType<GrpcMethodMetadata>().FirstOrDefault() is { } method)
                endpoint.Metadata.Add(new RequiredRight(Right(method.Method.Name)));
        });

    private static Role? Right(string method) => method switch
    {
        "ServerLive" or "ServerReady" or "ServerMetadata" => null,
        "ModelReady" or "ModelMetadata" or "RepositoryIndex" => Role.Viewer,
        _ => Role.Editor,
    };

    internal static StatusCode Code(ErrorCode code) => code switch
    {
        ErrorCode.InvalidArgument => StatusCode.InvalidArgument,
        ErrorCode.FailedPrecondition => StatusCode.FailedPrecondition,
        ErrorCode.NotFound => StatusCode.NotFound,
        ErrorCode.AlreadyExists => StatusCode.AlreadyExists,
        ErrorCode.Conflict => StatusCode.Aborted,
        ErrorCode.Unauthenticated => StatusCode.Unauthenticated,
        ErrorCode.PermissionDenied => StatusCode.PermissionDenied,
        ErrorCode.TooLarge or ErrorCode.Overloaded => StatusCode.ResourceExhausted,
        ErrorCode.Unsupported => StatusCode.Unimplemented,
        ErrorCode.Unavailable => StatusCode.Unavailable,
        ErrorCode.Timeout => StatusCode.DeadlineExceeded,
        _ => StatusCode.Internal,
    };

    /// <summary>A refusal before any method runs (no token, no right): a status without a message body.</summary>
    private static Task Refuse(HttpContext http, HoldfastException failure)
    {
        http.Response.StatusCode = StatusCodes.Status200OK;
        http.Response.ContentType = "application/grpc";
        http.Response.Headers["grpc-status"] = ((int)Code(failure.Code)).ToString(System.Globalization.CultureInfo.InvariantCulture);
        // The field holds printable ASCII; the rest is percent-encoded.
        http.Response.Headers["grpc-message"] = Uri.EscapeDataString(OpenInferenceErrors.Text(failure)).Replace("%20", " ", StringComparison.Ordinal);
        return Task.CompletedTask;
    }

    /// <summary>Failures as statuses of gRPC.</summary>
    private sealed class Faults : Interceptor
    {
        public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
        {
            try
            {
                return await continuation(request, context);
            }
            catch (HoldfastException e)
            {
                throw Status(e);
            }
        }

        public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, DuplexStreamingServerMethod<TRequest, TResponse> continuation)
        {
            try
            {
                await continuation(requestStream, responseStream, context);
            }
            catch (HoldfastException e)
            {
                throw Status(e);
            }
        }

        private static RpcException Status(HoldfastException failure)
        {
            var trailers = new Metadata();
            if (failure.Code == ErrorCode.Overloaded)
                trailers.Add("retry-after", "1");
            return new RpcException(new Status(Code(failure.Code), OpenInferenceErrors.Text(failure)), trailers);
        }
    }
}
