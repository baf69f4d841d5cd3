using System.Globalization;

namespace Holdfast.Serving.Backends.Remote;

/// <summary>What a model's processes print, in a file that is set aside at a megabyte and kept once: at most two megabytes.</summary>
internal sealed class ProcessLog : IDisposable
{
    private const long Largest = 1 << 20;
    private const int LongestLine = 4_000;
    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private StreamWriter? _writer;

    public ProcessLog(string path, TimeProvider time)
    {
        (_path, _time) = (path, time);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        _writer = Open();
    }

    public void Add(int process, string line)
    {
        lock (_gate)
        {
            if (_writer is null)
                return;
            _writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{_time.GetUtcNow():yyyy-MM-dd'T'HH:mm:ss.fff'Z'} [{process}] {(line.Length > LongestLine ? line[..LongestLine] + "…" : line)}"));
            if (_writer.BaseStream.Position < Largest)
                return;
            _writer.Dispose();
            File.Move(_path, _path + ".1", overwrite: true);
            _writer = Open();
        }
    }

    /// <summary>The last lines.</summary>
    public IReadOnlyList<string> Tail(int lines)
    {
        lock (_gate)
        {
            var found = new List<string>();
            foreach (var path in new[] { _path + ".1", _path })
            {
                if (!File.Exists(path))
                    continue;
                using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
                while (reader.ReadLine() is { } line)
                    found.Add(line);
            }

            return found.Count > lines ? found[^lines..] : found;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _writer?.Dispose();
            _writer = null;
        }
    }

    private StreamWriter Open() => new(new FileStream(_path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete)) { AutoFlush = true };
}
