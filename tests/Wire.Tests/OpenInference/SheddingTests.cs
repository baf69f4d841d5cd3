using System.Net;
using Grpc.Core;
using Grpc.Net.Client;
using Holdfast.Serving;
using Holdfast.Wire.OpenInference.Grpc;

namespace Holdfast.Wire.Tests.OpenInference;

/// <summary>A request too many is turned away in the words of each protocol.</summary>
[Collection(nameof(ServingServer))]
public sealed class SheddingTests(ServingServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_request_too_many_is_a_429_with_a_time_to_come_again()
    {
        await server.Serving.ApplyEndpoint(ServingServer.Someone, new EndpointSpec("slow", Fallback: ServingServer.Rules, Concurrency: 1, Timeout: TimeSpan.FromSeconds(30)), null, Ct);
        await server.Serving.SetPlan(ServingServer.Someone, "slow", RoutePlan.Empty with { Primary = new VariantRef("m", ServingServer.WaitingVersion) }, 0, Ct);
        var request = new InferRequest();
        request.Add("income", [1.0]);
        request.Add("region", ["n"]);
        var inside = server.Serving.Infer(ServingServer.Someone, "slow", request).AsTask();
        while (server.Serving.Traffic(ServingServer.Someone, "slow")!.InFlight == 0)
            await Task.Yield();
        const string V2 = """{"inputs":[{"name":"income","shape":[1],"datatype":"FP64","data":[1]},{"name":"region","shape":[1],"datatype":"BYTES","data":["n"]}]}""";
        const string Rows = """{"instances":[{"income":1,"region":"n"}]}""";
        foreach (var (path, body, field) in new[] { ("/v2/models/slow/infer", V2, "error"), ("/v1/models/slow:predict", Rows, "error"), ("/endpoints/slow/invocations", Rows, "message") })
        {
            var (status, answer, response) = await server.Post(path, ServingServer.Json(body));
            Assert.Equal((HttpStatusCode.TooManyRequests, TimeSpan.FromSeconds(1)), (status, response.Headers.RetryAfter!.Delta));
            Assert.Contains("answers 1 requests at once", answer.GetProperty(field).GetString(), StringComparison.Ordinal);
        }

        using var channel = GrpcChannel.ForAddress(server.GrpcUrl);
        var message = new ModelInferRequest { ModelName = "slow", Inputs = { new ModelInferRequest.Types.InferInputTensor { Name = "income", Datatype = "FP64", Shape = { 1 }, Contents = new() { Fp64Contents = { 1 } } } } };
        var e = await Assert.ThrowsAsync<RpcException>(async () => await new GRPCInferenceService.GRPCInferenceServiceClient(channel).ModelInferAsync(message, cancellationToken: Ct));
        Assert.Equal((StatusCode.ResourceExhausted, "1"), (e.StatusCode, e.Trailers.GetValue("retry-after")));
        ServingServer.Release();
        Assert.Equal("primary", (await inside).Role);
        Assert.Equal(4, server.Serving.Traffic(ServingServer.Someone, "slow")!.Shed);
    }
}
