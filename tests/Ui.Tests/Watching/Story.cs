using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Monitoring;
using Holdfast.Rollout;
using Holdfast.Serving;
using Microsoft.Data.Sqlite;

namespace Holdfast.Ui.Tests.Watching;

/// <summary>
/// A fraud endpoint whose amounts double, written as the rooms write it: what the pages of endpoints, rollouts, monitors and
/// incidents show. The rooms' own tests and the demo prove that such rows come about.
/// </summary>
internal static class Story
{
    public const string Endpoint = "fraud";
    public const string Incident = "0b5d0000000000000000000000000001";
    public const string Completed = "0b5d0000000000000000000000000002";
    public const string RolledBack = "0b5d0000000000000000000000000003";
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    public static async Task WriteAsync(string database)
    {
        await using var connection = new SqliteConnection($"Data Source={database};Default Timeout=10;Pooling=False");
        await connection.OpenAsync();
        await using var transaction = (SqliteTransaction)await connection.BeginTransactionAsync();
        Execute("insert or replace into monitor values (1, @a, @b, 'holdfast.yaml', @c)", Endpoint, Json(new MonitorSpec(Endpoint, TimeSpan.FromHours(1), null, ["24h", "1h"])), Ms(Start));
        Execute(
            "insert into serving_endpoint (id, workspace_id, name, spec, plan_revision, override, override_revision, managed_by, created_at, updated_at) values (901, 1, @a, @b, 9, @c, 1, 'holdfast.yaml', @d, @d)",
            Endpoint, Json(new EndpointSpec(Endpoint, "fraud@champion", "else: {prediction: \"0\", score: 0}", "event", "card", TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2))),
            Json(new RouteOverride(RouteOverride.Fallback, null, "data_fault", Incident)), Ms(Start));
        Execute(
            "insert into serving_plan values (1, 901, 9, @a, 'story', @b)", Json(new RoutePlan(9, new VariantRef("fraud", 2), null, RouteMode.None, 0, "salt", Completed)), Ms(Start));
        for (var day = 1; day <= 14; day++)
        {
            var report = Report(day, doubled: day > 12);
            Execute("insert or replace into drift_report values (1, @a, '24h', @b, 2, @c, @d, @e)", Endpoint, Ms(report.End), report.Severity, report.Verdict, Json(report));
        }

        var worst = Report(14, doubled: true);
        var incident = new Incident(
            Incident, Endpoint, "open", "data_fault", "scale_change", "amount", "significant", 0.82, 2.003, "fraud", 2, Start.AddDays(13), Start.AddDays(12), Start.AddDays(14), null, null, null, worst);
        Execute("insert or replace into incident values (1, @a, @b, 'open', @c, @d)", Incident, Endpoint, Ms(incident.OpenedAt), Json(incident));
        var policy = new (string Action, string Status, string Note)[]
        {
            ("notify", "done", "sent to fraud-team"), ("snapshot", "done", "kept"), ("quarantine", "done", "from 2026-03-13 00:00"), ("fallback", "done", "the rules answer"), ("block", "done", "retraining"),
        };
        foreach (var ((action, status, note), position) in policy.Select((p, i) => (p, i)))
        {
            Execute("insert or replace into response_action values (1, @a, 'do', @b, @c, 'broken-pipe', @d, '{}', @e, @f, '{}', @g, @g)", Incident, position, Endpoint, action, status, note, Ms(Start.AddDays(13)));
        }

