using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace Holdfast.Predictions;

/// <summary>One line of a segment: docs/format/prediction-log.md.</summary>
internal static class LogLine
{
    private static readonly JsonWriterOptions Options = new() { SkipValidation = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Utf8JsonWriter Writer(IBufferWriter<byte> buffer) => new(buffer, Options);

    public static void Write(Utf8JsonWriter json, long seq, LogEntry entry)
    {
        json.WriteStartObject();
        json.WriteNumber("seq"u8, seq);
        json.WriteString("kind"u8, entry switch { PredictionEntry => "prediction"u8, LabelEntry => "label"u8, _ => "clock"u8 });
        json.WriteString("at"u8, entry.At.UtcDateTime);
        switch (entry)
        {
            case PredictionEntry prediction:
                Write(json, prediction);
                break;
            case LabelEntry label:
                json.WriteString("prediction_id"u8, label.PredictionId);
                json.WriteString("value"u8, label.Value);
                json.WriteNumber("label_seq"u8, label.LabelSeq);
                break;
            case ClockEntry clock:
                json.WriteString("reason"u8, clock.Reason);
                break;
        }

        json.WriteEndObject();
        json.Flush();
    }

    /// <summary>Reads a line; a label comes without its prediction.</summary>
    /// <exception cref="JsonException">Not a whole line.</exception>
    public static LogEntry Read(ReadOnlySpan<byte> line, EndpointKey endpoint, out long seq)
    {
        var fields = new Fields();
        var json = new Utf8JsonReader(line);
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
            throw new JsonException("A line of the prediction log is an object.");
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            fields.Read(ref json);
        if (json.TokenType != JsonTokenType.EndObject)
            throw new JsonException("A line of the prediction log ends early.");
        seq = fields.Seq;
        return fields.Kind switch
        {
            "prediction" => fields.Prediction(endpoint),
            "label" => new LabelEntry(fields.At, fields.Id, fields.Value, fields.LabelSeq, null),
            "clock" => new ClockEntry(fields.At, fields.Reason),
            var other => throw new JsonException($"'{other}' is no kind of the prediction log."),
        };
    }

    private static void Write(Utf8JsonWriter json, PredictionEntry entry)
    {
        json.WriteString("id"u8, entry.Id);
        json.WriteString("role"u8, entry.Role);
        json.WriteString("model"u8, entry.Model);
        json.WriteNumber("model_version"u8, entry.ModelVersion);
        json.WriteNumber("route_revision"u8, entry.RouteRevision);
        if (entry.RolloutId is not null)
            json.WriteString("rollout_id"u8, entry.RolloutId);
        json.WriteNumber("candidate_weight"u8, entry.CandidateWeight);
        // As text: 64 bits do not fit into every reader's numbers.
        json.WriteString("unit"u8, entry.Unit.ToString("x16", CultureInfo.InvariantCulture));
        json.WriteBoolean("has_key"u8, entry.HasKey);
        if (entry.Entity is { } entity)
            json.WriteString("entity"u8, entity.ToString("x16", CultureInfo.InvariantCulture));
        Number(json, "score"u8, entry.Score);
        json.WriteString("prediction"u8, entry.Prediction);
        if (entry.Error is not null)
            json.WriteString("error"u8, entry.Error);
        json.WriteBoolean("fell_back"u8, entry.FellBack);
        if (entry.Asked is not null)
            json.WriteString("asked"u8, entry.Asked);
        Number(json, "latency_ms"u8, entry.LatencyMs);
        json.WriteStartObject("features"u8);
        foreach (var feature in entry.Features)
        {
            if (feature.Text is not null)
                json.WriteString(feature.Name, feature.Text);
            else if (double.IsFinite(feature.Number))
                json.WriteNumber(feature.Name, feature.Number);
            else
                json.WriteNull(feature.Name);
        }

        json.WriteEndObject();
        if (entry.Shadow is { } shadow)
        {
            json.WriteStartObject("shadow"u8);
            json.WriteString("model"u8, shadow.Model);
            json.WriteNumber("model_version"u8, shadow.ModelVersion);
            Number(json, "score"u8, shadow.Score);
            json.WriteString("prediction"u8, shadow.Prediction);
            if (shadow.Error is not null)
                json.WriteString("error"u8, shadow.Error);
            Number(json, "latency_ms"u8, shadow.LatencyMs);
            json.WriteEndObject();
        }
    }

    private static void Number(Utf8JsonWriter json, ReadOnlySpan<byte> name, double value)
    {
        if (double.IsFinite(value))
            json.WriteNumber(name, value);
        else
            json.WriteNull(name);
    }

    private struct Fields()
    {
        public long Seq;
        public string Kind = "";
        public DateTimeOffset At;
        public string Id = "";
        public string Value = "";
        public long LabelSeq;
        public string Reason = "";
        private string _role = "";
        private string _model = "";
        private int _version;
        private long _revision;
        private string? _rollout;
        private double _weight;
        private ulong _unit;
        private bool _hasKey;
        private ulong? _entity;
        private double _score = double.NaN;
        private string _prediction = "";
        private string? _error;
        private bool _fellBack;
        private string? _asked;
        private double _latency = double.NaN;
        private List<FeatureValue>? _features;
        private ShadowResult? _shadow;

        public readonly PredictionEntry Prediction(EndpointKey endpoint) => new(
            Id, At, endpoint.Name, endpoint.WorkspaceId, _role, _model, _version, _revision, _rollout, _weight, _unit, _hasKey, _score, _prediction,
            _error, _fellBack, _latency, (IReadOnlyList<FeatureValue>?)_features ?? [], _shadow)
        { Entity = _entity, Asked = _asked };

        public void Read(ref Utf8JsonReader json)
        {
            var name = json.ValueSpan;
            // The names repeat on every line: compare bytes, make no strings.
            if (name.SequenceEqual("seq"u8)) Seq = Next(ref json).GetInt64();
            else if (name.SequenceEqual("kind"u8)) Kind = Text(ref json);
            else if (name.SequenceEqual("at"u8)) At = Next(ref json).GetDateTimeOffset();
            else if (name.SequenceEqual("id"u8) || name.SequenceEqual("prediction_id"u8)) Id = Text(ref json);
            else if (name.SequenceEqual("value"u8)) Value = Text(ref json);
            else if (name.SequenceEqual("label_seq"u8)) LabelSeq = Next(ref json).GetInt64();
            else if (name.SequenceEqual("reason"u8)) Reason = Text(ref json);
            else if (name.SequenceEqual("role"u8)) _role = Text(ref json);
            else if (name.SequenceEqual("model"u8)) _model = Text(ref json);
            else if (name.SequenceEqual("model_version"u8)) _version = Next(ref json).GetInt32();
            else if (name.SequenceEqual("route_revision"u8)) _revision = Next(ref json).GetInt64();
            else if (name.SequenceEqual("rollout_id"u8)) _rollout = Text(ref json);
            else if (name.SequenceEqual("candidate_weight"u8)) _weight = Next(ref json).GetDouble();
            else if (name.SequenceEqual("unit"u8)) _unit = ulong.Parse(Text(ref json), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            else if (name.SequenceEqual("has_key"u8)) _hasKey = Next(ref json).GetBoolean();
            else if (name.SequenceEqual("entity"u8)) _entity = ulong.Parse(Text(ref json), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            else if (name.SequenceEqual("score"u8)) _score = Number(ref json);
            else if (name.SequenceEqual("prediction"u8)) _prediction = Text(ref json);
            else if (name.SequenceEqual("error"u8)) _error = Text(ref json);
            else if (name.SequenceEqual("fell_back"u8)) _fellBack = Next(ref json).GetBoolean();
            else if (name.SequenceEqual("asked"u8)) _asked = Text(ref json);
            else if (name.SequenceEqual("latency_ms"u8)) _latency = Number(ref json);
            else if (name.SequenceEqual("features"u8)) _features = Features(ref json);
            else if (name.SequenceEqual("shadow"u8)) _shadow = Shadow(ref json);
            else
            {
                // A later release may add fields.
                json.Read();
                json.Skip();
            }
        }

        private static List<FeatureValue> Features(ref Utf8JsonReader json)
        {
            var features = new List<FeatureValue>();
            json.Read();
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var name = string.Intern(json.GetString()!);
                json.Read();
                features.Add(json.TokenType switch
                {
                    JsonTokenType.Number => FeatureValue.Of(name, json.GetDouble()),
                    JsonTokenType.String => FeatureValue.Of(name, json.GetString()),
                    _ => FeatureValue.Of(name, double.NaN),
                });
            }

            return features;
        }

        private static ShadowResult Shadow(ref Utf8JsonReader json)
        {
            var fields = new Fields();
            json.Read();
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
                fields.Read(ref json);
            return new ShadowResult(fields._model, fields._version, fields._score, fields._prediction, fields._error, fields._latency);
        }

        private static string Text(ref Utf8JsonReader json) => Next(ref json).GetString() ?? "";

        private static double Number(ref Utf8JsonReader json) => Next(ref json).TokenType == JsonTokenType.Null ? double.NaN : json.GetDouble();

        private static ref Utf8JsonReader Next(ref Utf8JsonReader json)
        {
            json.Read();
            return ref json;
        }
    }
}
