using Google.Protobuf;
using Holdfast.Contracts;
using Holdfast.Registry;
using Holdfast.Serving.Backends.Trees;
using Holdfast.Storage.Tables;

namespace Holdfast.Serving.Backends;

/// <summary>
/// Chooses what runs an ONNX model: ensembles of trees are evaluated here when that agrees with ONNX Runtime on generated rows;
/// everything else, and what does not agree, by ONNX Runtime. The choice and its reason stand in <see cref="BackendInfo.Note"/>.
/// </summary>
internal static class OnnxLoader
{
    public static IBackend Load(string path, string folder, ModelPackage package)
    {
        var model = OnnxFile.Read(path);
        var changed = model is not null && OnnxFile.Unmap(model);
        var runtime = OnnxBackend.Load(path, package, changed ? model!.ToByteArray() : null);
        try
        {
            var engine = package.Runtime?.Engine ?? "auto";
            var (trees, why) = engine == "onnxruntime" ? (null, "ONNX Runtime as declared") : Trees(model, runtime, folder, package);
            if (trees is not null)
            {
                runtime.Dispose();
                return trees;
            }

            if (engine == "trees")
                throw new HoldfastException(ErrorCode.InvalidArgument, $"{path} is declared with the engine 'trees', but {why}.", "Leave runtime.engine out, and ONNX Runtime runs it.");
            runtime.Settle(why, package.Runtime?.Batching);
            return runtime;
        }
        catch (HoldfastException)
        {
            runtime.Dispose();
            throw;
        }
    }

    private static (TreeBackend? Trees, string Why) Trees(Serving.Backends.Trees.Proto.ModelProto? model, OnnxBackend runtime, string folder, ModelPackage package)
    {
        if (model is null)
            return (null, "ONNX Runtime, as the file is too large to be looked at");
        TreeBackend trees;
        try
        {
            trees = new TreeBackend(TreeGraph.Read(model.Graph, runtime.Outputs.Names[0]), runtime.Inputs, runtime.Outputs.IsLabelled, package, Background(folder, package));
        }
        catch (HoldfastException e) when (e.Code == ErrorCode.Unsupported)
        {
            return (null, "ONNX Runtime, as " + e.Message);
        }

        if (TreeAgreement.Check(trees, runtime, package.Threshold) is { } difference)
            return (null, "ONNX Runtime, as the trees evaluated here do not agree with it: " + difference);
        trees.Settle($"{trees.Trees.Roots.Length} trees evaluated here; they agree with ONNX Runtime on {TreeAgreement.Rows} generated rows");
        return (trees, "");
    }

    private static FeatureRows? Background(string folder, ModelPackage package)
    {
        if (package.Runtime?.Background is not { } name)
            return null;
        var table = TableReader.Read(Path.Combine(folder, name));
        var rows = FeatureRows.For(package.Signature, table.Rows);
        var faults = new List<Fault>();
        for (var i = 0; i < rows.Names.Count; i++)
        {
            var column = table.Find(rows.Names[i]);
            if (column is null)
                faults.Add(new Fault(rows.Names[i], "is not a column of it"));
            else if (rows.Texts(i) is { } texts)
                Enumerable.Range(0, table.Rows).Select(row => column.IsMissing(row) ? null : column.Format(row)).ToArray().CopyTo(texts, 0);
            else if (column.Kind == ColumnKind.Text)
                faults.Add(new Fault(rows.Names[i], "is a column of texts, the signature has a number"));
            else
                column.Numbers.CopyTo(rows.Numbers(i), 0);
        }

        return faults.Count == 0 ? rows : throw new HoldfastException($"The background {name} does not fit the signature.", faults);
    }
}
