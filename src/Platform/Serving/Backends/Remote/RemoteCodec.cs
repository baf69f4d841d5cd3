using System.Buffers;
using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Registry;

namespace Holdfast.Serving.Backends.Remote;

/// <summary>Rows to the body of a request of another server's protocol, and its answer to outcomes.</summary>
internal sealed class RemoteCodec
{
    private static readonly JsonWriterOptions WriterOptions = new() { SkipValidation = true };
    private readonly ModelPackage _package;
    private readonly OutcomeRule _rule;
    private readonly ColumnMap _map;
    private readonly JsonEncodedText[] _names;
    private readonly string? _tensor;
    private readonly bool _isV2;

    public RemoteCodec(ModelPackage package, string protocol, string model, string? version, string? tensor)
    {
        (_package, _tensor, _isV2) = (package, tensor, protocol == "v2");
        _rule = new OutcomeRule(package);
        _map = new ColumnMap([.. package.Signature.Inputs.Select(i => i.Name)]);
        _names = [.. package.Signature.Inputs.Select(i => JsonEncodedText.Encode(i.Name))];
        Path = _isV2 ? $"v2/models/{Uri.EscapeDataString(model)}{(version is null ? "" : "/versions/" + Uri.EscapeDataString(version))}/infer" : "";
    }

    /// <summary>Path of the call below the server's root; empty for <c>invocations</c>.</summary>
    public string Path { get; }

    public void Write(IBufferWriter<byte> to, FeatureRows rows)
    {
        using var json = new Utf8JsonWriter(to, WriterOptions);
        var columns = _map.For(rows);
        if (!_isV2)
            Frame(json, rows, columns);
        else if (_tensor is not null)
            Matrix(json, rows, columns, _tensor);
        else
            Tensors(json, rows, columns);
    }

