using System.Buffers;
using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Holdfast.Contracts;
using Holdfast.Serving;

namespace Holdfast.Wire.OpenInference.Grpc;

/// <summary>Tensors as gRPC carries them: typed contents, or raw bytes for all of a message's tensors.</summary>
internal static class GrpcTensors
{
    public static InferRequest Read(ModelInferRequest message)
    {
        var request = new InferRequest { Id = message.Id.Length > 0 ? message.Id : null };
        if (message.Inputs.Count == 0)
            throw new HoldfastException(ErrorCode.InvalidArgument, "The request has no inputs.", "Send a tensor for each feature.");
        Parameters(message, request);
        var raw = message.RawInputContents;
        if (raw.Count > 0 && (raw.Count != message.Inputs.Count || message.Inputs.Any(i => i.Contents is not null)))
        {
            throw new HoldfastException(
                ErrorCode.InvalidArgument, $"The request has {message.Inputs.Count} inputs, {raw.Count} raw contents and {message.Inputs.Count(i => i.Contents is not null)} inputs with contents.",
                "Send either raw_input_contents for all inputs in their order, or contents in each.");
        }

        for (var i = 0; i < message.Inputs.Count; i++)
        {
            var input = message.Inputs[i];
            if (input.Name.Length == 0)
                throw TensorShape.Refused("An input has no name.", "Give every input the name of a feature.");
            var shape = TensorShape.Of(input.Name, input.Shape);
            if (raw.Count > 0)
                TensorBytes.Read(raw[i].Span, request, input.Name, input.Datatype, shape);
            else
                Contents(request, input, shape);
        }

        return request;
    }

    public static ModelInferResponse Write(ModelInferRequest message, InferAnswer answer, HashSet<string>? wanted)
    {
        var rows = answer.Ids.Length;
        var reply = new ModelInferResponse { ModelName = message.ModelName, Id = message.Id, ModelVersion = answer.Version >= 0 ? answer.Version.ToString(CultureInfo.InvariantCulture) : "" };
        reply.Parameters["variant"] = new InferParameter { StringParam = answer.Role };
        reply.Parameters["model"] = new InferParameter { StringParam = answer.Model };
        if (rows == 1)
            reply.Parameters["prediction_id"] = new InferParameter { StringParam = answer.Ids[0] };
        // As the request came, so the answer goes.
        var raw = message.RawInputContents.Count > 0;
        if (wanted?.Contains("score") != false)
            Add(reply, "score", rows, raw, c => c.Fp64Contents.Add(answer.Outcomes.Select(o => o.Score)), to => TensorBytes.Write(to, Array.ConvertAll(answer.Outcomes, o => o.Score)));
        if (wanted?.Contains("prediction") != false)
            Texts(reply, "prediction", raw, Array.ConvertAll(answer.Outcomes, o => o.Prediction));
        if (rows > 1 || wanted?.Contains("prediction_id") == true)
            Texts(reply, "prediction_id", raw, answer.Ids);
        return reply;
    }

    private static void Texts(ModelInferResponse reply, string name, bool raw, string[] texts) => Add(
        reply, name, texts.Length, raw, c => c.BytesContents.Add(texts.Select(ByteString.CopyFromUtf8)),
        to =>
        {
            foreach (var text in texts)
                TensorBytes.Write(to, text);
        });

    private static void Add(ModelInferResponse reply, string name, int rows, bool raw, Action<InferTensorContents> contents, Action<IBufferWriter<byte>> bytes)
    {
        var tensor = new ModelInferResponse.Types.InferOutputTensor { Name = name, Datatype = OpenInferenceApi.OutputType(name), Shape = { rows } };
        reply.Outputs.Add(tensor);
        if (raw)
        {
            var buffer = new ArrayBufferWriter<byte>();
            bytes(buffer);
            reply.RawOutputContents.Add(ByteString.CopyFrom(buffer.WrittenSpan));
        }
        else
        {
            tensor.Contents = new InferTensorContents();
            contents(tensor.Contents);
        }
    }

