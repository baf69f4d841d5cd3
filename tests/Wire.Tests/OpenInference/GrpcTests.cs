using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Holdfast.Kernel;
using Holdfast.Platform.Tests;
using Holdfast.Serving;
using Holdfast.Wire.OpenInference.Grpc;
using static Holdfast.Wire.OpenInference.Grpc.GRPCInferenceService;
using Tensor = Holdfast.Wire.OpenInference.Grpc.ModelInferRequest.Types.InferInputTensor;

namespace Holdfast.Wire.Tests.OpenInference;

/// <summary>The protocol over gRPC, by a client made from the same description.</summary>
[Collection(nameof(ServingServer))]
public sealed class GrpcTests : IDisposable
{
    private readonly ServingServer _server;
    private readonly GrpcChannel _channel;
    private readonly GRPCInferenceServiceClient _client;

    public GrpcTests(ServingServer server)
    {
        _server = server;
        _channel = GrpcChannel.ForAddress(server.GrpcUrl);
        _client = new GRPCInferenceServiceClient(_channel);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _channel.Dispose();

    [Fact]
    public async Task Health_and_metadata()
    {
        Assert.True((await _client.ServerLiveAsync(new(), cancellationToken: Ct)).Live);
        Assert.True((await _client.ServerReadyAsync(new(), cancellationToken: Ct)).Ready);
        Assert.True((await _client.ModelReadyAsync(new() { Name = "credit", Version = "1" }, cancellationToken: Ct)).Ready);
        Assert.Contains("binary_tensor_data", (await _client.ServerMetadataAsync(new(), cancellationToken: Ct)).Extensions);
        var model = await _client.ModelMetadataAsync(new() { Name = "credit" }, cancellationToken: Ct);
        Assert.Equal(("credit", "onnx_onnxv1", "1 2"), (model.Name, model.Platform, string.Join(' ', model.Versions)));
        Assert.Equal(["income FP64 -1", "age INT32 -1", "region BYTES -1"], model.Inputs.Select(i => $"{i.Name} {i.Datatype} {string.Join(',', i.Shape)}"));
        Assert.Equal(["score FP64", "prediction BYTES"], model.Outputs.Select(o => $"{o.Name} {o.Datatype}"));
    }

    [Fact]
    public async Task Typed_contents_are_answered_with_typed_contents()
    {
        var request = new ModelInferRequest { ModelName = "credit", Id = "r1" };
        request.Inputs.Add(new Tensor { Name = "income", Datatype = "FP32", Shape = { 2 }, Contents = new() { Fp32Contents = { 10_000, 60_000 } } });
        request.Inputs.Add(new Tensor { Name = "age", Datatype = "INT16", Shape = { 2 }, Contents = new() { IntContents = { 30, 40 } } });
        request.Inputs.Add(new Tensor { Name = "region", Datatype = "BYTES", Shape = { 2 }, Contents = new() { BytesContents = { ByteString.CopyFromUtf8("n"), ByteString.CopyFromUtf8("s") } } });
        var answer = await _client.ModelInferAsync(request, cancellationToken: Ct);
        Assert.Equal(("credit", "1", "r1"), (answer.ModelName, answer.ModelVersion, answer.Id));
        Assert.Equal([0.1, 0.6], answer.Outputs.Single(o => o.Name == "score").Contents.Fp64Contents);
        Assert.Equal(["0", "1"], answer.Outputs.Single(o => o.Name == "prediction").Contents.BytesContents.Select(b => b.ToStringUtf8()));
        Assert.Equal(2, answer.Outputs.Single(o => o.Name == "prediction_id").Contents.BytesContents.Distinct().Count());
        Assert.Empty(answer.RawOutputContents);
    }

    [Fact]
    public async Task Raw_contents_are_answered_raw_with_the_outputs_asked_for()
    {
        var request = Raw("credit", 60_000);
        request.ModelVersion = "2";
        request.Outputs.Add(new ModelInferRequest.Types.InferRequestedOutputTensor { Name = "score" });
        var answer = await _client.ModelInferAsync(request, cancellationToken: Ct);
        Assert.Equal("2", answer.ModelVersion);
        Assert.Equal("score FP64 1", $"{answer.Outputs.Single().Name} {answer.Outputs[0].Datatype} {string.Join(',', answer.Outputs[0].Shape)}");
        Assert.Equal(1.2, BitConverter.ToDouble(answer.RawOutputContents.Single().Span), 12);
        Assert.Equal(7, Guid.Parse(answer.Parameters["prediction_id"].StringParam).Version);
    }

    [Fact]
    public async Task What_is_wrong_is_a_status_that_says_it()
    {
        Assert.Equal(StatusCode.NotFound, (await Failed(Raw("nobody", 1))).StatusCode);
        var missing = new ModelInferRequest { ModelName = "credit" };
        missing.Inputs.Add(new Tensor { Name = "age", Datatype = "FP64", Shape = { 1 }, Contents = new() { Fp64Contents = { 30.5 } } });
        var e = await Failed(missing);
        Assert.Equal(StatusCode.InvalidArgument, e.StatusCode);
        Assert.Contains("'income' is missing and has no default; the input 'age' is INT32, which 30.5 is not; the input 'region' is missing", e.Status.Detail, StringComparison.Ordinal);
        var mixed = Raw("credit", 1);
        mixed.Inputs[0].Contents = new() { Fp64Contents = { 1 } };
        Assert.Contains("1 inputs with contents", (await Failed(mixed)).Status.Detail, StringComparison.Ordinal);
        var wrong = Raw("credit", 1);
        wrong.Inputs[0].Shape[0] = 3;
        Assert.Contains("3 values of FP64 are 24", (await Failed(wrong)).Status.Detail, StringComparison.Ordinal);
        var half = new ModelInferRequest { ModelName = "credit", Inputs = { new Tensor { Name = "income", Datatype = "FP16", Shape = { 1 }, Contents = new() } } };
        Assert.Contains("raw_input_contents", (await Failed(half)).Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_answers_in_order_and_goes_on_after_a_fault()
    {
        using var stream = _client.ModelStreamInfer(cancellationToken: Ct);
        foreach (var request in new[] { Raw("credit", 10_000), Raw("nobody", 1), Raw("credit", 60_000) })
            await stream.RequestStream.WriteAsync(request, Ct);
        await stream.RequestStream.CompleteAsync();
        var answers = new List<ModelStreamInferResponse>();
        await foreach (var answer in stream.ResponseStream.ReadAllAsync(Ct))
            answers.Add(answer);
        Assert.Equal(["", "There is no endpoint 'nobody' in this workspace. Declare it in holdfast.yaml and run 'holdfast apply'.", ""], answers.Select(a => a.ErrorMessage));
        Assert.Equal(0.6, BitConverter.ToDouble(answers[2].InferResponse.RawOutputContents[0].Span), 12);
    }

    [Fact]
    public async Task Models_are_listed_unloaded_and_loaded()
    {
        await _server.Serving.ApplyEndpoint(ServingServer.Someone, new EndpointSpec("grpc-load", Fallback: ServingServer.Rules), null, Ct);
        Assert.True((await _client.RepositoryModelUnloadAsync(new() { SecondName = "grpc-load" }, cancellationToken: Ct)).IsUnloaded);
        Assert.Equal(StatusCode.Unavailable, (await Failed(Raw("grpc-load", 1))).StatusCode);
        var index = await _client.RepositoryIndexAsync(new(), cancellationToken: Ct);
        Assert.Equal(("UNAVAILABLE", "unloaded"), index.Models.Where(m => m.Name == "grpc-load").Select(m => (m.State, m.Reason)).Single());
        Assert.DoesNotContain("grpc-load", (await _client.RepositoryIndexAsync(new() { Ready = true }, cancellationToken: Ct)).Models.Select(m => m.Name));
        Assert.True((await _client.RepositoryModelLoadAsync(new() { ModelName = "grpc-load" }, cancellationToken: Ct)).IsLoaded);
        Assert.True((await _client.ModelReadyAsync(new() { Name = "grpc-load" }, cancellationToken: Ct)).Ready);
        var told = await _server.Host.Service<Journal>().Read(ServingServer.Someone, new JournalQuery(Subject: "grpc-load"), Ct);
        Assert.Equal(["endpoint.applied", "endpoint.unloaded", "endpoint.loaded"], told.Select(e => e.Kind));
    }

    [Fact]
    public async Task A_token_in_the_metadata_gives_the_same_rights_as_over_HTTP()
    {
        await using var host = await TestHost.Start(requireToken: true, change: o => o with { GrpcUrls = [$"http://127.0.0.1:{Free()}"] });
        var url = host.Service<Serve.ServeOptions>().GrpcUrls[0];
        using var channel = GrpcChannel.ForAddress(url);
        var client = new GRPCInferenceServiceClient(channel);
        Assert.True((await client.ServerLiveAsync(new(), cancellationToken: Ct)).Live);
        var e = await Assert.ThrowsAsync<RpcException>(async () => await client.ModelReadyAsync(new() { Name = "x" }, cancellationToken: Ct));
        Assert.Equal(StatusCode.Unauthenticated, e.StatusCode);
        Assert.Contains("demands a token", e.Status.Detail, StringComparison.Ordinal);
        var viewer = new Metadata { { "authorization", "Bearer " + await host.Token(Role.Viewer) } };
        e = await Assert.ThrowsAsync<RpcException>(async () => await client.ModelReadyAsync(new() { Name = "x" }, viewer, cancellationToken: Ct));
        Assert.Equal(StatusCode.NotFound, e.StatusCode);
        e = await Assert.ThrowsAsync<RpcException>(async () => await client.ModelInferAsync(Raw("x", 1), viewer, cancellationToken: Ct));
        Assert.Equal(StatusCode.PermissionDenied, e.StatusCode);
    }

    private async Task<RpcException> Failed(ModelInferRequest request) => await Assert.ThrowsAsync<RpcException>(async () => await _client.ModelInferAsync(request, cancellationToken: Ct));

    private static ModelInferRequest Raw(string model, double income) => new()
    {
        ModelName = model,
        Inputs = { new Tensor { Name = "income", Datatype = "FP64", Shape = { 1 } }, new Tensor { Name = "region", Datatype = "BYTES", Shape = { 1 } } },
        RawInputContents = { ByteString.CopyFrom(BitConverter.GetBytes(income)), ByteString.CopyFrom(1, 0, 0, 0, (byte)'n') },
    };

    private static int Free()
    {
        using var probe = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        probe.Start();
        return ((System.Net.IPEndPoint)probe.LocalEndpoint).Port;
    }
}
