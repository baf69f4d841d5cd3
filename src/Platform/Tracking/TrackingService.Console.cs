using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Storage.Sql;

namespace Holdfast.Tracking;

public sealed partial class TrackingService
{
    private const int MaxConsolePieces = 100;
    private const int MaxConsolePiece = 64 << 10;
    private const long MaxConsole = 64L << 20;

    /// <summary>Adds output of a run; a piece that is there already is no second one.</summary>
    public Task AddConsole(Principal p, string runId, ConsoleBatch batch, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        CheckConsole(batch);
        return ChangeRun(
            p, runId,
            (tx, run) =>
            {
                var total = ConsoleStore.Total(tx, p.WorkspaceId, run.Key);
                foreach (var piece in batch.Pieces)
                {
                    // PostgreSQL keeps no NUL in a text.
                    var text = piece.Text.Replace('\0', '\uFFFD');
                    if (ConsoleStore.Add(tx, p.WorkspaceId, run.Key, batch.Source, piece with { Text = text }, total + text.Length))
                        total += text.Length;
                }

                return total <= MaxConsole
                    ? true
                    : throw new HoldfastException(ErrorCode.TooLarge, $"The console of the run {runId} would hold more than {MaxConsole} characters.", "Store the rest as an artifact.");
            },
            WriteLane.Bulk, ct);
    }

    /// <summary>Output of a run in the order of its arrival.</summary>
    /// <param name="after">The last id that is known; 0 = from the beginning, null = the last pieces.</param>
    public async Task<IReadOnlyList<ConsoleText>> ReadConsole(Principal p, string runId, long? after, int max = 1000, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        KeyRules.Page(max, 10_000);
        return await db.Read<IReadOnlyList<ConsoleText>>(
            tx =>
            {
                var run = RunStore.Find(tx, p.WorkspaceId, runId) ?? throw NoRun(runId);
                return after is { } id ? ConsoleStore.Read(tx, p.WorkspaceId, run.Key, id, max) : ConsoleStore.Last(tx, p.WorkspaceId, run.Key, max);
            },
            ct);
    }

    private static void CheckConsole(ConsoleBatch batch)
    {
        var faults = new List<Fault>();
        if (string.IsNullOrEmpty(batch.Source) || batch.Source.Length > 64)
            faults.Add(new Fault("source", $"'{batch.Source}' is no source.", "Give 1 to 64 characters, the same for all output of one process."));
        if (batch.Pieces.Count > MaxConsolePieces)
            faults.Add(new Fault("pieces", $"There are {batch.Pieces.Count} pieces.", $"Send at most {MaxConsolePieces} at a time."));
        for (var i = 0; i < batch.Pieces.Count; i++)
        {
            if (batch.Pieces[i] is not { Text: not null } piece)
                faults.Add(new Fault($"pieces[{i}]", "The piece is null.", "Give seq, at, stream and text."));
            else if (piece.Text.Length > MaxConsolePiece)
                faults.Add(new Fault($"pieces[{i}].text", $"The text has {piece.Text.Length} characters.", $"Cut it into pieces of at most {MaxConsolePiece}."));
            else if (piece.Stream is not ("stdout" or "stderr"))
                faults.Add(new Fault($"pieces[{i}].stream", $"'{piece.Stream}' is no stream.", "Use stdout or stderr."));
        }

        if (faults.Count > 0)
            throw new HoldfastException("The output cannot be stored.", faults);
    }
}
