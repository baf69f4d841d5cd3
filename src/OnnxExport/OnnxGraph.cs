using Google.Protobuf;
using Holdfast.OnnxExport.Proto;

namespace Holdfast.OnnxExport;

/// <summary>A graph under construction, from one [N, F] float input to named [N, 1] outputs.</summary>
internal sealed class OnnxGraph
{
    private const int FloatType = 1;
    private readonly GraphProto _graph = new() { Name = "holdfast" };
    private int _names;

    public OnnxGraph(string input, int columns)
    {
        Input = input;
        _graph.Input.Add(Value(input, columns));
    }

    /// <summary>Name of the input.</summary>
    public string Input { get; }

    /// <summary>Adds a node and gives the name of its output.</summary>
    public string Add(string op, string[] inputs, string? output = null, string domain = "", params AttributeProto[] attributes)
    {
        var name = output ?? $"{op.ToLowerInvariant()}_{++_names}";
        var node = new NodeProto { OpType = op, Name = name, Domain = domain };
        node.Input.Add(inputs);
        node.Output.Add(name);
        node.Attribute.Add(attributes);
        _graph.Node.Add(node);
        return name;
    }

    /// <summary>Adds a constant and gives its name.</summary>
    public string Constant(ReadOnlySpan<float> values, params ReadOnlySpan<long> shape)
    {
        var tensor = new TensorProto { Name = $"constant_{++_names}", DataType = FloatType };
        foreach (var size in shape)
            tensor.Dims.Add(size);
        foreach (var value in values)
            tensor.FloatData.Add(value);
        _graph.Initializer.Add(tensor);
        return tensor.Name;
    }

    /// <summary>Declares an [N, 1] output.</summary>
    public void Output(string name) => _graph.Output.Add(Value(name, 1));

    /// <summary>The whole model as it stands in a file.</summary>
    public byte[] ToBytes()
    {
        var model = new ModelProto { IrVersion = 8, ProducerName = "holdfast", ProducerVersion = "1", Graph = _graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 17 });
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "ai.onnx.ml", Version = 3 });
        return model.ToByteArray();
    }

    public static AttributeProto Ints(string name, IEnumerable<long> values)
    {
        var attribute = new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Ints };
        attribute.Ints.Add(values);
        return attribute;
    }

    public static AttributeProto Floats(string name, IEnumerable<float> values)
    {
        var attribute = new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Floats };
        attribute.Floats.Add(values);
        return attribute;
    }

    public static AttributeProto Strings(string name, IEnumerable<string> values)
    {
        var attribute = new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Strings };
        attribute.Strings.Add(values.Select(ByteString.CopyFromUtf8));
        return attribute;
    }

    public static AttributeProto Int(string name, long value) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = value };

    public static AttributeProto String(string name, string value) => new() { Name = name, Type = AttributeProto.Types.AttributeType.String, S = ByteString.CopyFromUtf8(value) };

    private static ValueInfoProto Value(string name, int columns)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimParam = "N" });
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = columns });
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = FloatType, Shape = shape } } };
    }
}
