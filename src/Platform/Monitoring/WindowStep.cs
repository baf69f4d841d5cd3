using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Predictions;

namespace Holdfast.Monitoring;

/// <summary>The evaluation of one closed base window: reads, judges, and holds what is to be written.</summary>
internal sealed class WindowStep(StoredMonitor monitor, EndpointKey key, MonitorMemory memory, WindowRows window, MonitorFold fold, BaselineSource baselines)
{
    private const int LabelsNeeded = 400;
    private const int ScoresNeeded = 1000;
    private const int RowsBeforeChange = 30;

    private readonly List<DriftReport> _reports = [];
    private readonly Dictionary<string, (Incident Incident, DriftReport? Report)> _changed = [];
    private readonly List<(Incident, string)> _resolved = [];
    private Baseline? _baseline;
    private (Accuracy? Before, Accuracy? After) _accuracy;

    private MonitorSpec Spec => monitor.Spec;

    public MonitorState State { get; private set; } = memory.State;

    public IReadOnlyList<DriftReport> Reports => _reports;

    /// <summary>New and changed incidents; with the report when it is to be told.</summary>
    public IEnumerable<(Incident Incident, DriftReport? Report)> Changed => _changed.Values;

    public IReadOnlyList<(Incident Incident, string Reason)> Resolved => _resolved;

    private IEnumerable<Incident> Open => memory.Incidents.Where(i => i.Status == "open").Select(i => _changed.TryGetValue(i.Id, out var c) ? c.Incident : i)
        .Concat(_changed.Values.Select(c => c.Incident).Where(i => !memory.Incidents.Exists(m => m.Id == i.Id)));

    public async Task Evaluate(CancellationToken ct)
    {
        var seen = fold.Read(key, s => new PrimarySeen(s.Model, s.ModelVersion, s.Since));
        if (seen is { Version: > 0 } && seen.Since > State.Since && seen.Since < window.End && (seen.Model != State.Model || seen.Version != State.ModelVersion))
            State = State.Primary(seen.Model, seen.Version, seen.Since, null);
        _baseline = State.ModelVersion > 0 || Spec.Baseline is not null
            ? await baselines(new BaselineKey(key.WorkspaceId, State.BaselineFrom is null ? Spec.Baseline : null, State.Model, State.ModelVersion, State.BaselineFrom), ct)
            : null;
        ReadAccuracy();
        foreach (var term in Spec.WindowsOrDefault)
            EvaluateTerm(term);
        TakeScores();
        Recover();
        State = State with { LastEnd = window.End };
    }

    private sealed record PrimarySeen(string Model, int Version, DateTimeOffset Since);

    private void EvaluateTerm(string term)
    {
        WindowRows rows;
        if (term == MonitorSpec.Adaptive)
        {
            rows = Newest(Math.Max(1000, Spec.MinRows));
            // Each look should bring something new, else the same rows would be judged again and again.
            if (rows.Start == window.Start || Since(State.AdaptiveEnd) < Spec.MinRows / 2)
                return;
            State = State with { AdaptiveEnd = window.End };
        }
        else
        {
            var length = Term.Parse(term, "windows");
            if (!WindowMath.IsDue(length, Spec.Every, window.End, State.Due.TryGetValue(term, out var last) ? last : null))
                return;
            if (length > Spec.Every)
                State = State with { Due = new Dictionary<string, DateTimeOffset>(State.Due) { [term] = window.End } };
            rows = length <= Spec.Every ? window : Span(window.End - length, window.End, clean: true);
        }

        var report = Judge(rows, term, Spec);
        _reports.Add(report);
        if (IncidentRules.Alarms(report))
            Alarm(report);
    }

    private DriftReport Judge(WindowRows rows, string term, MonitorSpec spec) => WindowJudge.Judge(new JudgeInput(
        spec, term, rows, State.Since > rows.Start ? State.Since : null, _baseline, State.Model.Length == 0 ? null : State.Model, State.ModelVersion,
        State.ScoresDone ? State.Scores : [], _accuracy.Before, _accuracy.After, Performance(rows.Start, rows.End)));

