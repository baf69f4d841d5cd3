using System.Text;
using Holdfast.Client;

namespace Holdfast.Commands.Capture;

/// <summary>
/// Passes a command's output on as it comes, keeps all of it in a file, and tells the run whole lines twice a second. Of a progress bar,
/// which writes over its own line, the last state is told.
/// </summary>
internal sealed class ConsoleCapture(TrackedRun run, Stream file, bool toStdout, long most = 16 << 20) : IDisposable
{
    private const int MostWaiting = 32 << 10;
    private static readonly TimeSpan TellEvery = TimeSpan.FromMilliseconds(500);
    private readonly SemaphoreSlim _turn = new(1, 1);
    private long _told;

    /// <inheritdoc />
    public void Dispose() => _turn.Dispose();

    /// <summary>Copies both streams until they end.</summary>
    public async Task Follow(Stream stdout, Stream stderr, CancellationToken ct)
    {
        await Task.WhenAll(Copy(stdout, isError: false, ct), Copy(stderr, isError: true, ct));
        await file.FlushAsync(CancellationToken.None);
    }

    private async Task Copy(Stream from, bool isError, CancellationToken ct)
    {
        // Each stream goes where it would have gone without this program, unless stdout is for the run's document.
        await using var terminal = isError || !toStdout ? Console.OpenStandardError() : Console.OpenStandardOutput();
        var (buffer, decoder, waiting) = (new byte[8192], new UTF8Encoding(false).GetDecoder(), new StringBuilder());
        var chars = new char[8192 + 16];
        using var timer = new PeriodicTimer(TellEvery);
        var tick = timer.WaitForNextTickAsync(CancellationToken.None).AsTask();
        var read = from.ReadAsync(buffer, ct).AsTask();
        var quiet = 0;
        while (true)
        {
            var done = await Task.WhenAny(read, tick);
            if (done == tick)
            {
                tick = timer.WaitForNextTickAsync(CancellationToken.None).AsTask();
                // An unfinished line is told after five seconds, so that a question or a slow bar is seen.
                quiet++;
                Tell(waiting, isError, unfinished: quiet >= 10);
                if (quiet >= 10)
                    quiet = 0;
                continue;
            }

            var count = await read;
            if (count == 0)
                break;
            await _turn.WaitAsync(CancellationToken.None);
            try
            {
                await terminal.WriteAsync(buffer.AsMemory(0, count), CancellationToken.None);
                await file.WriteAsync(buffer.AsMemory(0, count), CancellationToken.None);
            }
            finally
            {
                _turn.Release();
            }

            waiting.Append(chars, 0, decoder.GetChars(buffer.AsSpan(0, count), chars, flush: false));
            if (waiting.Length > MostWaiting)
                Tell(waiting, isError, unfinished: waiting.Length > 2 * MostWaiting);
            read = from.ReadAsync(buffer, ct).AsTask();
        }

        Tell(waiting, isError, unfinished: true);
    }

    private void Tell(StringBuilder waiting, bool isError, bool unfinished)
    {
        if (waiting.Length == 0)
            return;
        var text = waiting.ToString();
        var end = unfinished ? text.Length : text.LastIndexOf('\n') + 1;
        if (end == 0)
        {
            // Only the last state of a bar is worth waiting for.
            if (text.LastIndexOf('\r') is > 0 and var back && back < text.Length - 1)
                waiting.Remove(0, back + 1);
            return;
        }

        waiting.Remove(0, end);
        var lines = Overwritten(text[..end]);
        if (Interlocked.Add(ref _told, lines.Length) - lines.Length >= most)
            return;
        run.LogOutput(_told > most ? lines + "[holdfast: the rest is in output.log]\n" : lines, isError);
    }

    /// <summary>What is left to see when each carriage return writes over its line.</summary>
    public static string Overwritten(string text)
    {
        if (!text.Contains('\r', StringComparison.Ordinal))
            return text;
        return string.Join('\n', text.Replace("\r\n", "\n", StringComparison.Ordinal).Split('\n').Select(line =>
        {
            var trimmed = line.TrimEnd('\r');
            return trimmed[(trimmed.LastIndexOf('\r') + 1)..];
        }));
    }
}
