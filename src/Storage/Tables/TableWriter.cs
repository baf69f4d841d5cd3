using System.Text;

namespace Holdfast.Storage.Tables;

/// <summary>Writes a table. The same table always gives the same bytes, so that its content hash is a name.</summary>
public static class TableWriter
{
    private static readonly System.Buffers.SearchValues<char> NeedsQuotes = System.Buffers.SearchValues.Create(",;\t|\"\r\n ");

    /// <summary>Writes a CSV file (UTF-8, comma, a header line, line feed).</summary>
    public static void WriteCsv(string path, Table table)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16);
        WriteCsv(file, table);
    }

    /// <summary>Writes CSV to a stream, which stays open.</summary>
    public static void WriteCsv(Stream stream, Table table)
    {
        ArgumentNullException.ThrowIfNull(table);
        using var writer = new StreamWriter(stream, new UTF8Encoding(false), 1 << 16, leaveOpen: true) { NewLine = "\n" };
        WriteLine(writer, table.Names);
        var values = new string[table.Columns.Length];
        for (var row = 0; row < table.Rows; row++)
        {
            for (var i = 0; i < values.Length; i++)
                values[i] = table.Columns[i].Format(row);
            WriteLine(writer, values);
        }
    }

    private static void WriteLine(StreamWriter writer, string[] values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            if (i > 0)
                writer.Write(',');
            if (values[i].AsSpan().ContainsAny(NeedsQuotes))
            {
                writer.Write('"');
                writer.Write(values[i].Replace("\"", "\"\"", StringComparison.Ordinal));
                writer.Write('"');
            }
            else
            {
                writer.Write(values[i]);
            }
        }

        writer.WriteLine();
    }
}