    private void Alarm(DriftReport report)
    {
        if (IncidentRules.SameCause([.. Open], report) is { } known)
        {
            var graver = IncidentRules.Escalates(known, report);
            var next = known with { SeenUntil = report.End > known.SeenUntil ? report.End : known.SeenUntil };
            if (graver)
                next = next with { Kind = report.Verdict, Cause = report.Cause, Feature = report.Feature, ScaleFactor = report.ScaleFactor, Psi = PsiOf(report), StartsAt = Earlier(known.StartsAt, Began(report)), Report = report };
            var told = _changed.TryGetValue(known.Id, out var c) ? c.Report : null;
            _changed[known.Id] = (next, graver ? report : told);
            return;
        }

        var incident = new Incident(
            Ids.Hex32From($"incident/{key}/{report.Verdict}/{report.Feature}/{window.End.ToUnixTimeMilliseconds()}"), Spec.Endpoint, "open", report.Verdict, report.Cause, report.Feature, report.Severity, PsiOf(report), report.ScaleFactor,
            report.Model, report.ModelVersion, window.End, Began(report), report.End, null, null, null, report);
        _changed[incident.Id] = (incident, report);
    }

    private static double? PsiOf(DriftReport report) => (report.Features.FirstOrDefault(f => f.Feature == report.Feature) ?? (report.Verdict == "prediction_drift" ? report.Score : null))?.Psi;

    private static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;

    // Conservative: the located row, less some rows for the error of the location, less one base window.
    private DateTimeOffset Began(DriftReport report)
    {
        if (report.Feature is null || _baseline is null || !_baseline.Features.TryGetValue(report.Feature, out var reference))
            return (report.StartsAt ?? report.Start) - Spec.Every;
        var wide = Span(Earlier(report.Start, window.End - TimeSpan.FromTicks(Spec.Every.Ticks * 48)), window.End, clean: true);
        var rows = wide.ByTime(State.Since > wide.Start ? State.Since : null);
        if (rows.Length == 0)
            return report.Start - Spec.Every;
        var provisional = report.StartsAt ?? report.Start;
        var newest = Math.Max(RowsBeforeChange, rows.Count(r => r.At >= provisional));
        var located = WindowJudge.Began(reference, wide, report.Feature, rows, newest);
        var index = Array.FindIndex(rows, r => r.At >= located);
        var before = rows[Math.Max(0, index - RowsBeforeChange)].At;
        return Earlier(before, located - Spec.Every);
    }

    // An incident about inputs ends when the rows since its last bad window are right again.
    private void Recover()
    {
        foreach (var incident in Open.ToList())
        {
            if (IncidentRules.IsQuality(incident.Kind))
            {
                if (_accuracy is { Before: { } before, After: { } after } && after.Share >= before.Share - (Spec.AccuracyDrop / 2))
                    _resolved.Add((incident, "window_clean"));
                continue;
            }

            if (incident.SeenUntil >= window.End || _baseline is null)
                continue;
            var needed = incident.Kind == "data_fault" ? Math.Max(20, Spec.MinRows / 2) : Spec.MinRows * 2;
            var rows = Span(incident.SeenUntil, window.End, clean: false);
            var report = Judge(rows, "since " + incident.SeenUntil.ToString("u", System.Globalization.CultureInfo.InvariantCulture), Spec with { MinRows = needed });
            if (report.Verdict == "insufficient_data")
                continue;
            var told = _changed.TryGetValue(incident.Id, out var c) ? c.Report : null;
            if (WindowJudge.IsClean(report, incident.Feature) && report.Score is not { Severity: "significant" })
                _resolved.Add((incident, incident.Kind == "data_fault" ? "input_repaired" : "window_clean"));
            else
                _changed[incident.Id] = (incident with { SeenUntil = window.End }, told);
        }

        foreach (var (incident, _) in _resolved)
            _changed.Remove(incident.Id);
    }

    private IEnumerable<WindowRows> All => memory.Windows.Append(window);

    private bool Faulty(WindowRows rows) => memory.Incidents.Exists(i => i.Kind == "data_fault" && rows.End > i.StartsAt && (i.CleanFrom is not { } clean || rows.Start < clean));

    private WindowRows Span(DateTimeOffset from, DateTimeOffset until, bool clean)
    {
        var parts = All.Where(w => w.Start >= from && w.End <= until && w.End > State.Since && (!clean || w.Start == window.Start || !Faulty(w))).ToList();
        return Merge(parts, from, until);
    }

