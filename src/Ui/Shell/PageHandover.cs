using System.Collections.Concurrent;

namespace Holdfast.Ui.Shell;

/// <summary>
/// Hands what a pre-rendered page has loaded to the circuit that takes the page over, so that the page neither
/// flickers nor asks twice. A circuit that lands on another replica finds nothing and loads by itself.
/// </summary>
internal sealed class PageHandover(TimeProvider time)
{
    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(20);
    private const int Most = 200;
    private readonly ConcurrentDictionary<(string View, Type Page), (object Model, long At)> _models = new();

    public void Leave(string view, Type page, object model)
    {
        foreach (var (key, entry) in _models)
        {
            if (time.GetElapsedTime(entry.At) > Kept)
            {
                _models.TryRemove(key, out _);
            }
        }

        if (_models.Count < Most)
        {
            _models[(view, page)] = (model, time.GetTimestamp());
        }
    }

    /// <summary>The model that was left, once.</summary>
    public object? Take(string view, Type page) =>
        _models.TryRemove((view, page), out var entry) && time.GetElapsedTime(entry.At) <= Kept ? entry.Model : null;
}
