using System.Text;
using Holdfast.Storage.Sql;

namespace Holdfast.Predictions;

/// <summary>The SQL of the prediction log: index, positions, folds and labels.</summary>
internal sealed class PredictionStore(Db db)
{
    private const int RowsPerJob = 500;

    public Task<List<(int Id, EndpointKey Key, EndpointClock Clock, long LatenessMs)>> Endpoints(CancellationToken ct) => db.Read(
        tx => tx.Query(
            "select id, workspace_id, name, clock, lateness_ms from prediction_endpoint order by id",
            r => (r.Int32(0), new EndpointKey(r.Int32(1), r.Text(2)), r.Text(3) == "event" ? EndpointClock.Event : EndpointClock.Wall, r.Int64(4))),
        ct);

    public Task<int> Declare(EndpointKey key, EndpointClock clock, long latenessMs, DateTimeOffset now, CancellationToken ct) => db.Write(
        tx => (int)tx.Insert(
            """
            insert into prediction_endpoint (workspace_id, name, clock, lateness_ms, created_at) values (@ws, @name, @clock, @lateness, @now)
            on conflict (workspace_id, name) do update set clock = excluded.clock, lateness_ms = excluded.lateness_ms returning id
            """,
            ("ws", key.WorkspaceId), ("name", key.Name), ("clock", clock == EndpointClock.Event ? "event" : "wall"), ("lateness", latenessMs), ("now", now)),
        ct: ct);

    public Task<(long Position, long? HighAt, long Predictions, long Labels)> Position(EndpointLog log, CancellationToken ct) => db.Read(
        tx => tx.QueryOne(
            "select position, high_at, predictions, labels from prediction_log where workspace_id = @ws and endpoint_id = @id",
            r => (r.Int64(0), r.Int64(1) == long.MinValue ? null : (long?)r.Int64(1), r.Int64(2), r.Int64(3)),
            ("ws", log.Key.WorkspaceId), ("id", log.Id)),
        ct);

    public Task<Dictionary<string, (long Position, byte[]? State)>> Folds(EndpointLog log, CancellationToken ct) => db.Read(
        tx => tx.Query(
                "select fold, position, state from prediction_fold where workspace_id = @ws and endpoint_id = @id",
                r => (Name: r.Text(0), Position: r.Int64(1), State: r.BytesOrNull(2)),
                ("ws", log.Key.WorkspaceId), ("id", log.Id))
            .ToDictionary(f => f.Name, f => (f.Position, f.State)),
        ct);

    /// <summary>Brings the tables up to a position. Rows go first, in small jobs that a repetition does not disturb; the position goes last.</summary>
    public async Task Commit(EndpointLog log, long position, IReadOnlyList<(string Name, byte[]? State)> folds)
    {
        foreach (var rows in log.Unindexed.Chunk(RowsPerJob))
            await db.Write(tx => Index(tx, log, rows), WriteLane.Bulk);
        foreach (var labels in log.UnmarkedLabels.Chunk(RowsPerJob))
        {
            await db.Write(
                tx =>
                {
                    foreach (var (labelSeq, logSeq) in labels)
                        tx.Execute("update prediction_label set log_seq = @log where label_seq = @seq", ("log", logSeq), ("seq", labelSeq));
                },
                WriteLane.Bulk);
        }

        var (high, predictions, labelled) = (log.HighAt ?? long.MinValue, log.TotalPredictions, log.TotalLabels);
        await db.Write(tx =>
        {
            tx.Execute(
                """
                insert into prediction_log (workspace_id, endpoint_id, position, high_at, predictions, labels) values (@ws, @id, @position, @high, @predictions, @labels)
                on conflict (workspace_id, endpoint_id) do update set position = excluded.position, high_at = excluded.high_at, predictions = excluded.predictions, labels = excluded.labels
                """,
                ("ws", log.Key.WorkspaceId), ("id", log.Id), ("position", position), ("high", high), ("predictions", predictions), ("labels", labelled));
            foreach (var (name, state) in folds)
            {
                tx.Execute(
                    """
                    insert into prediction_fold (workspace_id, endpoint_id, fold, position, state) values (@ws, @id, @fold, @position, @state)
                    on conflict (workspace_id, endpoint_id, fold) do update set position = excluded.position, state = excluded.state
                    """,
                    ("ws", log.Key.WorkspaceId), ("id", log.Id), ("fold", name), ("position", position), ("state", state));
            }
        });
    }