        var entered = new List<DateTimeOffset> { Start, Start.AddHours(6), Start.AddHours(12), Start.AddHours(18), Start.AddHours(24) };
        StepSpec[] steps =
        [
            new("shadow", 0, TimeSpan.FromHours(6), 500), new("canary", 0.05, TimeSpan.FromHours(6)), new("gradual", 0.25, TimeSpan.FromHours(6)),
            new("gradual", 0.5, TimeSpan.FromHours(6)), new("gradual", 1, TimeSpan.FromHours(6)),
        ];
        var guard = new GuardSpec(new GuardRule(), new GuardRule(0.1), new GuardRule());
        Rollout(new RolloutState(
            Completed, 1, Endpoint, "fraud", 2, new VariantRef("fraud", 1), false, "person", null, steps, guard, "hold", "completed", 4, Counts(8000), Start, 5, entered,
            EndedAt: Start.AddHours(30), Traffic: 1, LastEvidence: Evidence(0.02, 3.1, 0.4, safe: true), LastTotal: Counts(9600)));
        Rollout(new RolloutState(
            RolledBack, 1, Endpoint, "fraud", 3, new VariantRef("fraud", 2), false, "data_drift", Incident, steps, guard, "hold", "rolled_back", 1, Counts(2400), Start.AddDays(5), 9,
            [Start.AddDays(5), Start.AddDays(5).AddHours(6)], EndedAt: Start.AddDays(5).AddHours(9), Reason: "the candidate's error_rate is worse", Traffic: 0.05,
            LastEvidence: Evidence(160, 2.2, 0.9, safe: false), LastTotal: Counts(3100)));

        for (var step = 0; step < steps.Length; step++)
        {
            Tell(entered[step], new RolloutStepEntered(
                Completed, Endpoint, "fraud", 2, step, RolloutState.NameOf(steps[step]), steps[step].Traffic, Counts(step == 0 ? 0 : 1900), step == 0 ? [] : Evidence(Math.Pow(0.35, step), 1.8 / step, 0.6 / step, safe: true)));
        }

        Tell(Start.AddHours(30), new RolloutCompleted(Completed, Endpoint, "fraud", 2, Counts(9600), Evidence(0.01, 0.4, 0.1, safe: true)));
        Tell(Start.AddDays(5), new RolloutStepEntered(RolledBack, Endpoint, "fraud", 3, 0, "shadow", 0, Counts(0), []));
        Tell(Start.AddDays(5).AddHours(6), new RolloutStepEntered(RolledBack, Endpoint, "fraud", 3, 1, "canary", 0.05, Counts(2400), Evidence(1.4, 1.1, 0.8, safe: false)));
        Tell(Start.AddDays(5).AddHours(9), new RolloutRolledBack(RolledBack, Endpoint, "fraud", 3, "the candidate's error_rate is worse", Counts(3100), Evidence(160, 2.2, 0.9, safe: false)));
        Tell(Start.AddDays(13), new DriftDiagnosed(
            Incident, Endpoint, "fraud", 2, "data_fault", "scale_change", "amount", "significant", 0.82, 0.74, 0.91, 2.003, 0.99, "24h", Start.AddDays(12), Start.AddDays(13), Start.AddDays(12), 2400,
            0.91, 0.97, new Dictionary<string, double>(), ["halving the values undoes the change"]));
        Tell(Start.AddDays(13), new AlertSent("fraud-team", "Data fault on fraud: amount", Incident, true));
        Tell(Start.AddDays(13), new DataQuarantined(Incident, Endpoint, Start.AddDays(12), null, "data_fault"));
        Tell(Start.AddDays(13), new FallbackEntered(Incident, Endpoint, "rules", "data_fault"));
        Tell(Start.AddDays(13), new RetrainBlocked(Incident, Endpoint, "a data fault is open"));
        await transaction.CommitAsync();

        void Rollout(RolloutState state) => Execute(
            "insert or replace into rollout values (1, @a, @b, @a, @c, @d, 1, @e)", state.Id, state.Endpoint, state.Status, Ms(state.StartedAt), Json(state));

        void Tell(DateTimeOffset at, IEventDetail detail) => Execute(
            "insert into journal (workspace_id, at, recorded_at, actor, kind, subject, detail) values (1, @a, @b, 'story', @c, @d, @e)",
            Ms(at), Ms(TimeProvider.System.GetUtcNow()), detail.Kind, Endpoint, JsonSerializer.Serialize(detail, detail.GetType(), HoldfastJson.Options));

