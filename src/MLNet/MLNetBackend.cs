using Holdfast.Contracts;
using Holdfast.Registry;
using Holdfast.Serving.Backends;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Holdfast.MLNet;

/// <summary>
/// A model that ML.NET saved as a zip file, run by ML.NET. A request costs far more than the same model as ONNX: this is for
/// pipelines that cannot be exported.
/// </summary>
public sealed class MLNetBackend : IBackend
{
    private readonly ITransformer _model;
    private readonly DataViewSchema _schema;
    private readonly OutcomeRule _rule;
    private readonly DataViewSchema.Column _score;
    private readonly string[]? _labels;

    private MLNetBackend(ITransformer model, DataViewSchema schema, ModelPackage package, DataViewSchema.Column score)
    {
        (_model, _schema, _score, _rule) = (model, schema, score, new OutcomeRule(package));
        _labels = package.Task == "multiclass" ? SlotNames(_score) : null;
        Info = new BackendInfo("mlnet", package.Task, package.Signature) { Note = "run by ML.NET; an ONNX export answers much faster" };
    }

    public BackendInfo Info { get; }

    /// <summary>Loads the zip file and checks it against the signature; all faults at once.</summary>
    public static MLNetBackend Load(string file, ModelPackage package)
    {
        ArgumentNullException.ThrowIfNull(package);
        ITransformer model;
        DataViewSchema schema;
        try
        {
            model = new MLContext(seed: 1).Model.Load(file, out schema);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The edge of foreign code, which throws of many kinds at a broken file.
            throw new HoldfastException(ErrorCode.InvalidArgument, $"ML.NET cannot load {file}: {e.Message}", "Save the model again with mlContext.Model.Save(model, schema, path); trainers beyond FastTree and the linear ones need packages that Holdfast does not have.", e);
        }

        if (schema is null)
            throw new HoldfastException(ErrorCode.InvalidArgument, $"{file} holds no input schema.", "Save the model with the schema of its training data: mlContext.Model.Save(model, data.Schema, path).");
        var columns = schema.ToDictionary(c => c.Name, StringComparer.Ordinal);
        var single = RowsView.VectorOf(schema, package.Signature);
        var faults = package.Signature.Inputs
            .Where(i => single is null && !columns.ContainsKey(i.Name))
            .Select(i => new Fault($"signature.inputs.{i.Name}", "is not a column of the model", $"The model takes {string.Join(", ", columns.Keys)}."))
            .ToList();
        faults.AddRange(package.Signature.Inputs
            .Where(i => single is null && columns.TryGetValue(i.Name, out var column) && !RowsView.Takes(column.Type, i))
            .Select(i => new Fault($"signature.inputs.{i.Name}", $"is {i.Datatype}, but {columns[i.Name].Type} in the model", "Declare BYTES for a text, a number type for a number or a boolean.")));
        if (faults.Count > 0)
            throw new HoldfastException($"{file} does not fit its signature.", faults);
        var output = model.GetOutputSchema(schema);
        var score = (package.Task == "binary" ? output.GetColumnOrNull("Probability") : null) ?? output.GetColumnOrNull("Score")
            ?? throw new HoldfastException(ErrorCode.InvalidArgument, $"{file} gives no column Score; it gives {string.Join(", ", output.Select(c => c.Name))}.", "Save a model that ends with a trainer.");
        return new MLNetBackend(model, schema, package, score);
    }

    public void Predict(FeatureRows rows, Span<Outcome> outcomes)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var scored = _model.Transform(new RowsView(_schema, Info.Signature, rows));
        var column = scored.Schema[_score.Name];
        using var cursor = scored.GetRowCursor([column]);
        var isVector = column.Type is VectorDataViewType;
        var number = isVector ? null : cursor.GetGetter<float>(column);
        var numbers = isVector ? cursor.GetGetter<VBuffer<float>>(column) : null;
        var (value, buffer) = (0f, default(VBuffer<float>));
        for (var row = 0; cursor.MoveNext(); row++)
        {
            if (number is not null)
            {
                number(ref value);
                outcomes[row] = _rule.Of<float>([value]);
                continue;
            }

            numbers!(ref buffer);
            float[] of = [.. buffer.DenseValues()];
            outcomes[row] = _rule.Of<float>(of, _labels?[OutcomeRule.Highest<float>(of)]);
        }
    }

    public void Dispose() => (_model as IDisposable)?.Dispose();

    private static string[]? SlotNames(DataViewSchema.Column column)
    {
        if (!column.HasSlotNames())
            return null;
        var names = default(VBuffer<ReadOnlyMemory<char>>);
        column.GetSlotNames(ref names);
        return [.. names.DenseValues().Select(n => n.ToString())];
    }
}
