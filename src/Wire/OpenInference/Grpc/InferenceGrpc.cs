using System.Globalization;
using Grpc.Core;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Serving;

namespace Holdfast.Wire.OpenInference.Grpc;

/// <summary>The Open Inference Protocol, version 2, over gRPC; the same endpoints and answers as over REST.</summary>
internal sealed class InferenceGrpc(ServingService serving, Draining draining) : GRPCInferenceService.GRPCInferenceServiceBase
{
    public override Task<ServerLiveResponse> ServerLive(ServerLiveRequest request, ServerCallContext context) => Task.FromResult(new ServerLiveResponse { Live = true });

    public override Task<ServerReadyResponse> ServerReady(ServerReadyRequest request, ServerCallContext context) => Task.FromResult(new ServerReadyResponse { Ready = !draining.Begun });

    public override Task<ModelReadyResponse> ModelReady(ModelReadyRequest request, ServerCallContext context) => Task.FromResult(new ModelReadyResponse
    {
        Ready = !draining.Begun && OpenInferenceApi.Served(Who(context), serving, request.Name, request.Version).Ready,
    });

    public override Task<ServerMetadataResponse> ServerMetadata(ServerMetadataRequest request, ServerCallContext context)
    {
        var answer = new ServerMetadataResponse { Name = OpenInferenceApi.Name, Version = OpenInferenceApi.Version };
        answer.Extensions.Add(OpenInferenceApi.Extensions);
        return Task.FromResult(answer);
    }

    public override Task<ModelMetadataResponse> ModelMetadata(ModelMetadataRequest request, ServerCallContext context)
    {
        var served = OpenInferenceApi.Served(Who(context), serving, request.Name, request.Version);
        var answer = new ModelMetadataResponse { Name = request.Name, Platform = OpenInferenceApi.Platform(served) };
        answer.Versions.Add(served.Versions.Select(v => v.ToString(CultureInfo.InvariantCulture)));
        answer.Inputs.Add(served.Inputs.Select(i => new ModelMetadataResponse.Types.TensorMetadata { Name = i.Name, Datatype = i.Datatype, Shape = { -1 } }));
        answer.Outputs.Add(OpenInferenceApi.Outputs.Select(o => new ModelMetadataResponse.Types.TensorMetadata { Name = o, Datatype = OpenInferenceApi.OutputType(o), Shape = { -1 } }));
        return Task.FromResult(answer);
    }

    public override Task<ModelInferResponse> ModelInfer(ModelInferRequest request, ServerCallContext context) => Infer(request, context, batch: false);

    /// <summary>Answers each request of a stream in its order; one that fails is told in its place and the stream goes on.</summary>
    public override async Task ModelStreamInfer(IAsyncStreamReader<ModelInferRequest> requestStream, IServerStreamWriter<ModelStreamInferResponse> responseStream, ServerCallContext context)
    {
        while (await requestStream.MoveNext(context.CancellationToken))
        {
            ModelStreamInferResponse answer;
            try
            {
                answer = new ModelStreamInferResponse { InferResponse = await Infer(requestStream.Current, context, batch: true) };
            }
            catch (HoldfastException e)
            {
                answer = new ModelStreamInferResponse { ErrorMessage = OpenInferenceErrors.Text(e), InferResponse = new ModelInferResponse { ModelName = requestStream.Current.ModelName, Id = requestStream.Current.Id } };
            }

            await responseStream.WriteAsync(answer, context.CancellationToken);
        }
    }

    public override Task<RepositoryIndexResponse> RepositoryIndex(RepositoryIndexRequest request, ServerCallContext context)
    {
        var answer = new RepositoryIndexResponse();
        answer.Models.Add(OpenInferenceApi.Index(Who(context), serving, request.Ready)
            .Select(m => new RepositoryIndexResponse.Types.ModelIndex { Name = m.Name, Version = m.Version, State = m.State, Reason = m.Reason }));
        return Task.FromResult(answer);
    }

    public override async Task<RepositoryModelLoadResponse> RepositoryModelLoad(RepositoryModelLoadRequest request, ServerCallContext context)
    {
        var name = request.SecondName.Length > 0 ? request.SecondName : request.ModelName;
        await serving.Load(Who(context), name, context.CancellationToken);
        return new RepositoryModelLoadResponse { ModelName = name, IsLoaded = true };
    }

    public override async Task<RepositoryModelUnloadResponse> RepositoryModelUnload(RepositoryModelUnloadRequest request, ServerCallContext context)
    {
        var name = request.SecondName.Length > 0 ? request.SecondName : request.ModelName;
        await serving.Unload(Who(context), name, context.CancellationToken);
        return new RepositoryModelUnloadResponse { ModelName = name, IsUnloaded = true };
    }

    private async Task<ModelInferResponse> Infer(ModelInferRequest message, ServerCallContext context, bool batch)
    {
        var http = context.GetHttpContext();
        var request = GrpcTensors.Read(message);
        (request.Batch, request.Ended) = (batch, context.CancellationToken);
        InferHeaders.Take(http.Request, request);
        if (message.ModelVersion.Length > 0)
            request.Version = OpenInferenceApi.Number(message.ModelName, message.ModelVersion);
        var wanted = message.Outputs.Count == 0 ? null : message.Outputs.Select(o => ParsedInfer.Known(o.Name)).ToHashSet(StringComparer.Ordinal);
        var answer = await serving.Infer(http.Principal(), message.ModelName, request);
        return GrpcTensors.Write(message, answer, wanted);
    }

    private static Principal Who(ServerCallContext context) => context.GetHttpContext().Principal();
}
