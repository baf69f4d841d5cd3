using System.Buffers.Binary;

namespace Holdfast.Rollout;

/// <summary>What a label says of a prediction, as much of it as the evidence needs.</summary>
/// <param name="Counts">Whether it is its unit's first wrong answer.</param>
/// <param name="FigureCounts">Whether it is its unit's first label.</param>
/// <param name="Figures">The figures that need labels: the candidate's or the answering side's, in a pair followed by the other side's; NaN where there is none.</param>
internal readonly record struct LabelOutcome(bool Paired, double Weight, bool Candidate, bool CandidateWrong, bool PrimaryWrong, bool Counts, bool FigureCounts, float[] Figures);

/// <summary>All of a <see cref="LabelQueue"/>, for storing.</summary>
internal sealed record LabelQueueSnapshot(IReadOnlyList<LabelBucket> Buckets, IReadOnlyList<double> Weights, long LeftOut);

/// <summary>Labels that are due together.</summary>
internal sealed record LabelBucket(long Due, byte[] Labels);

/// <summary>
/// Labels that are not ripe. A label counts when the horizon has passed since its prediction, in order of that moment, and not when it comes: else
/// whichever outcome is told sooner would weigh more at first. They are let through by buckets of a 64th of the horizon; a few bytes a label, at most 200,000.
/// </summary>
internal sealed class LabelQueue
{
    private const long Most = 200_000;
    private readonly SortedDictionary<long, List<byte>> _buckets = [];
    private readonly List<double> _weights;
    private readonly int _figures;
    private readonly long _horizon;
    private readonly long _width;
    private long _pending;

    /// <param name="figures">How many figures need labels.</param>
    public LabelQueue(TimeSpan horizon, int figures, LabelQueueSnapshot? stored = null)
    {
        (_horizon, _figures) = ((long)horizon.TotalMilliseconds, figures);
        _width = Math.Clamp(_horizon / 64, 1000, int.MaxValue);
        _weights = [.. stored?.Weights ?? []];
        LeftOut = stored?.LeftOut ?? 0;
        foreach (var bucket in stored?.Buckets ?? [])
        {
            _buckets.Add(bucket.Due, [.. bucket.Labels]);
            for (var at = 0; at < bucket.Labels.Length; at += Length(bucket.Labels[at]))
                _pending++;
        }
    }

    /// <summary>Labels that wait.</summary>
    public long Pending => _pending;

    /// <summary>Labels that found it full.</summary>
    public long LeftOut { get; private set; }

    public LabelQueueSnapshot Snapshot => new([.. _buckets.Select(b => new LabelBucket(b.Key, [.. b.Value]))], [.. _weights], LeftOut);

    /// <summary>Keeps a label until it is due; false when it is due by <paramref name="now"/>.</summary>
    public bool Keep(DateTimeOffset made, DateTimeOffset now, LabelOutcome label)
    {
        var ripe = made.ToUnixTimeMilliseconds() + _horizon;
        var due = (ripe + _width - 1) / _width * _width;
        if (_horizon == 0 || due <= now.ToUnixTimeMilliseconds())
            return false;
        var weight = _weights.IndexOf(label.Weight);
        if (weight < 0)
        {
            weight = _weights.Count;
            _weights.Add(label.Weight);
        }

        if (_pending >= Most || weight > byte.MaxValue)
        {
            LeftOut++;
            return true;
        }

        if (!_buckets.TryGetValue(due, out var bucket))
            _buckets.Add(due, bucket = []);
        bucket.Add(Flags(label));
        bucket.Add((byte)weight);
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(number, (int)(due - ripe));
        bucket.AddRange(number);
        foreach (var figure in label.Figures)
        {
            BinaryPrimitives.WriteSingleLittleEndian(number, figure);
            bucket.AddRange(number);
        }

        _pending++;
        return true;
    }

    /// <summary>Takes out what is due, in order.</summary>
    public IEnumerable<LabelOutcome> Due(DateTimeOffset now)
    {
        while (_buckets.Count > 0 && _buckets.First() is var (due, labels) && due <= now.ToUnixTimeMilliseconds())
        {
            _buckets.Remove(due);
            // By their moments also within a bucket, not as they came.
            var bytes = labels.ToArray();
            var places = new List<(int Before, int At)>();
            for (var at = 0; at < bytes.Length; at += Length(bytes[at]))
                places.Add((BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at + 2)), at));
            foreach (var (_, at) in places.OrderByDescending(p => p.Before))
            {
                _pending--;
                yield return Read(bytes.AsSpan(at));
            }
        }
    }

    private static byte Flags(LabelOutcome l) =>
        (byte)((l.Paired ? 1 : 0) | (l.Candidate ? 2 : 0) | (l.CandidateWrong ? 4 : 0) | (l.PrimaryWrong ? 8 : 0) | (l.Counts ? 16 : 0) | (l.FigureCounts ? 32 : 0));

    private int Length(byte flags) => 6 + 4 * Floats(flags);

    private int Floats(byte flags) => (flags & 1) != 0 ? 2 * _figures : _figures;

    private LabelOutcome Read(ReadOnlySpan<byte> bytes)
    {
        var flags = bytes[0];
        var figures = new float[Floats(flags)];
        for (var i = 0; i < figures.Length; i++)
            figures[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes[(6 + 4 * i)..]);
        return new LabelOutcome((flags & 1) != 0, _weights[bytes[1]], (flags & 2) != 0, (flags & 4) != 0, (flags & 8) != 0, (flags & 16) != 0, (flags & 32) != 0, figures);
    }
}