    private WindowRows Newest(int rows)
    {
        var parts = new List<WindowRows>();
        long total = 0;
        foreach (var part in All.Reverse().Where(w => w.End > State.Since && (w.Start == window.Start || !Faulty(w))))
        {
            parts.Add(part);
            if ((total += part.Total) >= rows)
                break;
        }

        return Merge(parts, parts[^1].Start, window.End);
    }

    private long Since(DateTimeOffset end) => All.Where(w => w.End > end && w.End > State.Since).Sum(w => w.Total);

    private static WindowRows Merge(List<WindowRows> parts, DateTimeOffset from, DateTimeOffset until)
    {
        if (parts.Count == 1)
            return parts[0];
        var merged = new WindowRows(from, until);
        foreach (var part in parts)
            merged.Merge(part);
        return merged;
    }

    private void TakeScores()
    {
        if (State.ScoresDone || _reports.Exists(r => r.Severity == "significant"))
            return;
        double[] fresh = [.. window.ByTime(State.Since).Select(r => r.Score).Where(double.IsFinite)];
        double[] scores = [.. State.Scores, .. fresh];
        State = State with { Scores = scores.Length > 2 * ScoresNeeded ? scores[..(2 * ScoresNeeded)] : scores, ScoresDone = scores.Length >= ScoresNeeded };
    }

    private void ReadAccuracy()
    {
        if (State.ModelVersion == 0)
            return;
        var version = $"{State.Model}/{State.ModelVersion}";
        var mature = window.End - (Spec.Label?.Delay ?? TimeSpan.Zero);
        var tallies = fold.Read(key, s => s.Tallies.Where(t => t.Value.Accuracy.ContainsKey(version)).Select(t => (Start: DateTimeOffset.FromUnixTimeMilliseconds(t.Key), t.Value.Accuracy[version].Labels, t.Value.Accuracy[version].Right)).ToList()) ?? [];
        tallies = [.. tallies.Where(t => t.Start + Spec.Every <= mature && !memory.Incidents.Exists(i => i.Kind == "data_fault" && t.Start + Spec.Every > i.StartsAt && (i.CleanFrom is not { } clean || t.Start < clean)))];
        if (State.AccuracyLabels == 0)
        {
            long labels = 0, right = 0;
            foreach (var t in tallies)
            {
                (labels, right) = (labels + t.Labels, right + t.Right);
                if (labels < LabelsNeeded)
                    continue;
                State = State with { AccuracyLabels = labels, AccuracyRight = right, AccuracyUntil = t.Start + Spec.Every };
                break;
            }
        }

        var before = State.AccuracyLabels == 0 ? null : new Accuracy(State.AccuracyRight, State.AccuracyLabels);
        long newest = 0, good = 0;
        foreach (var t in tallies.Where(t => t.Start >= State.AccuracyUntil).Reverse())
        {
            (newest, good) = (newest + t.Labels, good + t.Right);
            if (newest >= LabelsNeeded)
                break;
        }

        _accuracy = (before, newest >= LabelsNeeded && before is not null ? new Accuracy(good, newest) : null);
    }

    private PerformanceReport Performance(DateTimeOffset from, DateTimeOffset until)
    {
        var version = $"{State.Model}/{State.ModelVersion}";
        return fold.Read(key, s =>
        {
            long requests = 0, errors = 0, fellBack = 0, labels = 0, right = 0;
            double sum = 0, max = 0;
            foreach (var (start, tally) in s.Tallies)
            {
                var at = DateTimeOffset.FromUnixTimeMilliseconds(start);
                if (at < from || at >= until)
                    continue;
                (requests, errors, fellBack) = (requests + tally.Requests, errors + tally.Errors, fellBack + tally.FellBack);
                (sum, max) = (sum + tally.LatencySum, Math.Max(max, tally.LatencyMax));
                var (l, r) = tally.Accuracy.GetValueOrDefault(version);
                (labels, right) = (labels + l, right + r);
            }

            double? before = State.AccuracyLabels == 0 ? null : (double)State.AccuracyRight / State.AccuracyLabels;
            double? drop = before is null || labels == 0
                ? null
                : -Statistics.Tests.TwoProportion.DifferenceInterval(State.AccuracyRight, State.AccuracyLabels, right, labels).High;
            return new PerformanceReport(requests, errors, fellBack, requests == 0 ? 0 : sum / requests, max, labels, labels == 0 ? null : (double)right / labels, before, drop);
        }) ?? new PerformanceReport(0, 0, 0, 0, 0, 0, null, null, null);
    }
}