    /// <exception cref="HoldfastException">The answer is not one of this protocol, or does not fit the rows.</exception>
    public void Read(ReadOnlySpan<byte> body, Span<Outcome> outcomes)
    {
        try
        {
            var json = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = 32 });
            json.Read();
            var tensors = _isV2 ? Outputs(ref json) : Predictions(ref json);
            Shape(tensors, outcomes);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new HoldfastException(ErrorCode.Internal, $"The model server's answer cannot be read: {e.Message}", _isV2 ? "It must speak the Open Inference Protocol: {\"outputs\": [...]}." : "It must answer {\"predictions\": [...]}.", e);
        }
    }

    private void Tensors(Utf8JsonWriter json, FeatureRows rows, int[] columns)
    {
        json.WriteStartObject();
        json.WriteStartArray("inputs"u8);
        for (var i = 0; i < columns.Length; i++)
        {
            var field = _package.Signature.Inputs[i];
            json.WriteStartObject();
            json.WriteString("name"u8, _names[i]);
            json.WriteStartArray("shape"u8);
            json.WriteNumberValue(rows.Count);
            json.WriteNumberValue(1);
            json.WriteEndArray();
            json.WriteString("datatype"u8, field.Datatype);
            json.WriteStartArray("data"u8);
            for (var row = 0; row < rows.Count; row++)
                Value(json, field, rows, columns[i], row);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void Matrix(Utf8JsonWriter json, FeatureRows rows, int[] columns, string name)
    {
        var fields = _package.Signature.Inputs;
        json.WriteStartObject();
        json.WriteStartArray("inputs"u8);
        json.WriteStartObject();
        json.WriteString("name"u8, name);
        json.WriteStartArray("shape"u8);
        json.WriteNumberValue(rows.Count);
        json.WriteNumberValue(fields.Sum(OnnxInputs.WidthOf));
        json.WriteEndArray();
        json.WriteString("datatype"u8, "FP32"u8);
        json.WriteStartArray("data"u8);
        for (var row = 0; row < rows.Count; row++)
        {
            for (var i = 0; i < columns.Length; i++)
            {
                if (fields[i].Categories is not { } categories)
                    Value(json, fields[i], rows, columns[i], row);
                else
                {
                    var text = columns[i] < 0 ? null : rows.Texts(columns[i])?[row];
                    foreach (var category in categories)
                        json.WriteNumberValue(text == category ? 1 : 0);
                }
            }
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void Frame(Utf8JsonWriter json, FeatureRows rows, int[] columns)
    {
        json.WriteStartObject();
        json.WriteStartObject("dataframe_split"u8);
        json.WriteStartArray("columns"u8);
        foreach (var name in _names)
            json.WriteStringValue(name);
        json.WriteEndArray();
        json.WriteStartArray("data"u8);
        for (var row = 0; row < rows.Count; row++)
        {
            json.WriteStartArray();
            for (var i = 0; i < columns.Length; i++)
                Value(json, _package.Signature.Inputs[i], rows, columns[i], row);
            json.WriteEndArray();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    // What is missing is null: JSON has no NaN.
    private static void Value(Utf8JsonWriter json, SignatureField field, FeatureRows rows, int column, int row)
    {
        if (field.Datatype == "BYTES")
        {
            json.WriteStringValue(column < 0 ? null : rows.Texts(column)?[row]);
            return;
        }

        var number = OnnxInputs.NumberAt(field, rows, column, row);
        if (!double.IsFinite(number))
            json.WriteNullValue();
        else if (field.Datatype == "BOOL")
            json.WriteBooleanValue(number != 0);
        else if (field.Datatype[0] is 'I' or 'U')
            json.WriteNumberValue((long)number);
        else
            json.WriteNumberValue(number);
    }

    /// <summary>One named column or matrix of the answer, flat; <see cref="Numbers"/> or <see cref="Texts"/> is filled.</summary>
    private sealed class Answered
    {
        public string Name { get; set; } = "";

        public string Datatype { get; set; } = "";

        public List<double> Numbers { get; } = [];

        public List<string> Texts { get; } = [];

        public void Add(ref Utf8JsonReader json)
        {
            switch (json.TokenType)
            {
                case JsonTokenType.Number:
                    Numbers.Add(json.GetDouble());
                    break;
                case JsonTokenType.True or JsonTokenType.False:
                    Numbers.Add(json.TokenType == JsonTokenType.True ? 1 : 0);
                    break;
                case JsonTokenType.Null:
                    Numbers.Add(double.NaN);
                    break;
                case JsonTokenType.String:
                    Texts.Add(json.GetString()!);
                    break;
                default:
                    throw new JsonException("a value is an object.");
            }
        }

        public void AddAll(ref Utf8JsonReader json)
        {
            if (json.TokenType != JsonTokenType.StartArray)
            {
                Add(ref json);
                return;
            }

            while (json.Read() && json.TokenType != JsonTokenType.EndArray)
                AddAll(ref json);
        }
    }

    private static List<Answered> Outputs(ref Utf8JsonReader json)
    {
        var found = new List<Answered>();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var isOutputs = json.ValueTextEquals("outputs"u8);
            json.Read();
            if (!isOutputs)
            {
                json.Skip();
                continue;
            }

            while (json.Read() && json.TokenType == JsonTokenType.StartObject)
                found.Add(Output(ref json));
        }

        return found;
    }

    private static Answered Output(ref Utf8JsonReader json)
    {
        var output = new Answered();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("name"u8))
            {
                json.Read();
                output.Name = json.GetString()!;
            }
            else if (json.ValueTextEquals("datatype"u8))
            {
                json.Read();
                output.Datatype = json.GetString()!;
            }
            else if (json.ValueTextEquals("data"u8))
            {
                json.Read();
                output.AddAll(ref json);
            }
            else
            {
                json.Read();
                json.Skip();
            }
        }

        return output;
    }

    // {"predictions": [...]} of numbers, texts, lists of probabilities, or records.
    private static List<Answered> Predictions(ref Utf8JsonReader json)
    {
        if (json.TokenType == JsonTokenType.StartArray)
            return Rows(ref json);
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var isPredictions = json.ValueTextEquals("predictions"u8);
            json.Read();
            if (isPredictions)
                return Rows(ref json);
            json.Skip();
        }

        throw new JsonException("there is no 'predictions'.");
    }

    private static List<Answered> Rows(ref Utf8JsonReader json)
    {
        var columns = new Dictionary<string, Answered>(StringComparer.Ordinal);
        if (json.TokenType != JsonTokenType.StartArray)
            throw new JsonException("'predictions' is not a list.");
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            if (json.TokenType != JsonTokenType.StartObject)
            {
                Column("").AddAll(ref json);
                continue;
            }

            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var column = Column(json.GetString()!);
                json.Read();
                column.AddAll(ref json);
            }
        }

        return [.. columns.Values];

        Answered Column(string name) => columns.TryGetValue(name, out var known) ? known : columns[name] = new Answered { Name = name };
    }

    private void Shape(List<Answered> answered, Span<Outcome> outcomes)
    {
        var rows = outcomes.Length;
        var wanted = _package.Signature.Outputs.Select(o => o.Name).ToList();
        // What the signature names comes first, then probabilities before whole numbers, which may be labels.
        var ordered = answered.OrderBy(a => wanted.IndexOf(a.Name) is >= 0 and var at ? at : int.MaxValue).ThenBy(a => a.Datatype.StartsWith("FP", StringComparison.Ordinal) || a.Datatype.Length == 0 ? 0 : 1).ToList();
        var scores = ordered.Find(a => a.Numbers.Count > 0);
        var labels = _package.Task == "multiclass" ? ordered.Find(a => a != scores && (a.Texts.Count == rows || a.Numbers.Count == rows)) : null;
        // A label alone is all that the model says: it counts as certain.
        if (scores is null && ordered.Find(a => a.Texts.Count == rows) is { } alone && _package.Task != "regression")
        {
            for (var row = 0; row < outcomes.Length; row++)
                outcomes[row] = new Outcome(_package.Task == "multiclass" || alone.Texts[row] == _package.PositiveLabel ? 1 : 0, alone.Texts[row]);
            return;
        }

        if (scores is null || scores.Numbers.Count % outcomes.Length != 0)
            throw new HoldfastException(ErrorCode.Internal, $"The model server answered {scores?.Numbers.Count ?? 0} numbers for {outcomes.Length} rows.", "It must give one row of output for each row of input.");
        var width = scores.Numbers.Count / outcomes.Length;
        var numbers = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(scores.Numbers);
        for (var row = 0; row < outcomes.Length; row++)
        {
            var label = labels is null ? null : labels.Texts.Count > 0 ? labels.Texts[row] : OutcomeRule.Number(labels.Numbers[row]);
            outcomes[row] = _rule.Of<double>(numbers.Slice(row * width, width), label);
        }
    }
}
