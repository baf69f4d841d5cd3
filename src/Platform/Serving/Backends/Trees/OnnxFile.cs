using Google.Protobuf;
using Google.Protobuf.Collections;
using Holdfast.Serving.Backends.Trees.Proto;

namespace Holdfast.Serving.Backends.Trees;

/// <summary>An ONNX file as far as it is looked at here.</summary>
internal static class OnnxFile
{
    // Trees are megabytes; what is larger is a network, which ONNX Runtime runs from the file.
    private const long Largest = 512L << 20;

    /// <summary>The parsed file; null when it is too large to be worth it, or no ONNX at all, which ONNX Runtime words better.</summary>
    public static ModelProto? Read(string path)
    {
        if (!File.Exists(path) || new FileInfo(path).Length > Largest)
            return null;
        try
        {
            using var stream = File.OpenRead(path);
            return ModelProto.Parser.ParseFrom(stream) is { Graph: not null } model ? model : null;
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    /// <summary>
    /// Takes away the maps that converters of scikit-learn, LightGBM and XGBoost put around probabilities, so that the model gives
    /// the tensor itself; false when there are none.
    /// </summary>
    public static bool Unmap(ModelProto model)
    {
        var maps = model.Graph.Node.Where(n => n.OpType == "ZipMap").ToList();
        foreach (var map in maps)
        {
            var (from, to) = (map.Input[0], map.Output[0]);
            model.Graph.Node.Remove(map);
            foreach (var node in model.Graph.Node)
            {
                Rename(node.Input, from, to);
                Rename(node.Output, from, to);
            }

            foreach (var output in model.Graph.Output.Where(o => o.Name == to))
                output.Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = 1 } };
        }

        return maps.Count > 0;
    }

    private static void Rename(RepeatedField<string> names, string from, string to)
    {
        for (var i = 0; i < names.Count; i++)
        {
            if (names[i] == from)
                names[i] = to;
        }
    }
}
