using System.Globalization;
using DuckDB.NET.Data;
using Holdfast.Contracts;

namespace Holdfast.Storage.Tables;

/// <summary>Parquet to and from columns, through DuckDB.</summary>
internal static class ParquetTable
{
    public static Table Read(string path)
    {
        var full = Path.GetFullPath(path);
        try
        {
            using var connection = DuckEngine.Open([Path.GetDirectoryName(full)!]);
            using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The path passes through Quote.
            command.CommandText = $"select * from read_parquet({DuckEngine.Quote(full)})";
#pragma warning restore CA2100
            using var reader = command.ExecuteReader();
            var kinds = Enumerable.Range(0, reader.FieldCount).Select(i => KindOf(reader.GetFieldType(i))).ToArray();
            var numbers = kinds.Select(_ => new List<double>()).ToArray();
            var texts = kinds.Select(_ => new List<string?>()).ToArray();
            while (reader.Read())
            {
                for (var i = 0; i < kinds.Length; i++)
                {
                    var value = reader.IsDBNull(i) ? null : reader.GetValue(i);
                    if (kinds[i] == ColumnKind.Text)
                        texts[i].Add(value is null ? null : Convert.ToString(value, CultureInfo.InvariantCulture));
                    else
                        numbers[i].Add(value is null ? double.NaN : ToNumber(value));
                }
            }

            return new Table([.. kinds.Select((k, i) => k == ColumnKind.Text ? new Column(reader.GetName(i), texts[i].ToArray()) : new Column(reader.GetName(i), numbers[i].ToArray(), k))]);
        }
        catch (DuckDBException e)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"{Path.GetFileName(path)} is not a readable Parquet file: {e.Message.ReplaceLineEndings(" ")}", "Write the file again.", e);
        }
    }

    private static ColumnKind KindOf(Type type) => type switch
    {
        _ when type == typeof(bool) => ColumnKind.Boolean,
        _ when type == typeof(DateTime) || type == typeof(DateTimeOffset) || type == typeof(DateOnly) => ColumnKind.Time,
        _ when type == typeof(System.Numerics.BigInteger) || (type.IsPrimitive && type != typeof(char)) || type == typeof(decimal) => ColumnKind.Numeric,
        _ => ColumnKind.Text,
    };

    private static double ToNumber(object value) => value switch
    {
        bool b => b ? 1 : 0,
        DateTime t => new DateTimeOffset(DateTime.SpecifyKind(t, DateTimeKind.Utc)).ToUnixTimeMilliseconds(),
        DateTimeOffset t => t.ToUnixTimeMilliseconds(),
        DateOnly d => new DateTimeOffset(d.ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc)).ToUnixTimeMilliseconds(),
        System.Numerics.BigInteger big => (double)big,
        _ => Convert.ToDouble(value, CultureInfo.InvariantCulture),
    };
}
