using Holdfast.Registry;
using Holdfast.Serving.Backends;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Holdfast.MLNet;

/// <summary>The rows of a request as ML.NET reads data: columns by name, or all inputs in one vector. What a request has no value for is missing.</summary>
internal sealed class RowsView(DataViewSchema schema, Signature signature, FeatureRows rows) : IDataView
{
    public bool CanShuffle => false;

    public DataViewSchema Schema => schema;

    public long? GetRowCount() => rows.Count;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null) => new Cursor(this, schema, signature, rows);

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) => [GetRowCursor(columnsNeeded, rand)];

    /// <summary>The one vector of numbers that takes all inputs, when the model is saved with such a column and no input bears a column's name.</summary>
    public static DataViewSchema.Column? VectorOf(DataViewSchema schema, Signature signature)
    {
        if (signature.Inputs.Any(i => schema.GetColumnOrNull(i.Name) is not null))
            return null;
        var width = signature.Inputs.Sum(i => i.Categories?.Count ?? 1);
        foreach (var column in schema)
        {
            if (column.Type is VectorDataViewType { ItemType: NumberDataViewType } vector && vector.ItemType.RawType == typeof(float) && vector.Size == width)
                return column;
        }

        return null;
    }

    /// <summary>Whether a column can take an input.</summary>
    public static bool Takes(DataViewType type, SignatureField field) => type switch
    {
        TextDataViewType => field.Datatype == "BYTES",
        NumberDataViewType or BooleanDataViewType => field.Datatype != "BYTES",
        _ => false,
    };

    private sealed class Cursor(RowsView view, DataViewSchema schema, Signature signature, FeatureRows rows) : DataViewRowCursor
    {
        private long _at = -1;

        public override long Position => _at;

        public override long Batch => 0;

        public override DataViewSchema Schema => schema;

        public override bool MoveNext() => ++_at < rows.Count;

        public override bool IsColumnActive(DataViewSchema.Column column) => true;

        public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId value) => value = new DataViewRowId((ulong)_at, 0);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            if (VectorOf(view.Schema, signature) is { } vector && vector.Index == column.Index)
                return As<TValue, VBuffer<float>>(Vector);
            var field = signature.Inputs.FirstOrDefault(i => i.Name == column.Name);
            var at = field is null ? -1 : rows.Column(field.Name);
            var type = typeof(TValue);
            if (type == typeof(ReadOnlyMemory<char>))
                return As<TValue, ReadOnlyMemory<char>>((ref ReadOnlyMemory<char> value) => value = ((at < 0 ? null : rows.Texts(at)?[_at]) ?? "").AsMemory());
            if (type == typeof(float))
                return As<TValue, float>((ref float value) => value = (float)Number(field, at));
            if (type == typeof(double))
                return As<TValue, double>((ref double value) => value = Number(field, at));
            if (type == typeof(bool))
                return As<TValue, bool>((ref bool value) => value = Number(field, at) is var n && !double.IsNaN(n) && n != 0);
            if (type == typeof(int))
                return As<TValue, int>((ref int value) => value = (int)Whole(field, at));
            if (type == typeof(long))
                return As<TValue, long>((ref long value) => value = (long)Whole(field, at));
            // A label or another column that no prediction reads.
            return (ref TValue value) => value = default!;
        }

        // The compiler knows the getter by its value, the caller by TValue: they are the same here.
        private static ValueGetter<TValue> As<TValue, TIs>(ValueGetter<TIs> getter) => (ValueGetter<TValue>)(object)getter;

        private double Number(SignatureField? field, int column)
        {
            var value = column < 0 ? double.NaN : rows.Numbers(column)[_at];
            return double.IsNaN(value) ? field?.Default ?? double.NaN : value;
        }

        private double Whole(SignatureField? field, int column) => Number(field, column) is var n && double.IsNaN(n) ? 0 : Math.Truncate(n);

        private void Vector(ref VBuffer<float> value)
        {
            var values = new List<float>();
            foreach (var field in signature.Inputs)
            {
                var column = rows.Column(field.Name);
                if (field.Categories is null)
                    values.Add((float)Number(field, column));
                else
                {
                    var text = column < 0 ? null : rows.Texts(column)?[_at];
                    values.AddRange(field.Categories.Select(c => text == c ? 1f : 0f));
                }
            }

            value = new VBuffer<float>(values.Count, [.. values]);
        }
    }
}
