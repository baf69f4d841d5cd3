using Google.Protobuf;
using Holdfast.Registry;
using Holdfast.Serving.Backends.Trees.Proto;

namespace Holdfast.Platform.Tests.Serving.Backends;

/// <summary>Writes small ONNX models node by node, as converters do.</summary>
internal sealed class TestOnnx
{
    private const int Float = 1;
    private readonly GraphProto _graph = new() { Name = "test" };
    private readonly int _opset;

    public TestOnnx(int mlOpset = 3) => _opset = mlOpset;

    public TestOnnx Input(string name, int columns) => Put(_graph.Input, name, columns);

    public TestOnnx Output(string name, int columns) => Put(_graph.Output, name, columns);

    /// <summary>An output whose type is left out, as that of a sequence of maps.</summary>
    public TestOnnx Maps(string name)
    {
        // sequence(map(int64, tensor(float)))
        _graph.Output.Add(new ValueInfoProto { Name = name, Type = TypeProto.Parser.ParseFrom([0x22, 0x0C, 0x0A, 0x0A, 0x2A, 0x08, 0x08, 0x07, 0x12, 0x04, 0x0A, 0x02, 0x08, 0x01]) });
        return this;
    }

    public TestOnnx Labels(string name)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimParam = "N" });
        _graph.Output.Add(new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = 7, Shape = shape } } });
        return this;
    }

    public TestOnnx Constant(string name, params float[] values)
    {
        var tensor = new TensorProto { Name = name, DataType = Float };
        tensor.Dims.Add(values.Length);
        tensor.FloatData.Add(values);
        _graph.Initializer.Add(tensor);
        return this;
    }

    public TestOnnx Matrix(string name, int rows, int columns, float[] values)
    {
        var tensor = new TensorProto { Name = name, DataType = Float };
        tensor.Dims.Add([rows, columns]);
        tensor.FloatData.Add(values);
        _graph.Initializer.Add(tensor);
        return this;
    }

    public TestOnnx Node(string op, string[] inputs, string[] outputs, string domain = "", params AttributeProto[] attributes)
    {
        var node = new NodeProto { OpType = op, Domain = domain, Name = op + _graph.Node.Count };
        node.Input.Add(inputs);
        node.Output.Add(outputs);
        node.Attribute.Add(attributes);
        _graph.Node.Add(node);
        return this;
    }

    public byte[] ToBytes()
    {
        var model = new ModelProto { IrVersion = 8, Graph = _graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 17 });
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "ai.onnx.ml", Version = _opset });
        return model.ToByteArray();
    }

    /// <summary>Writes a package folder around a model.</summary>
    public static ModelPackage Write(string folder, byte[] model, string task, IReadOnlyList<SignatureField> inputs, RuntimeSpec? runtime = null, string output = "score")
    {
        File.WriteAllBytes(Path.Combine(folder, "model.onnx"), model);
        var package = new ModelPackage(1, "onnx", "model.onnx", task, new Signature(inputs, [new SignatureField(output, "FP32")]), Runtime: runtime);
        package.Write(folder);
        return package;
    }

    public static AttributeProto Ints(string name, IEnumerable<long> values)
    {
        var attribute = new AttributeProto { Name = name, Type = 7 };
        attribute.Ints.Add(values);
        return attribute;
    }

    public static AttributeProto Floats(string name, IEnumerable<float> values)
    {
        var attribute = new AttributeProto { Name = name, Type = 6 };
        attribute.Floats.Add(values);
        return attribute;
    }

    public static AttributeProto Texts(string name, IEnumerable<string> values)
    {
        var attribute = new AttributeProto { Name = name, Type = 8 };
        attribute.Strings.Add(values.Select(ByteString.CopyFromUtf8));
        return attribute;
    }

    public static AttributeProto Tensor(string name, IEnumerable<float> values)
    {
        var tensor = new TensorProto { Name = name, DataType = Float };
        tensor.FloatData.Add(values);
        tensor.Dims.Add(tensor.FloatData.Count);
        return new AttributeProto { Name = name, Type = 4, T = tensor };
    }

    public static AttributeProto Bytes(string name, IEnumerable<byte> values)
    {
        var raw = values.ToArray();
        var tensor = new TensorProto { Name = name, DataType = 2, RawData = ByteString.CopyFrom(raw) };
        tensor.Dims.Add(raw.Length);
        return new AttributeProto { Name = name, Type = 4, T = tensor };
    }

    public static AttributeProto Int(string name, long value) => new() { Name = name, Type = 2, I = value };

    public static AttributeProto Text(string name, string value) => new() { Name = name, Type = 3, S = ByteString.CopyFromUtf8(value) };

    private TestOnnx Put(Google.Protobuf.Collections.RepeatedField<ValueInfoProto> list, string name, int columns)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimParam = "N" });
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = columns });
        list.Add(new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = Float, Shape = shape } } });
        return this;
    }
}
