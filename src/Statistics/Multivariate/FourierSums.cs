namespace Holdfast.Statistics.Multivariate;

/// <summary>
/// The sum of phi(x) over a stream of rows: all that a kernel two-sample test needs of a window, in 2 D numbers whatever its length. Cosines and sines are
/// added as integers in units of 2^-32, so that adding and merging in any order give the same bits (rounding: 2^-33 a row, far below the sampling error).
/// Holds up to 2^30 rows.
/// </summary>
public sealed class FourierSums
{
    private const byte Version = 1;
    private const double Unit = 4294967296.0;
    private const long MostRows = 1L << 30;
    private readonly long[] _sums;
    private readonly double[] _cosines;
    private readonly double[] _sines;

    /// <summary>Without rows.</summary>
    public FourierSums(FourierMap map)
    {
        ArgumentNullException.ThrowIfNull(map);
        Map = map;
        _sums = new long[2 * map.Frequencies];
        _cosines = new double[map.Padded];
        _sines = new double[map.Padded];
    }

    /// <summary>The map; sums over different maps cannot be merged or compared.</summary>
    public FourierMap Map { get; }

    /// <summary>Rows added.</summary>
    public long Count { get; private set; }

    /// <summary>Rows left out because a value was NaN or infinite.</summary>
    public long Missing { get; private set; }

    /// <summary>Adds a row, O(D columns). A row with NaN or an infinite value is counted in <see cref="Missing"/> only.</summary>
    public void Add(ReadOnlySpan<double> row)
    {
        foreach (var value in row)
        {
            if (double.IsFinite(value)) continue;
            Missing++;
            return;
        }
        Map.Angles(row, _cosines, _sines);
        if (Count >= MostRows) throw new InvalidOperationException("The sums hold 2^30 rows at most.");
        for (var l = 0; l < Map.Frequencies; l++)
        {
            _sums[l] += Fixed(_cosines[l]);
            _sums[Map.Frequencies + l] += Fixed(_sines[l]);
        }
        Count++;
    }

    /// <summary>Adds all rows of a matrix.</summary>
    public void AddRows(Matrix rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        for (var r = 0; r < rows.Rows; r++) Add(rows.Row(r));
    }

    /// <summary>Takes over the rows of another sum over an equal map.</summary>
    public void Merge(FourierSums other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (!Map.Equals(other.Map)) throw new ArgumentException("Sums over different maps (columns, bandwidth, seed, frequencies) cannot be merged.", nameof(other));
        if (Count + other.Count > MostRows) throw new InvalidOperationException("The sums hold 2^30 rows at most.");
        for (var i = 0; i < _sums.Length; i++) _sums[i] += other._sums[i];
        Count += other.Count;
        Missing += other.Missing;
    }

    /// <summary>The mean of phi over the rows, 2 D values; NaN without rows.</summary>
    public double[] Mean()
    {
        var scale = 1 / (Unit * Count * Math.Sqrt(Map.Frequencies));
        return Array.ConvertAll(_sums, sum => Count == 0 ? double.NaN : sum * scale);
    }

    /// <summary>The sums as bytes: a version byte, then little-endian fields. Equal sums give equal bytes.</summary>
    public byte[] ToBytes()
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write(Version);
        writer.Write(Map.Columns);
        writer.Write(Map.Frequencies);
        writer.Write(Map.Seed);
        writer.Write(Map.Sigma);
        writer.Write(Count);
        writer.Write(Missing);
        foreach (var sum in _sums) writer.Write(sum);
        writer.Flush();
        return stream.ToArray();
    }

    /// <summary>The sums stored by <see cref="ToBytes"/>. Throws <see cref="FormatException"/> for another version or damaged bytes.</summary>
    public static FourierSums FromBytes(ReadOnlySpan<byte> bytes)
    {
        const int head = 1 + 4 + 4 + 8 + 8 + 8 + 8;
        if (bytes.Length < 1) throw new FormatException("The Fourier sums are empty.");
        if (bytes[0] != Version) throw new FormatException($"Fourier sums of version {bytes[0]} cannot be read; this release reads version {Version}.");
        if (bytes.Length < head) throw new FormatException("The Fourier sums are cut short.");
        var frequencies = System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(bytes[5..]);
        if (frequencies < 1 || bytes.Length != head + 16L * frequencies) throw new FormatException("The Fourier sums are damaged: their length does not fit their frequencies.");
        using var reader = new BinaryReader(new MemoryStream(bytes.ToArray()));
        reader.ReadByte();
        try
        {
            int columns = reader.ReadInt32(), d = reader.ReadInt32();
            var seed = reader.ReadUInt64();
            var result = new FourierSums(new FourierMap(columns, reader.ReadDouble(), seed, d)) { Count = reader.ReadInt64(), Missing = reader.ReadInt64() };
            if (result.Count is < 0 or > MostRows || result.Missing < 0) throw new FormatException("The Fourier sums are damaged: a count is out of range.");
            foreach (ref var sum in result._sums.AsSpan()) sum = reader.ReadInt64();
            return result;
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw new FormatException("The Fourier sums are damaged: " + e.Message, e);
        }
    }

    private static long Fixed(double value) => (long)Math.Round(value * Unit);
}
