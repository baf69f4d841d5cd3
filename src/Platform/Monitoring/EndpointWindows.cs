using Holdfast.Predictions;

namespace Holdfast.Monitoring;

/// <summary>Requests, errors, latency and labels of one base window; labels by the version that answered.</summary>
internal sealed class WindowTally
{
    public long Requests { get; set; }

    public long Errors { get; set; }

    public long FellBack { get; set; }

    public double LatencySum { get; set; }

    public double LatencyMax { get; set; }

    /// <summary>Labels and right answers by <c>model/version</c> of the primary.</summary>
    public SortedDictionary<string, (long Labels, long Right)> Accuracy { get; } = new(StringComparer.Ordinal);
}

/// <summary>The fold's state of one endpoint: open windows with their rows, and the small tallies of many windows.</summary>
internal sealed class EndpointWindows
{
    private const byte Version = 1;
    private const int MostTallies = 2000;
    private const int MostOpen = 64;

    private readonly SortedDictionary<long, WindowRows> _open = [];
    private readonly SortedDictionary<long, WindowTally> _tallies = [];

    public TimeSpan Every { get; set; }

    /// <summary>The newest primary that answered: <c>model</c>, version, and since when.</summary>
    public string Model { get; private set; } = "";

    public int ModelVersion { get; private set; }

    public DateTimeOffset Since { get; private set; } = DateTimeOffset.UnixEpoch;

    /// <summary>Windows that end up to here are closed for good.</summary>
    public DateTimeOffset ReleasedUntil { get; private set; } = DateTimeOffset.UnixEpoch;

    /// <summary>Rows that came too late for their window's profile.</summary>
    public long Late { get; private set; }

    public IReadOnlyDictionary<long, WindowTally> Tallies => _tallies;

    public void Apply(PredictionEntry entry)
    {
        if (entry.Role == VariantRole.Primary && entry.ModelVersion > 0 && (entry.Model != Model || entry.ModelVersion != ModelVersion))
            (Model, ModelVersion, Since) = (entry.Model, entry.ModelVersion, entry.At);
        var tally = TallyAt(entry.At);
        tally.Requests++;
        tally.Errors += entry.Error is null ? 0 : 1;
        tally.FellBack += entry.FellBack ? 1 : 0;
        tally.LatencySum += entry.LatencyMs;
        tally.LatencyMax = Math.Max(tally.LatencyMax, entry.LatencyMs);
        var start = StartOf(entry.At);
        var end = DateTimeOffset.FromUnixTimeMilliseconds(start) + Every;
        if (end <= ReleasedUntil)
        {
            Late++;
            return;
        }

        if (!_open.TryGetValue(start, out var window))
        {
            _open[start] = window = new WindowRows(DateTimeOffset.FromUnixTimeMilliseconds(start), end);
            // Nobody evaluates (the monitor was removed): the newest windows are kept, not all of them.
            while (_open.Count > MostOpen)
                _open.Remove(_open.Keys.First());
        }

        window.Add(entry, scored: entry.Role == VariantRole.Primary && entry.ModelVersion == ModelVersion && entry.Model == Model);
    }

    public void Apply(LabelEntry label)
    {
        if (label.Prediction is not { Role: VariantRole.Primary, ModelVersion: > 0 } made)
            return;
        var tally = TallyAt(made.At);
        var key = $"{made.Model}/{made.ModelVersion}";
        var (labels, right) = tally.Accuracy.GetValueOrDefault(key);
        tally.Accuracy[key] = (labels + 1, right + (Truth.Same(made.Prediction, label.Value) ? 1 : 0));
    }

    /// <summary>The oldest window that ends at or before the watermark.</summary>
    public WindowRows? Closed(DateTimeOffset watermark) =>
        _open.Count > 0 && _open.First().Value is var oldest && oldest.End <= watermark ? oldest : null;

    /// <summary>Forgets a window that has been stored, and all older ones.</summary>
    public void Release(DateTimeOffset end)
    {
        ReleasedUntil = end > ReleasedUntil ? end : ReleasedUntil;
        foreach (var start in _open.Where(w => w.Value.End <= end).Select(w => w.Key).ToList())
            _open.Remove(start);
    }

    public byte[] ToBytes()
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write(Version);
        writer.Write(Every.Ticks);
        writer.Write(Model);
        writer.Write(ModelVersion);
        writer.Write(Since.ToUnixTimeMilliseconds());
        writer.Write(ReleasedUntil.ToUnixTimeMilliseconds());
        writer.Write(Late);
        writer.Write(_open.Count);
        foreach (var window in _open.Values)
        {
            var bytes = window.ToBytes();
            writer.Write(bytes.Length);
            writer.Write(bytes);
        }

        writer.Write(_tallies.Count);
        foreach (var (start, tally) in _tallies)
        {
            writer.Write(start);
            writer.Write(tally.Requests);
            writer.Write(tally.Errors);
            writer.Write(tally.FellBack);
            writer.Write(tally.LatencySum);
            writer.Write(tally.LatencyMax);
            writer.Write(tally.Accuracy.Count);
            foreach (var (key, (labels, right)) in tally.Accuracy)
            {
                writer.Write(key);
                writer.Write(labels);
                writer.Write(right);
            }
        }

        writer.Flush();
        return stream.ToArray();
    }

    public static EndpointWindows FromBytes(byte[] bytes)
    {
        using var reader = new BinaryReader(new MemoryStream(bytes, writable: false));
        if (reader.ReadByte() is var version && version != Version)
            throw new FormatException($"Windows of version {version} cannot be read; this release reads version {Version}.");
        var state = new EndpointWindows
        {
            Every = TimeSpan.FromTicks(reader.ReadInt64()),
            Model = reader.ReadString(),
            ModelVersion = reader.ReadInt32(),
            Since = DateTimeOffset.FromUnixTimeMilliseconds(reader.ReadInt64()),
            ReleasedUntil = DateTimeOffset.FromUnixTimeMilliseconds(reader.ReadInt64()),
            Late = reader.ReadInt64(),
        };
        for (var left = reader.ReadInt32(); left > 0; left--)
        {
            var window = WindowRows.FromBytes(reader.ReadBytes(reader.ReadInt32()));
            state._open[window.Start.ToUnixTimeMilliseconds()] = window;
        }

        for (var left = reader.ReadInt32(); left > 0; left--)
        {
            var tally = state._tallies[reader.ReadInt64()] = new WindowTally
            {
                Requests = reader.ReadInt64(),
                Errors = reader.ReadInt64(),
                FellBack = reader.ReadInt64(),
                LatencySum = reader.ReadDouble(),
                LatencyMax = reader.ReadDouble(),
            };
            for (var keys = reader.ReadInt32(); keys > 0; keys--)
                tally.Accuracy[reader.ReadString()] = (reader.ReadInt64(), reader.ReadInt64());
        }

        return state;
    }

    private long StartOf(DateTimeOffset at) => WindowMath.StartOf(at, Every).ToUnixTimeMilliseconds();

    private WindowTally TallyAt(DateTimeOffset at)
    {
        var start = StartOf(at);
        if (_tallies.TryGetValue(start, out var tally))
            return tally;
        tally = _tallies[start] = new WindowTally();
        while (_tallies.Count > MostTallies)
            _tallies.Remove(_tallies.Keys.First());
        return tally;
    }
}
