using Holdfast.Storage.Sql;

namespace Holdfast.Tracking;

/// <summary>SQL of the output of runs.</summary>
internal static class ConsoleStore
{
    /// <summary>How much output of a run is held, in characters.</summary>
    public static long Total(Tx tx, int ws, long run) =>
        tx.Scalar("select total from run_console where workspace_id = @ws and run_key = @run order by piece_key desc limit 1", ("ws", ws), ("run", run)) ?? 0;

    /// <summary>Adds a piece; false when it was there.</summary>
    public static bool Add(Tx tx, int ws, long run, string source, ConsolePiece piece, long total) =>
        tx.Execute(
            "insert into run_console (workspace_id, run_key, source, seq, at, stream, body, total) values (@ws, @run, @source, @seq, @at, @stream, @body, @total) on conflict do nothing",
            ("ws", ws), ("run", run), ("source", source), ("seq", piece.Seq), ("at", piece.At), ("stream", piece.Stream), ("body", piece.Text), ("total", total)) == 1;

    /// <summary>Pieces past an id, in the order of their arrival.</summary>
    public static List<ConsoleText> Read(Tx tx, int ws, long run, long after, int limit) =>
        tx.Query(
            "select piece_key, at, stream, body from run_console where workspace_id = @ws and run_key = @run and piece_key > @after order by piece_key limit @limit",
            r => new ConsoleText(r.Int64(0), r.Time(1), r.Text(2), r.Text(3)),
            ("ws", ws), ("run", run), ("after", after), ("limit", limit));

    /// <summary>The last pieces, oldest first.</summary>
    public static List<ConsoleText> Last(Tx tx, int ws, long run, int limit)
    {
        var pieces = tx.Query(
            "select piece_key, at, stream, body from run_console where workspace_id = @ws and run_key = @run order by piece_key desc limit @limit",
            r => new ConsoleText(r.Int64(0), r.Time(1), r.Text(2), r.Text(3)),
            ("ws", ws), ("run", run), ("limit", limit));
        pieces.Reverse();
        return pieces;
    }
}
