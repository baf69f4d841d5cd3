using System.Globalization;
using Holdfast.Contracts;
using Holdfast.Serving;
using Sylvan.Data.Csv;

namespace Holdfast.Wire.Scoring;

/// <summary>CSV with a header line as the columns of a request; the signature says what is a number, for other columns their values do. An empty field is missing.</summary>
internal static class CsvRows
{
    private const int MostFaults = 20;

    public static async Task<InferRequest> Read(TextReader text, ServedModel served, CancellationToken ct)
    {
        try
        {
            await using var csv = await CsvDataReader.CreateAsync(text, new CsvDataReaderOptions { BufferSize = 1 << 16 }, ct);
            var names = Enumerable.Range(0, csv.FieldCount).Select(csv.GetName).ToArray();
            var columns = Array.ConvertAll(names, _ => new List<string>());
            var faults = new List<Fault>();
            while (await csv.ReadAsync(ct))
            {
                if (csv.RowFieldCount != names.Length && faults.Count < MostFaults)
                    faults.Add(new Fault($"row {csv.RowNumber}", $"has {csv.RowFieldCount} fields, the header has {names.Length}."));
                for (var i = 0; i < names.Length; i++)
                    columns[i].Add(i < csv.RowFieldCount ? csv.GetString(i) : "");
            }

            var request = new InferRequest();
            for (var i = 0; i < names.Length; i++)
                Add(request, names[i], columns[i], served, faults);
            return faults.Count == 0 ? request : throw new HoldfastException("The CSV does not fit.", faults);
        }
        catch (CsvFormatException e)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"The body is not CSV: {e.Message}", "Send a header line with the names of the inputs, and a line a row.", e);
        }
    }

    private static void Add(InferRequest request, string name, List<string> values, ServedModel served, List<Fault> faults)
    {
        var declared = served.Inputs.FirstOrDefault(i => i.Name == name)?.Datatype;
        var numbers = new double[values.Count];
        var odd = declared == "BYTES" ? 0 : values.FindIndex(v => !IsNumber(v));
        if (declared == "BYTES" || (declared is null && odd >= 0))
        {
            request.Add(name, [.. values.Select(v => v.Length == 0 ? null : v)]);
            return;
        }

        for (var i = 0; i < numbers.Length; i++)
        {
            if (Number(values[i]) is { } number)
                numbers[i] = number;
            else if (faults.Count < MostFaults)
                faults.Add(new Fault(name, $"is a number ({declared}); row {i + 1} has '{values[i]}'."));
        }

        request.Add(name, numbers);
    }

    private static bool IsNumber(string text) => Number(text) is not null;

    private static double? Number(string text) => text switch
    {
        "" or "null" or "NULL" or "NA" => double.NaN,
        "true" or "True" or "TRUE" => 1,
        "false" or "False" or "FALSE" => 0,
        _ => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null,
    };
}