    public Task<Dictionary<string, IndexPlace>> Places(EndpointLog log, IReadOnlyCollection<string> ids, CancellationToken ct) => db.Read(
        tx =>
        {
            var places = new Dictionary<string, IndexPlace>(StringComparer.Ordinal);
            foreach (var id in ids)
            {
                foreach (var place in tx.Query(
                    "select seq, at, segment, line_offset, line_length from prediction where workspace_id = @ws and endpoint_id = @endpoint and id = @id",
                    r => new IndexPlace(r.Int64(0), r.Int64(1), new LinePlace(r.Int64(2), r.Int64(3), r.Int32(4))),
                    ("ws", log.Key.WorkspaceId), ("endpoint", log.Id), ("id", id)))
                    places[id] = place;
            }

            return places;
        },
        ct);

    /// <summary>Index rows with their newest label, oldest or newest first, beyond <paramref name="after"/>.</summary>
    public Task<List<(IndexPlace Place, string? Label, DateTimeOffset? LabelAt)>> Rows(EndpointLog log, RowFilter filter, (long At, long Seq)? after, int limit, CancellationToken ct)
    {
        var (order, beyond) = filter.NewestFirst ? ("desc", "<") : ("asc", ">");
        var sql = new StringBuilder(
            """
            select p.at, p.seq, p.segment, p.line_offset, p.line_length, l.value, l.at from prediction p
            left join prediction_label l on l.workspace_id = p.workspace_id and l.endpoint_id = p.endpoint_id and l.prediction_id = p.id and l.newest = 1
            where p.workspace_id = @ws and p.endpoint_id = @id and p.at >= @from and p.at < @until
            """);
        var args = new List<(string, object?)>
        {
            ("ws", log.Key.WorkspaceId), ("id", log.Id), ("from", filter.From?.ToUnixTimeMilliseconds() ?? long.MinValue), ("until", filter.Until?.ToUnixTimeMilliseconds() ?? long.MaxValue), ("limit", limit),
        };
        void And(string condition, string name, object? value)
        {
            if (value is null)
                return;
            sql.Append(" and ").Append(condition);
            args.Add((name, value));
        }

        if (after is { } last)
        {
            And($"(p.at {beyond} @afterAt or (p.at = @afterAt and p.seq {beyond} @afterSeq))", "afterAt", last.At);
            args.Add(("afterSeq", last.Seq));
        }

        And("p.role = @role", "role", filter.Role);
        And("l.value = @label", "label", filter.Label);
        And("p.prediction = @prediction", "prediction", filter.Prediction);
        And("p.model_version = @version", "version", filter.ModelVersion);
        And("p.score >= @least", "least", filter.MinScore);
        And("p.score <= @most", "most", filter.MaxScore);
        And("p.entity = @entity", "entity", filter.Entity is { } entity ? unchecked((long)entity) : null);
        if (filter.Failed is { } failed)
            sql.Append(failed ? " and p.error is not null" : " and p.error is null");
        if (filter.Labelled is { } wanted)
            sql.Append(wanted ? " and l.value is not null" : " and l.value is null");
        sql.Append(" order by p.at ").Append(order).Append(", p.seq ").Append(order).Append(" limit @limit");
        return db.Read(
            tx => tx.Query(
                sql.ToString(),
                r => (new IndexPlace(r.Int64(1), r.Int64(0), new LinePlace(r.Int64(2), r.Int64(3), r.Int32(4))), r.TextOrNull(5), r.TimeOrNull(6)),
                args.ToArray()),
            ct);
    }

    /// <summary>How many predictions made from a moment on have a label.</summary>
    public Task<long> CountLabelled(EndpointLog log, DateTimeOffset from, CancellationToken ct) => db.Read(
        tx => tx.Scalar(
            """
            select count(*) from prediction p
            join prediction_label l on l.workspace_id = p.workspace_id and l.endpoint_id = p.endpoint_id and l.prediction_id = p.id and l.newest = 1
            where p.workspace_id = @ws and p.endpoint_id = @id and p.at >= @from
            """,
            ("ws", log.Key.WorkspaceId), ("id", log.Id), ("from", from)) ?? 0,
        ct);

