using System.Globalization;
using System.Text;
using Holdfast.Contracts;
using Holdfast.Executors;

namespace Holdfast.Pipelines;

/// <summary>The output of a run's stages as one stream that can be followed: the position is stage, attempt and byte.</summary>
internal static class RunLog
{
    private const int LargestPart = 256 << 10;

    public static async Task<PipelineLog> Read(string jobs, IReadOnlyList<string> stages, string? after, bool over, CancellationToken ct)
    {
        var (stage, attempt, offset) = Position(after);
        var parts = new List<PipelineLogPart>();
        var room = LargestPart;
        for (; stage < stages.Count; stage++, attempt = 1, offset = 0)
        {
            while (true)
            {
                var folder = Folder(jobs, stage, stages[stage], attempt);
                var (text, length) = await Piece(LocalExecutor.LogFile(folder), offset, room, ct);
                if (text.Length > 0)
                    parts.Add(new PipelineLogPart(stages[stage], text));
                offset += length;
                room -= length;
                if (room <= 0)
                    return new PipelineLog(parts, Text(stage, attempt, offset), false);
                if (!Directory.Exists(Folder(jobs, stage, stages[stage], attempt + 1)))
                    break;
                (attempt, offset) = (attempt + 1, 0);
            }

            // A later stage's output means that this one has said everything.
            if (!over && !Enumerable.Range(stage + 1, stages.Count - stage - 1).Any(s => Directory.Exists(Folder(jobs, s, stages[s], 1))))
                return new PipelineLog(parts, Text(stage, attempt, offset), false);
        }

        return new PipelineLog(parts, Text(stages.Count, 1, 0), true);
    }

    private static async Task<(string Text, int Length)> Piece(string file, long offset, int most, CancellationToken ct)
    {
        if (!File.Exists(file))
            return ("", 0);
        await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16, useAsync: true);
        stream.Seek(offset, SeekOrigin.Begin);
        var buffer = new byte[Math.Min(most, Math.Max(0, stream.Length - offset))];
        var read = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, ct);
        var end = Whole(buffer, read);
        return (Encoding.UTF8.GetString(buffer, 0, end), end);
    }

    // A character that is only half written waits for its other half.
    private static int Whole(byte[] buffer, int read)
    {
        for (var i = read - 1; i >= Math.Max(0, read - 4); i--)
        {
            if ((buffer[i] & 0xC0) != 0x80)
                return buffer[i] >= 0xC0 && i + Width(buffer[i]) > read ? i : read;
        }

        return read;
    }

    private static int Width(byte lead) => lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;

    private static string Folder(string jobs, int stage, string name, int attempt) => $"{PipelineAgent.JobFolder(jobs, stage, name)}.{attempt}";

    private static string Text(int stage, int attempt, long offset) => string.Create(CultureInfo.InvariantCulture, $"{stage}.{attempt}.{offset}");

    private static (int Stage, int Attempt, long Offset) Position(string? after)
    {
        if (string.IsNullOrEmpty(after))
            return (0, 1, 0);
        return after.Split('.') is [var s, var a, var o] && int.TryParse(s, NumberStyles.None, CultureInfo.InvariantCulture, out var stage) && int.TryParse(a, NumberStyles.None, CultureInfo.InvariantCulture, out var attempt)
            && long.TryParse(o, NumberStyles.None, CultureInfo.InvariantCulture, out var offset)
            ? (stage, Math.Max(1, attempt), offset)
            : throw new HoldfastException(ErrorCode.InvalidArgument, $"after: '{after}' was not given out by this log.", "Start without it.");
    }
}
