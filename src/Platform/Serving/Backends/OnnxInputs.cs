using Holdfast.Contracts;
using Holdfast.Registry;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Holdfast.Serving.Backends;

/// <summary>How a signature becomes the tensors of a model: one matrix, or one tensor per feature.</summary>
internal sealed class OnnxInputs
{
    private readonly ColumnMap _map;

    public OnnxInputs(InferenceSession session, Signature signature, string path)
    {
        Fields = signature.Inputs;
        _map = new ColumnMap([.. Fields.Select(f => f.Name)]);
        Width = Fields.Sum(WidthOf);
        var found = session.InputMetadata;
        var first = found.First();
        IsMatrix = found.Count == 1 && first.Value.Dimensions.Length == 2 && (Width != 1 || Fields[0].Name != first.Key || Fields[0].Categories is not null);
        if (IsMatrix)
        {
            Names = [first.Key];
            Types = [first.Value.ElementDataType];
            Ranks = [2];
            var faults = new List<Fault>();
            if (first.Value.Dimensions[1] is > 0 and var columns && columns != Width)
                faults.Add(new Fault("signature.inputs", $"give {Width} columns, but the model's input '{first.Key}' takes {columns}", "List the inputs in the model's order; a text input gives one column for each of its categories."));
            if (first.Value.ElementDataType is not TensorElementType.Float)
                faults.Add(new Fault(first.Key, $"is a matrix of {first.Value.ElementDataType}", "Export the model with a float32 input."));
            faults.AddRange(Fields.Where(f => f.Datatype == "BYTES" && f.Categories is null).Select(f => new Fault($"signature.inputs.{f.Name}", "is text without categories, but the model takes a matrix of numbers", "List its categories; they become one-hot columns.")));
            Refuse(path, faults);
            return;
        }

        Check(found, path);
        Names = [.. Fields.Select(f => f.Name)];
        Types = [.. Fields.Select(f => found[f.Name].ElementDataType)];
        Ranks = [.. Fields.Select(f => found[f.Name].Dimensions.Length)];
    }

    public IReadOnlyList<SignatureField> Fields { get; }

    /// <summary>Columns of the matrix, after one-hot expansion.</summary>
    public int Width { get; }

    public bool IsMatrix { get; }

    public IReadOnlyCollection<string> Names { get; }

    public TensorElementType[] Types { get; }

    public int[] Ranks { get; }

    public int[] Columns(FeatureRows rows) => _map.For(rows);

    /// <summary>Columns that a field takes in the matrix.</summary>
    public static int WidthOf(SignatureField field) => field.Categories?.Count ?? 1;

    /// <summary>A field's number in a row: NaN, or its default, when missing.</summary>
    public static double NumberAt(SignatureField field, FeatureRows rows, int column, int row)
    {
        var value = column < 0 ? double.NaN : rows.Numbers(column)[row];
        return double.IsNaN(value) ? field.Default ?? double.NaN : value;
    }

    private void Check(IReadOnlyDictionary<string, NodeMetadata> found, string path)
    {
        var faults = new List<Fault>();
        foreach (var field in Fields)
        {
            if (!found.TryGetValue(field.Name, out var input))
                faults.Add(new Fault($"signature.inputs.{field.Name}", "is not an input of the model", $"The model takes {string.Join(", ", found.Keys)}."));
            else if (input.Dimensions.Length is < 1 or > 2 || (input.Dimensions.Length == 2 && input.Dimensions[1] > 1))
                faults.Add(new Fault($"signature.inputs.{field.Name}", $"has the shape [{string.Join(", ", input.Dimensions)}] in the model", "Holdfast feeds [N] or [N, 1]."));
            else if (input.ElementDataType is not (TensorElementType.Float or TensorElementType.Double or TensorElementType.Int64 or TensorElementType.Int32 or TensorElementType.Bool or TensorElementType.String))
                faults.Add(new Fault($"signature.inputs.{field.Name}", $"is a tensor of {input.ElementDataType}", "Use float32, float64, int32, int64, bool or string."));
            else if ((input.ElementDataType == TensorElementType.String) != (field.Datatype == "BYTES"))
                faults.Add(new Fault($"signature.inputs.{field.Name}", $"is {field.Datatype}, but a tensor of {input.ElementDataType} in the model", "Declare BYTES for a string tensor, a number type for the others."));
        }

        faults.AddRange(found.Keys.Where(k => Fields.All(f => f.Name != k)).Select(k => new Fault($"signature.inputs.{k}", "is an input of the model but not declared", "Declare it in the signature.")));
        Refuse(path, faults);
    }

    private static void Refuse(string path, List<Fault> faults)
    {
        if (faults.Count > 0)
            throw new HoldfastException($"{path} does not fit its signature: {string.Join("; ", faults.Select(f => $"{f.Field} {f.Message}"))}.", faults);
    }
}
