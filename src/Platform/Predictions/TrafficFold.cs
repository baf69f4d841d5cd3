using System.Collections.Concurrent;
using Holdfast.Contracts;

namespace Holdfast.Predictions;

/// <summary>
/// Counts an endpoint's traffic by variant over the last hour in minutes, the last week in hours and the last four months in days,
/// on the endpoint's clock. Written by the log's thread, read by pages.
/// </summary>
internal sealed class TrafficFold : IPredictionFold
{
    private const byte Version = 1;

    /// <summary>Name and length of the stretches, and how many are kept.</summary>
    internal static readonly IReadOnlyList<(string Name, TimeSpan Length, int Kept)> Steps =
        [("1m", TimeSpan.FromMinutes(1), 60), ("1h", TimeSpan.FromHours(1), 168), ("1d", TimeSpan.FromDays(1), 120)];

    private readonly ConcurrentDictionary<EndpointKey, Traffic> _states = [];

    public string Name => "traffic";

    public void Apply(EndpointKey endpoint, LogEntry entry)
    {
        if (entry is ClockEntry)
            return;
        var state = _states.GetOrAdd(endpoint, _ => new Traffic());
        lock (state)
        {
            if (entry is PredictionEntry prediction)
                state.Add(prediction);
            else if (entry is LabelEntry { Prediction: { } made } label)
                state.Add(label, made);
        }
    }

    public byte[]? Save(EndpointKey endpoint)
    {
        if (!_states.TryGetValue(endpoint, out var state))
            return null;
        lock (state)
            return state.ToBytes();
    }

    public void Load(EndpointKey endpoint, byte[]? state)
    {
        if (state is null)
        {
            _states.TryRemove(endpoint, out _);
            return;
        }

        if (state[0] != Version)
            throw new FormatException($"Traffic of version {state[0]} cannot be read; this release reads version {Version}.");
        _states[endpoint] = Traffic.Of(state);
    }

    /// <summary>The stretches of one length, oldest first; of the shortest length that has them all when no length is named.</summary>
    public TrafficSeries Read(EndpointKey endpoint, string? step, DateTimeOffset now)
    {
        if (!_states.TryGetValue(endpoint, out var state))
            return new TrafficSeries(step ?? Steps[0].Name, now, []);
        lock (state)
        {
            var i = step is null ? state.Shortest() : Enumerable.Range(0, Steps.Count).Single(s => Steps[s].Name == step);
            return new TrafficSeries(Steps[i].Name, now, state.Buckets(i));
        }
    }

    private sealed class Traffic
    {
        private readonly SortedDictionary<long, Dictionary<VariantKey, TrafficCounts>>[] _stretches = [.. Steps.Select(_ => new SortedDictionary<long, Dictionary<VariantKey, TrafficCounts>>())];

        // The stretch that was last counted in, of each length: nearly always the next one, too.
        private readonly (long Bucket, Dictionary<VariantKey, TrafficCounts>? Variants)[] _last = [.. Steps.Select(_ => (long.MinValue, (Dictionary<VariantKey, TrafficCounts>?)null))];

        public static Traffic Of(byte[] state)
        {
            var traffic = new Traffic();
            using var reader = new BinaryReader(new MemoryStream(state, 1, state.Length - 1));
            for (var i = 0; i < Steps.Count; i++)
            {
                for (var buckets = reader.Read7BitEncodedInt(); buckets > 0; buckets--)
                {
                    var variants = traffic._stretches[i][reader.Read7BitEncodedInt64()] = [];
                    for (var n = reader.Read7BitEncodedInt(); n > 0; n--)
                        variants[new VariantKey(reader.ReadString(), reader.ReadString(), reader.Read7BitEncodedInt())] = TrafficCounts.Read(reader);
                }
            }

            return traffic;
        }