        void Execute(string sql, params object[] values)
        {
            using var command = connection.CreateCommand();
            command.Transaction = transaction;
            command.CommandText = sql;
            for (var i = 0; i < values.Length; i++)
            {
                command.Parameters.AddWithValue("@" + (char)('a' + i), values[i]);
            }

            command.ExecuteNonQuery();
        }
    }

    private static DriftReport Report(int day, bool doubled)
    {
        var wobble = 0.01 * (day % 5);
        FeatureReport[] features =
        [
            Feature("amount", doubled ? 0.82 : 0.02 + wobble, doubled ? [0.02, 0.05, 0.09, 0.16, 0.23, 0.25, 0.2] : [0.11, 0.2, 0.24, 0.2, 0.13, 0.08, 0.04]),
            Feature("age_of_account", 0.13 - (wobble * 2), [0.1, 0.2, 0.2, 0.2, 0.14, 0.1, 0.06]),
            Feature("country", 0.015 + (wobble / 3), [0.3, 0.24, 0.2, 0.1, 0.08, 0.05, 0.03]),
            Feature("hour", 0.004, [0.12, 0.2, 0.24, 0.2, 0.12, 0.08, 0.04]),
        ];
        var score = Feature("score", doubled ? 0.31 : 0.03, [0.5, 0.2, 0.1, 0.08, 0.06, 0.04, 0.02]);
        return new DriftReport(
            Endpoint, "24h", Start.AddDays(day - 1), Start.AddDays(day), "fraud", 2, "transactions@v1", 20_000, 2400, doubled ? "significant" : "none", doubled ? "data_fault" : "no_drift", doubled ? "scale_change" : "",
            doubled ? "amount" : null, doubled ? 2.003 : null, doubled ? 0.99 : 0, doubled ? Start.AddDays(12) : null, features, score,
            new PerformanceReport(2400, 3, 1, 0.8, 14.2, 1800, doubled ? 0.91 : 0.968, 0.97, doubled ? 0.04 : null),
            "PSI at or above 0.25, with the interval above 0.1; 4 features of 1 window", doubled ? ["halving the values undoes the change", "the other features stand still"] : []);
    }

    private static FeatureReport Feature(string name, double psi, double[] current)
    {
        double[] baseline = [0.11, 0.2, 0.24, 0.2, 0.13, 0.08, 0.04];
        string[] bins = name == "country" ? ["de", "fr", "it", "es", "nl", "pl", "other"] : ["< 10", "10 – 20", "20 – 40", "40 – 80", "80 – 160", "160 – 320", "≥ 320"];
        return new FeatureReport(
            name, psi >= 0.25 ? "significant" : psi >= 0.1 ? "moderate" : "none", psi, Math.Max(0, psi - 0.08), psi + 0.08, psi + 0.004, name == "country" ? null : psi / 2, name == "country" ? null : psi > 0.2 ? 0 : 0.4,
            psi / 3, psi > 0.2 ? 0 : 0.31, 0.002, 0.001, 2400, [.. bins.Select((bin, i) => new BinShare(bin, baseline[i], current[i]))]);
    }

    private static RolloutCounts Counts(long requests) => new(requests, requests / 5, requests * 4 / 5, requests / 4, requests / 900, requests / 2);

    private static GuardEvidence[] Evidence(double errors, double latency, double accuracy, bool safe) =>
    [
        new("error_rate", errors, safe ? 240 : 0.4, 100, errors >= 100 ? "harm" : safe ? "safe" : "open", 0.004, 0.003, 9600),
        new("latency_p99", latency, safe ? 130 : 2, 100, safe ? "safe" : "open", 14.1, 13.8, 9600),
        new("accuracy", accuracy, safe ? 410 : 3, 100, safe ? "safe" : "open", 0.969, 0.968, 4800),
    ];

    private static long Ms(DateTimeOffset at) => at.ToUnixTimeMilliseconds();

    private static string Json<T>(T value) => JsonSerializer.Serialize(value, HoldfastJson.Options);
}