    private static void Parameters(ModelInferRequest message, InferRequest request)
    {
        if (message.Parameters.TryGetValue("key", out var key))
            request.Key = Text(key);
        if (message.Parameters.TryGetValue("event_time", out var at))
            request.EventTime = at.ParameterChoiceCase == InferParameter.ParameterChoiceOneofCase.Int64Param ? EventTimes.FromUnixMilliseconds(at.Int64Param) : EventTimes.Parse(Text(at));
    }

    private static string Text(InferParameter parameter) => parameter.ParameterChoiceCase switch
    {
        InferParameter.ParameterChoiceOneofCase.BoolParam => parameter.BoolParam ? "true" : "false",
        InferParameter.ParameterChoiceOneofCase.Int64Param => parameter.Int64Param.ToString(CultureInfo.InvariantCulture),
        InferParameter.ParameterChoiceOneofCase.Uint64Param => parameter.Uint64Param.ToString(CultureInfo.InvariantCulture),
        InferParameter.ParameterChoiceOneofCase.DoubleParam => parameter.DoubleParam.ToString("R", CultureInfo.InvariantCulture),
        _ => parameter.StringParam,
    };

    private static void Contents(InferRequest request, ModelInferRequest.Types.InferInputTensor input, TensorShape shape)
    {
        var contents = input.Contents ?? new InferTensorContents();
        switch (input.Datatype)
        {
            case "BYTES":
                shape.Put(request, input.Name, [.. Whole(contents.BytesContents, input.Name, shape).Select(b => b.ToStringUtf8())]);
                break;
            case "BOOL":
                shape.Put(request, input.Name, Numbers(contents.BoolContents, input.Name, shape, b => b ? 1 : 0));
                break;
            case "INT8" or "INT16" or "INT32":
                shape.Put(request, input.Name, Numbers(contents.IntContents, input.Name, shape, v => Fits(v, input, input.Datatype == "INT8" ? sbyte.MinValue : input.Datatype == "INT16" ? short.MinValue : int.MinValue, input.Datatype == "INT8" ? sbyte.MaxValue : input.Datatype == "INT16" ? short.MaxValue : int.MaxValue)));
                break;
            case "INT64":
                shape.Put(request, input.Name, Numbers(contents.Int64Contents, input.Name, shape, v => v));
                break;
            case "UINT8" or "UINT16" or "UINT32":
                shape.Put(request, input.Name, Numbers(contents.UintContents, input.Name, shape, v => Fits(v, input, 0, input.Datatype == "UINT8" ? byte.MaxValue : input.Datatype == "UINT16" ? ushort.MaxValue : uint.MaxValue)));
                break;
            case "UINT64":
                shape.Put(request, input.Name, Numbers(contents.Uint64Contents, input.Name, shape, v => v));
                break;
            case "FP32":
                shape.Put(request, input.Name, Numbers(contents.Fp32Contents, input.Name, shape, v => v));
                break;
            case "FP64":
                shape.Put(request, input.Name, Numbers(contents.Fp64Contents, input.Name, shape, v => v));
                break;
            default:
                throw TensorShape.Refused(
                    $"The input '{input.Name}' has the datatype '{input.Datatype}'.",
                    input.Datatype is "FP16" or "BF16" ? "It has no typed contents; send raw_input_contents." : "Use one of BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, FP16, BF16, FP32, FP64, BYTES.");
        }
    }

    private static double Fits(double value, ModelInferRequest.Types.InferInputTensor input, double low, double high) => value >= low && value <= high
        ? value
        : throw TensorShape.Refused($"The input '{input.Name}' is {input.Datatype}, which {value.ToString(CultureInfo.InvariantCulture)} is not.", "Send values in its range.");

    private static double[] Numbers<T>(RepeatedField<T> values, string name, TensorShape shape, Func<T, double> number)
    {
        var numbers = new double[Whole(values, name, shape).Count];
        for (var i = 0; i < numbers.Length; i++)
            numbers[i] = number(values[i]);
        return numbers;
    }

    private static RepeatedField<T> Whole<T>(RepeatedField<T> values, string name, TensorShape shape) =>
        values.Count == shape.Count ? values : throw shape.Wrong(name, $"the contents of its datatype have {values.Count} elements");
}
