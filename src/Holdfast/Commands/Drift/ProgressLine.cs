namespace Holdfast.Commands.Drift;

/// <summary>A progress bar on stderr: on a terminal only, for long work only, gone afterwards. May be told from several threads.</summary>
internal sealed class ProgressLine(string what, bool wanted) : IDisposable
{
    private const int Width = 30;
    private readonly Lock _lock = new();
    private readonly bool _shown = wanted && !Console.IsErrorRedirected;
    private int _last = -1;

    public void Show(double share)
    {
        if (!_shown)
            return;
        lock (_lock)
        {
            var percent = (int)(100 * Math.Clamp(share, 0, 1));
            if (percent <= _last)
                return;
            _last = percent;
            var done = percent * Width / 100;
            Console.Error.Write($"\r[{new string('#', done)}{new string(' ', Width - done)}] {percent,3} % {what}");
        }
    }

    public void Dispose()
    {
        if (_last >= 0)
            Console.Error.Write($"\r{new string(' ', Width + what.Length + 10)}\r");
    }
}
