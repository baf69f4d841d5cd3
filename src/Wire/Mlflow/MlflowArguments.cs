using System.Globalization;
using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Tracking;

namespace Holdfast.Wire.Mlflow;

/// <summary>
/// The fields of a request, read as leniently as proto3-JSON is: numbers may be text, enums names or numbers, names snake_case
/// or lowerCamelCase, unknown fields are ignored. A wrong type is refused in MLflow's words.
/// </summary>
internal sealed class MlflowArguments(JsonElement fields, bool fromQuery, string path = "")
{
    private const long FirstMs = -62135596800000;
    private const long LastMs = 253402300799999;

    // The greatest that protobuf's Duration allows.
    private const double MaxSeconds = 315_576_000_000;
    private const string SeeDocs = " See the API docs for more information about request parameters.";

    /// <summary>Whether a field is there and not null.</summary>
    public bool Has(string name) => Find(name) is not null;

    /// <summary>A text; null when absent.</summary>
    public string? Text(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        var other => throw WrongType(name, other.Value),
    };

    /// <summary>A text that must be there and not empty.</summary>
    public string Required(string name) => Text(name) is { Length: > 0 } text ? text : throw Missing(name);

    /// <summary>An id that clients may also write as a number.</summary>
    public string? Id(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } number => number.GetRawText(),
        _ => Text(name),
    };

    /// <summary>An id that must be there.</summary>
    public string RequiredId(string name) => Id(name) is { Length: > 0 } id ? id : throw Missing(name);

    /// <summary>The run's id, under its new or old name.</summary>
    public string RunId() => Text("run_id") is { Length: > 0 } id ? id : Text("run_uuid") is { Length: > 0 } old ? old : throw Missing("run_id");

    /// <summary>A whole number; null when absent.</summary>
    public long? Int64(string name)
    {
        if (Find(name) is not { } field)
            return null;
        var text = field.ValueKind switch
        {
            JsonValueKind.Number => field.GetRawText(),
            JsonValueKind.String => field.GetString()!,
            _ => throw WrongType(name, field),
        };
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole))
            return whole;
        // 5.0 and 5e3 are whole, too.
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number == Math.Floor(number) && Math.Abs(number) < 9e18
            ? (long)number
            : throw WrongType(name, field);
    }

    /// <summary>A whole number of 32 bits; null when absent.</summary>
    public int? Int32(string name) => Int64(name) switch
    {
        null => null,
        >= int.MinValue and <= int.MaxValue and var fits => (int)fits,
        _ => throw WrongType(name, Find(name)!.Value),
    };

    /// <summary>A number; null when absent.</summary>
    public double? Double(string name)
    {
        if (Find(name) is not { } field)
            return null;
        if (field.ValueKind == JsonValueKind.Number)
            return field.GetDouble();
        if (field.ValueKind == JsonValueKind.String)
        {
            var text = field.GetString()!;
            switch (text)
            {
                case "NaN":
                    return double.NaN;
                case "Infinity":
                    return double.PositiveInfinity;
                case "-Infinity":
                    return double.NegativeInfinity;
            }

            if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
                return number;
        }

        throw WrongType(name, field);
    }

    /// <summary>A truth value; null when absent.</summary>
    public bool? Bool(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        // Python writes them with a capital.
        { ValueKind: JsonValueKind.String } text when fromQuery && text.GetString() is "true" or "True" => true,
        { ValueKind: JsonValueKind.String } text when fromQuery && text.GetString() is "false" or "False" => false,
        var other => throw WrongType(name, other.Value),
    };

    /// <summary>A point in time in unix milliseconds; null when absent.</summary>
    public DateTimeOffset? Time(string name) => Int64(name) is { } ms ? ToTime(name, ms) : null;

    /// <summary>A limit in unix milliseconds, however far away; null when absent.</summary>
    public DateTimeOffset? Until(string name) => Int64(name) is { } ms ? DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(ms, FirstMs, LastMs)) : null;

    /// <summary>A list of texts or ids; empty when absent.</summary>
    public IReadOnlyList<string> Texts(string name)
    {
        if (Find(name) is not { } field)
            return [];
        if (fromQuery && field.ValueKind == JsonValueKind.String)
            return [field.GetString()!];
        if (field.ValueKind != JsonValueKind.Array)
            throw WrongType(name, field);
        return [.. field.EnumerateArray().Select((item, i) => item.ValueKind switch
        {
            JsonValueKind.String => item.GetString()!,
            JsonValueKind.Number => item.GetRawText(),
            _ => throw WrongType($"{name}[{i}]", item),
        })];
    }

    /// <summary>A list of records; empty when absent.</summary>
    public IReadOnlyList<MlflowArguments> Records(string name)
    {
        if (Find(name) is not { } field)
            return [];
        if (field.ValueKind != JsonValueKind.Array)
            throw WrongType(name, field);
        return [.. field.EnumerateArray().Select((item, i) => item.ValueKind == JsonValueKind.Object
            ? new MlflowArguments(item, fromQuery: false, $"{path}{name}[{i}].")
            : throw WrongType($"{name}[{i}]", item))];
    }

    /// <summary>A record; null when absent.</summary>
    public MlflowArguments? Record(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } field => new MlflowArguments(field, fromQuery: false, $"{path}{name}."),
        var other => throw WrongType(name, other.Value),
    };

    /// <summary>Key and value pairs as a map; the last of a key wins.</summary>
    public IReadOnlyDictionary<string, string> Pairs(string name)
    {
        var pairs = new Dictionary<string, string>();
        foreach (var record in Records(name))
            pairs[record.Required("key")] = record.Text("value") ?? "";
        return pairs;
    }

    /// <summary>A map of texts; empty when absent.</summary>
    public IReadOnlyDictionary<string, string> Map(string name) => Find(name) switch
    {
        null => new Dictionary<string, string>(),
        { ValueKind: JsonValueKind.Object } field => field.EnumerateObject().ToDictionary(
            p => p.Name, p => p.Value.ValueKind == JsonValueKind.String ? p.Value.GetString()! : throw WrongType($"{name}.{p.Name}", p.Value)),
        var other => throw WrongType(name, other.Value),
    };

    /// <summary>A record as its JSON text; null when absent.</summary>
    public string? Json(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } field => field.GetRawText(),
        var other => throw WrongType(name, other.Value),
    };

    /// <summary>The JSON text of a field that is a record or a list; null when it is a plain value or absent.</summary>
    public string? Structure(string name) => Find(name) is { ValueKind: JsonValueKind.Object or JsonValueKind.Array } field ? field.GetRawText() : null;

    /// <summary>A point in time as RFC 3339 text (protobuf's Timestamp); null when absent.</summary>
    public DateTimeOffset? Instant(string name) =>
        Text(name) is not { } text ? null
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant) ? instant.ToUniversalTime()
        : throw WrongType(name, Find(name)!.Value);

    /// <summary>A duration as <c>1.5s</c> (protobuf's Duration); null when absent.</summary>
    public TimeSpan? Duration(string name) =>
        Text(name) is not { } text ? null
        : text.EndsWith('s') && double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && Math.Abs(seconds) < MaxSeconds ? TimeSpan.FromSeconds(seconds)
        : throw WrongType(name, Find(name)!.Value);

    /// <summary>A trace's state, under its newer or older words; null when absent.</summary>
    public TraceState? TraceState(string name) => Word(name) switch
    {
        null => null,
        "STATE_UNSPECIFIED" or "TRACE_STATUS_UNSPECIFIED" or "0" => Tracking.TraceState.Unspecified,
        "OK" or "1" => Tracking.TraceState.Ok,
        "ERROR" or "2" => Tracking.TraceState.Error,
        "IN_PROGRESS" or "3" => Tracking.TraceState.InProgress,
        _ => throw WrongType(name, Find(name)!.Value),
    };

    /// <summary>Which stages; active ones when absent.</summary>
    public ViewType View(string name) => Word(name) switch
    {
        null or "ACTIVE_ONLY" or "1" => ViewType.ActiveOnly,
        "DELETED_ONLY" or "2" => ViewType.DeletedOnly,
        "ALL" or "3" => ViewType.All,
        _ => throw WrongType(name, Find(name)!.Value),
    };

    /// <summary>A run's status; null when absent.</summary>
    public RunStatus? Status(string name) => Word(name) switch
    {
        null => null,
        "RUNNING" or "1" => RunStatus.Running,
        "SCHEDULED" or "2" => RunStatus.Scheduled,
        "FINISHED" or "3" => RunStatus.Finished,
        "FAILED" or "4" => RunStatus.Failed,
        "KILLED" or "5" => RunStatus.Killed,
        _ => throw WrongType(name, Find(name)!.Value),
    };

    /// <summary>A logged model's status; null when absent.</summary>
    public LoggedModelStatus? ModelStatus(string name) => Word(name) switch
    {
        null => null,
        "LOGGED_MODEL_STATUS_UNSPECIFIED" or "0" => LoggedModelStatus.Unspecified,
        "LOGGED_MODEL_PENDING" or "1" => LoggedModelStatus.Pending,
        "LOGGED_MODEL_READY" or "2" => LoggedModelStatus.Ready,
        "LOGGED_MODEL_UPLOAD_FAILED" or "3" => LoggedModelStatus.UploadFailed,
        _ => throw WrongType(name, Find(name)!.Value),
    };

    /// <summary>An enum by name or number; null when absent.</summary>
    /// <param name="names">Its names by number.</param>
    public string? OneOf(string name, string[] names) => Word(name) switch
    {
        null => null,
        var word when Array.IndexOf(names, word) >= 0 => word,
        var word when int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < names.Length => names[number],
        _ => throw WrongType(name, Find(name)!.Value),
    };

    /// <summary>The refusal of an absent field.</summary>
    public HoldfastException Missing(string name) => new(ErrorCode.InvalidArgument, $"Missing value for required parameter '{path}{name}'.{SeeDocs}");

    private string? Word(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { ValueKind: JsonValueKind.Number } number => number.GetRawText(),
        var other => throw WrongType(name, other.Value),
    };

    private DateTimeOffset ToTime(string name, long ms) =>
        ms is >= FirstMs and <= LastMs
            ? DateTimeOffset.FromUnixTimeMilliseconds(ms)
            : throw new HoldfastException(ErrorCode.InvalidArgument, $"Invalid value {ms} for parameter '{path}{name}' supplied: it is no time in milliseconds since 1970.{SeeDocs}");

    private JsonElement? Find(string name)
    {
        if (fields.TryGetProperty(name, out var field) || (name.Contains('_') && fields.TryGetProperty(Camel(name), out field)))
            return field.ValueKind == JsonValueKind.Null ? null : field;
        return null;
    }

    private HoldfastException WrongType(string name, JsonElement value)
    {
        var type = value.ValueKind switch
        {
            JsonValueKind.String => "str",
            JsonValueKind.Number => value.GetRawText().AsSpan().IndexOfAny(".eE") >= 0 ? "float" : "int",
            JsonValueKind.True or JsonValueKind.False => "bool",
            JsonValueKind.Array => "list",
            JsonValueKind.Object => "dict",
            _ => "NoneType",
        };
        var raw = value.GetRawText();
        return new HoldfastException(
            ErrorCode.InvalidArgument, $"Invalid value {(raw.Length > 200 ? raw[..200] + "…" : raw)} for parameter '{path}{name}' supplied:  Hint: Value was of type '{type}'.{SeeDocs}");
    }

    private static string Camel(string name)
    {
        var parts = name.Split('_');
        return string.Concat(parts.Skip(1).Select(p => p.Length == 0 ? p : char.ToUpperInvariant(p[0]) + p[1..]).Prepend(parts[0]));
    }
}
