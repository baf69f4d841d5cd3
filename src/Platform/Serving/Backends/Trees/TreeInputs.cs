using Microsoft.ML.OnnxRuntime.Tensors;

namespace Holdfast.Serving.Backends.Trees;

/// <summary>From the columns of requests to the rows of single-precision numbers that the trees read.</summary>
internal sealed class TreeInputs
{
    private readonly OnnxInputs _inputs;
    private readonly Source[] _sources;
    private readonly IReadOnlyList<ColumnStep> _steps;

    /// <exception cref="Contracts.HoldfastException">Unsupported: the model takes something else than float32 numbers.</exception>
    public TreeInputs(OnnxInputs inputs, TreeGraph graph)
    {
        _inputs = inputs;
        _steps = graph.Before;
        if (inputs.Types.Any(t => t != TensorElementType.Float))
            throw TreeReader.Unsupported($"it takes tensors of {string.Join(", ", inputs.Types.Distinct())}");
        _sources = inputs.IsMatrix
            ? [.. inputs.Fields.SelectMany((f, i) => f.Categories is null ? [new Source(i, null)] : f.Categories.Select(c => new Source(i, c)))]
            : [.. graph.Inputs.Select(name => new Source(inputs.Fields.TakeWhile(f => f.Name != name).Count(), null))];
        foreach (var step in _steps)
        {
            if (step.Constants.Length != 1 && step.Constants.Length != Width)
                throw TreeReader.Unsupported($"{step.Operator} has {step.Constants.Length} constants for {Width} columns");
        }
    }

    /// <summary>Where a column comes from: a field's number, or whether its text is this category.</summary>
    private readonly record struct Source(int Field, string? Category);

    /// <summary>The fields of the signature.</summary>
    public IReadOnlyList<Registry.SignatureField> Fields => _inputs.Fields;

    /// <summary>Columns of a row.</summary>
    public int Width => _sources.Length;

    /// <summary>The field that a column belongs to.</summary>
    public int FieldOf(int column) => _sources[column].Field;

    /// <summary>What must be sent so that the trees see this value in this column.</summary>
    public double Sent(int column, double seen)
    {
        for (var i = _steps.Count - 1; i >= 0; i--)
            seen = _steps[i].Before(seen, column);
        return seen;
    }

    /// <summary>Fills rows one after the other.</summary>
    public void Fill(FeatureRows from, int first, int count, Span<float> rows)
    {
        var columns = _inputs.Columns(from);
        var width = _sources.Length;
        for (var c = 0; c < width; c++)
        {
            var (field, category) = _sources[c];
            var column = columns[field];
            if (category is not null)
            {
                // A category that training did not know, or none, is a row of zeros.
                var texts = column < 0 ? null : from.Texts(column);
                for (var row = 0; row < count; row++)
                    rows[(row * width) + c] = texts?[first + row] is { } text && text == category ? 1 : 0;
                continue;
            }

            var missing = (float)(_inputs.Fields[field].Default ?? double.NaN);
            var numbers = column < 0 ? null : from.Numbers(column);
            for (var row = 0; row < count; row++)
            {
                var number = numbers is null ? float.NaN : (float)numbers[first + row];
                rows[(row * width) + c] = float.IsNaN(number) ? missing : number;
            }
        }

        foreach (var step in _steps)
        {
            for (var row = 0; row < count; row++)
            {
                for (var c = 0; c < width; c++)
                    rows[(row * width) + c] = step.Apply(rows[(row * width) + c], c);
            }
        }
    }
}