    /// <summary>The newest label of a prediction.</summary>
    public Task<(string Value, DateTimeOffset At)?> Label(EndpointLog log, string predictionId, CancellationToken ct) => db.Read(
        tx => tx.Query(
                "select value, at from prediction_label where workspace_id = @ws and endpoint_id = @endpoint and prediction_id = @id and newest = 1",
                r => ((string, DateTimeOffset)?)(r.Text(0), r.Time(1)),
                ("ws", log.Key.WorkspaceId), ("endpoint", log.Id), ("id", predictionId))
            .SingleOrDefault(),
        ct);

    /// <summary>Stores labels; durable on return. A label that says what stands already is left out of the result.</summary>
    public async Task<List<StoredLabel>> AddLabels(EndpointLog log, IReadOnlyList<NewLabel> labels, DateTimeOffset clock, DateTimeOffset now, CancellationToken ct)
    {
        var stored = new List<StoredLabel>(labels.Count);
        foreach (var part in labels.Chunk(RowsPerJob))
        {
            stored.AddRange(await db.Write(
                tx => part.Select(label => AddLabel(tx, log, label, clock, now)).OfType<StoredLabel>().ToList(),
                labels.Count > 50 ? WriteLane.Bulk : WriteLane.Control,
                ct));
        }

        return stored;
    }

    /// <summary>Labels that do not stand in the log yet, in order of arrival.</summary>
    public Task<List<StoredLabel>> OpenLabels(EndpointLog log, CancellationToken ct) => db.Read(
        tx => tx.Query(
            "select label_seq, prediction_id, value, at from prediction_label where endpoint_id = @id and log_seq is null order by label_seq",
            r => new StoredLabel(r.Int64(0), r.Text(1), r.Text(2), r.Time(3)),
            ("id", log.Id)),
        ct);

    private static void Index(Tx tx, EndpointLog log, IndexRow[] rows)
    {
        foreach (var (seq, entry, place) in rows)
        {
            tx.Execute(
                """
                insert into prediction (workspace_id, endpoint_id, id, seq, at, role, model, model_version, score, prediction, error, segment, line_offset, line_length, entity)
                values (@ws, @endpoint, @id, @seq, @at, @role, @model, @version, @score, @prediction, @error, @segment, @offset, @length, @entity)
                on conflict (workspace_id, endpoint_id, id) do nothing
                """,
                ("ws", log.Key.WorkspaceId), ("endpoint", log.Id), ("id", entry.Id), ("seq", seq), ("at", entry.At), ("role", entry.Role), ("model", entry.Model),
                ("version", entry.ModelVersion), ("score", double.IsFinite(entry.Score) ? entry.Score : null), ("prediction", entry.Prediction), ("error", entry.Error),
                ("segment", place.Segment), ("offset", place.Offset), ("length", place.Length), ("entity", entry.Entity is { } entity ? unchecked((long)entity) : null));
        }
    }

    private static StoredLabel? AddLabel(Tx tx, EndpointLog log, NewLabel label, DateTimeOffset clock, DateTimeOffset now)
    {
        var (ws, endpoint, id) = (log.Key.WorkspaceId, log.Id, label.PredictionId);
        var before = tx.Query(
            "select version, value from prediction_label where workspace_id = @ws and endpoint_id = @endpoint and prediction_id = @id and newest = 1",
            r => (Version: r.Int64(0), Value: r.Text(1)),
            ("ws", ws), ("endpoint", endpoint), ("id", id));
        if (before is [var same] && same.Value == label.Value)
            return null;
        if (before.Count > 0)
            tx.Execute("update prediction_label set newest = 0 where workspace_id = @ws and endpoint_id = @endpoint and prediction_id = @id and newest = 1", ("ws", ws), ("endpoint", endpoint), ("id", id));
        var at = label.At ?? clock;
        var seq = tx.Insert(
            """
            insert into prediction_label (workspace_id, endpoint_id, prediction_id, version, newest, value, at, recorded_at)
            values (@ws, @endpoint, @id, @version, 1, @value, @at, @now) returning label_seq
            """,
            ("ws", ws), ("endpoint", endpoint), ("id", id), ("version", before is [var last] ? last.Version + 1 : 1), ("value", label.Value), ("at", at), ("now", now));
        return new StoredLabel(seq, id, label.Value, DateTimeOffset.FromUnixTimeMilliseconds(at.ToUnixTimeMilliseconds()));
    }
}
