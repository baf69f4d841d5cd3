using Holdfast.Contracts;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Holdfast.Serving.Backends;

/// <summary>The input tensors for a number of rows, laid over arrays that can be filled again.</summary>
internal sealed class OnnxBinding : IDisposable
{
    private readonly OnnxInputs _inputs;
    private readonly int _rows;
    private readonly Array[] _arrays;
    private readonly OrtValue[] _values;

    public OnnxBinding(OnnxInputs inputs, int rows)
    {
        _inputs = inputs;
        _rows = rows;
        _arrays = new Array[_inputs.Types.Length];
        _values = new OrtValue[_arrays.Length];
        for (var i = 0; i < _arrays.Length; i++)
        {
            long[] shape = _inputs.IsMatrix ? [_rows, _inputs.Width] : _inputs.Ranks[i] == 2 ? [_rows, 1] : [_rows];
            (_arrays[i], _values[i]) = Make(_inputs.Types[i], _inputs.IsMatrix ? _rows * _inputs.Width : _rows, shape);
        }
    }

    public IReadOnlyCollection<OrtValue> Values => _values;

    public void Fill(FeatureRows from)
    {
        var columns = _inputs.Columns(from);
        if (_inputs.IsMatrix)
            FillMatrix(from, columns, (float[])_arrays[0]);
        else
        {
            for (var i = 0; i < columns.Length; i++)
                FillTensor(from, i, columns[i]);
        }
    }

    public void Dispose()
    {
        foreach (var value in _values)
            value.Dispose();
    }

    private void FillMatrix(FeatureRows from, int[] columns, float[] matrix)
    {
        var at = 0;
        for (var i = 0; i < columns.Length; i++)
        {
            var field = _inputs.Fields[i];
            var width = OnnxInputs.WidthOf(field);
            if (field.Categories is null)
            {
                for (var row = 0; row < _rows; row++)
                    matrix[(row * _inputs.Width) + at] = (float)OnnxInputs.NumberAt(field, from, columns[i], row);
            }
            else
            {
                // A category that training did not know, or none, is a row of zeros.
                var texts = columns[i] < 0 ? null : from.Texts(columns[i]);
                for (var row = 0; row < _rows; row++)
                {
                    for (var k = 0; k < width; k++)
                        matrix[(row * _inputs.Width) + at + k] = texts?[row] is { } text && text == field.Categories[k] ? 1 : 0;
                }
            }

            at += width;
        }
    }

    private void FillTensor(FeatureRows from, int index, int column)
    {
        var field = _inputs.Fields[index];
        for (var row = 0; row < _rows; row++)
        {
            if (_inputs.Types[index] == TensorElementType.String)
            {
                _values[index].StringTensorSetElementAt((column < 0 ? null : from.Texts(column)?[row]) ?? "", row);
                continue;
            }

            var number = OnnxInputs.NumberAt(field, from, column, row);
            switch (_arrays[index])
            {
                case float[] floats:
                    floats[row] = (float)number;
                    break;
                case double[] doubles:
                    doubles[row] = number;
                    break;
                case long[] longs:
                    longs[row] = (long)Whole(field.Name, number);
                    break;
                case int[] ints:
                    ints[row] = (int)Whole(field.Name, number);
                    break;
                case bool[] booleans:
                    booleans[row] = Whole(field.Name, number) != 0;
                    break;
            }
        }
    }

    // An integer tensor has no place for "missing".
    private static double Whole(string name, double number) => double.IsNaN(number)
        ? throw new HoldfastException(ErrorCode.InvalidArgument, $"Input '{name}' is missing, and the model takes it as an integer.", $"Send '{name}', or declare a default in the signature.")
        : Math.Truncate(number);

    private static (Array, OrtValue) Make(TensorElementType type, int length, long[] shape)
    {
        return type switch
        {
            TensorElementType.Float => Over(new float[length]),
            TensorElementType.Double => Over(new double[length]),
            TensorElementType.Int64 => Over(new long[length]),
            TensorElementType.Int32 => Over(new int[length]),
            TensorElementType.Bool => Over(new bool[length]),
            _ => (Array.Empty<string>(), OrtValue.CreateTensorWithEmptyStrings(OrtAllocator.DefaultInstance, shape)),
        };

        (Array, OrtValue) Over<T>(T[] array) where T : unmanaged => (array, OrtValue.CreateTensorValueFromMemory(array, shape));
    }
}