        // Written about once a second, so it is kept small: some 50 bytes a variant and stretch.
        public byte[] ToBytes()
        {
            var bytes = new MemoryStream();
            using var writer = new BinaryWriter(bytes);
            writer.Write(Version);
            foreach (var stretch in _stretches)
            {
                writer.Write7BitEncodedInt(stretch.Count);
                foreach (var (bucket, variants) in stretch)
                {
                    writer.Write7BitEncodedInt64(bucket);
                    writer.Write7BitEncodedInt(variants.Count);
                    foreach (var (key, counts) in variants)
                    {
                        writer.Write(key.Role);
                        writer.Write(key.Model);
                        writer.Write7BitEncodedInt(key.Version);
                        counts.Write(writer);
                    }
                }
            }

            writer.Flush();
            return bytes.ToArray();
        }

        public void Add(PredictionEntry e)
        {
            for (var i = 0; i < Steps.Count; i++)
            {
                if (Variants(i, e.At) is not { } variants)
                    continue;
                Counts(variants, new VariantKey(e.Role, e.Model, e.ModelVersion)).Add(e.LatencyMs, e.Score, e.Error is not null, e.FellBack);
                // A copy that was skipped was never asked.
                if (e.Shadow is { Error: not "skipped" } copy)
                    Counts(variants, new VariantKey(VariantRole.Shadow, copy.Model, copy.ModelVersion)).Add(copy.LatencyMs, copy.Score, copy.Error is not null, fellBack: false);
            }
        }

        public void Add(LabelEntry label, PredictionEntry made)
        {
            for (var i = 0; i < Steps.Count; i++)
            {
                if (Variants(i, made.At) is not { } variants)
                    continue;
                Count(variants, new VariantKey(made.Role, made.Model, made.ModelVersion), made.Prediction);
                if (made.Shadow is { Error: null } copy)
                    Count(variants, new VariantKey(VariantRole.Shadow, copy.Model, copy.ModelVersion), copy.Prediction);
            }

            void Count(Dictionary<VariantKey, TrafficCounts> variants, VariantKey key, string prediction)
            {
                var counts = Counts(variants, key);
                counts.Labels++;
                counts.Right += Truth.Same(prediction, label.Value) ? 1 : 0;
            }
        }

        public int Shortest()
        {
            for (var i = 0; i < Steps.Count - 1; i++)
            {
                // Everything that a longer step knows lies within what this one keeps.
                if (_stretches[^1].Count == 0 || _stretches[i + 1].Count == 0 || (_stretches[i + 1].Keys.Last() - _stretches[i + 1].Keys.First()) * Steps[i + 1].Length <= Steps[i].Length * Steps[i].Kept)
                    return i;
            }

            return Steps.Count - 1;
        }

        public List<TrafficBucket> Buckets(int step) =>
            [.. _stretches[step].Select(b => new TrafficBucket(DateTimeOffset.UnixEpoch + (b.Key * Steps[step].Length), [.. b.Value.OrderBy(v => v.Key.Role, StringComparer.Ordinal).ThenBy(v => v.Key.Version).Select(v => v.Value.Info(v.Key))]))];

        private static TrafficCounts Counts(Dictionary<VariantKey, TrafficCounts> variants, VariantKey key)
        {
            if (!variants.TryGetValue(key, out var counts))
                variants[key] = counts = new TrafficCounts();
            return counts;
        }

        // Null for what is older than everything that is kept.
        private Dictionary<VariantKey, TrafficCounts>? Variants(int step, DateTimeOffset at)
        {
            var bucket = (at - DateTimeOffset.UnixEpoch).Ticks / Steps[step].Length.Ticks;
            if (_last[step].Bucket != bucket)
                _last[step] = (bucket, Find(step, bucket));
            return _last[step].Variants;
        }

        private Dictionary<VariantKey, TrafficCounts>? Find(int step, long bucket)
        {
            var stretch = _stretches[step];
            if (stretch.TryGetValue(bucket, out var found))
                return found;
            if (stretch.Count >= Steps[step].Kept)
            {
                var oldest = stretch.Keys.First();
                if (bucket < oldest)
                    return null;
                stretch.Remove(oldest);
            }

            return stretch[bucket] = [];
        }
    }
}
