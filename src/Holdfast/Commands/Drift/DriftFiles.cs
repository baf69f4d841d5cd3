using Holdfast.Storage.Tables;

namespace Holdfast.Commands.Drift;

/// <summary>Both files, read at the same time; in memory, or spilled to a temporary folder if they would not fit. Dispose removes what was spilled.</summary>
internal sealed class DriftFiles : IDisposable
{
    private const string Stdin = "-";
    private const long Long = 20 << 20;
    private readonly List<IDisposable> _spilled = [];
    private string? _piped;

    private DriftFiles()
    {
    }

    /// <summary>How it should be.</summary>
    public DriftTable Reference { get; private set; } = null!;

    /// <summary>What is compared with it.</summary>
    public DriftTable Current { get; private set; } = null!;

    /// <summary>Large enough for a progress bar.</summary>
    public bool IsLong { get; private set; }

    public static async Task<DriftFiles> Read(string reference, string current, DriftSettings settings, CancellationToken ct)
    {
        var files = new DriftFiles();
        try
        {
            await files.Fill(reference, current, settings, ct);
            return files;
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _spilled.ForEach(s => s.Dispose());
        if (_piped is not null)
            File.Delete(_piped);
    }

    private async Task Fill(string reference, string current, DriftSettings settings, CancellationToken ct)
    {
        if (reference == Stdin || current == Stdin)
            await Spool(ct);
        var (from, to) = (reference == Stdin ? _piped! : reference, current == Stdin ? _piped! : current);
        var spill = !settings.Approximate && Needed(from) + Needed(to) > settings.Memory;
        var total = Math.Max(1, Length(from) + Length(to));
        IsLong = total > Long;
        using var progress = new ProgressLine("reading", IsLong);
        long read = 0;
        void OnRead(long bytes) => progress.Show((double)Interlocked.Add(ref read, bytes) / total);
        // Two threads: parsing is what takes the time, and each file has its own. A spilled load fills the memory, so they take turns.
        if (spill)
        {
            Reference = Spill(from, Name(reference), settings, OnRead);
            Current = Spill(to, Name(current), settings, OnRead);
            return;
        }

        if (settings.Approximate)
        {
            var sketched = await Task.WhenAll(
                Task.Run(() => ApproximateTable.Load(from, Name(reference), settings, OnRead), ct), Task.Run(() => ApproximateTable.Load(to, Name(current), settings, OnRead), ct));
            (Reference, Current) = (sketched[0], sketched[1]);
            return;
        }

        var tables = await Task.WhenAll(Task.Run(() => TableReader.Read(from, onRead: OnRead), ct), Task.Run(() => TableReader.Read(to, onRead: OnRead), ct));
        Reference = DriftTable.Of(Name(reference), tables[0]);
        Current = DriftTable.Of(Name(current), tables[1]);
    }

    private DriftTable Spill(string path, string name, DriftSettings settings, Action<long> onRead)
    {
        var spilled = SpilledTable.Load(path, settings, onRead);
        _spilled.Add(spilled);
        return spilled.ToTable(name);
    }

    // A parser may have to look twice, so what comes from a pipe is kept in a file.
    private async Task Spool(CancellationToken ct)
    {
        // Made by the system, so that nobody else may read it.
        _piped = Path.GetTempFileName();
        await using var input = Console.OpenStandardInput();
        await using var file = new FileStream(_piped, FileMode.Truncate, FileAccess.Write, FileShare.None);
        await input.CopyToAsync(file, ct);
    }

    // Eight bytes a value; the copies that sorting makes exist for a few columns at a time, and the program itself takes some.
    private static long Needed(string path)
    {
        var (rows, columns) = TableReader.Size(path);
        return rows * 8 * (columns + 8);
    }

    private static long Length(string path) => new FileInfo(path).Length;

    private static string Name(string path) => path == Stdin ? "stdin" : Path.GetFileName(path);
}
