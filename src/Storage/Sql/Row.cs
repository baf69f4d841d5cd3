using System.Data.Common;

namespace Holdfast.Storage.Sql;

/// <summary>The current row of a query, read by position. SQL NULL is only accepted by the <c>OrNull</c> readers.</summary>
public readonly struct Row(DbDataReader reader)
{
    public long Int64(int i) => reader.GetInt64(i);

    public int Int32(int i) => checked((int)reader.GetInt64(i));

    public bool Bool(int i) => reader.GetInt64(i) != 0;

    public double Double(int i) => reader.GetDouble(i);

    public string Text(int i) => reader.GetString(i);

    public byte[] Bytes(int i) => reader.GetFieldValue<byte[]>(i);

    public DateTimeOffset Time(int i) => DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(i));

    public bool IsNull(int i) => reader.IsDBNull(i);

    public long? Int64OrNull(int i) => reader.IsDBNull(i) ? null : reader.GetInt64(i);

    public int? Int32OrNull(int i) => reader.IsDBNull(i) ? null : Int32(i);

    public double? DoubleOrNull(int i) => reader.IsDBNull(i) ? null : reader.GetDouble(i);

    public string? TextOrNull(int i) => reader.IsDBNull(i) ? null : reader.GetString(i);

    public byte[]? BytesOrNull(int i) => reader.IsDBNull(i) ? null : Bytes(i);

    public DateTimeOffset? TimeOrNull(int i) => reader.IsDBNull(i) ? null : Time(i);
}
