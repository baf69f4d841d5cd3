namespace Holdfast.Contracts;

/// <summary>How one feature (or the score) of a window compares with the baseline.</summary>
/// <param name="Feature">Name; <c>score</c> for the model's own output.</param>
/// <param name="Severity"><c>none</c>, <c>moderate</c>, <c>significant</c>, or <c>insufficient</c> when there are too few rows.</param>
/// <param name="Psi">Population stability index, bias-corrected: the effect that the bands apply to.</param>
/// <param name="PsiLow">Lower limit of the effect; all features of the window hold together at 95 %.</param>
/// <param name="PsiHigh">Upper limit.</param>
/// <param name="PsiRaw">As other tools quote it.</param>
/// <param name="Ks">Kolmogorov-Smirnov distance; null for categories.</param>
/// <param name="KsP">Its p-value, adjusted over the window's features (Benjamini-Hochberg).</param>
/// <param name="JensenShannon">Distance, base 2, in [0, 1].</param>
/// <param name="ChiSquaredP">p-value of the chi-squared test on categories or bins, adjusted likewise.</param>
/// <param name="Missing">Share of rows without a value.</param>
/// <param name="BaselineMissing">The same in the baseline.</param>
/// <param name="Bins">Labels, baseline shares and current shares: the picture of what moved.</param>
public sealed record FeatureReport(
    string Feature, string Severity, double Psi, double PsiLow, double PsiHigh, double PsiRaw, double? Ks, double? KsP,
    double JensenShannon, double ChiSquaredP, double Missing, double BaselineMissing, long Rows, IReadOnlyList<BinShare> Bins);

/// <summary>The share of rows in one bin.</summary>
public sealed record BinShare(string Bin, double Baseline, double Current);

/// <summary>What labels, errors and latency say of a window.</summary>
/// <param name="Labels">Joined labels of the predictions made in the window.</param>
/// <param name="Accuracy">Share of right answers among them; null without labels.</param>
/// <param name="BaselineAccuracy">Of the same model version when it was new.</param>
/// <param name="AccuracyDropLow">Lower limit of the drop (95 %).</param>
public sealed record PerformanceReport(
    long Requests, long Errors, long FellBack, double LatencyMeanMs, double LatencyMaxMs, long Labels, double? Accuracy, double? BaselineAccuracy, double? AccuracyDropLow);

/// <summary>What a monitor found in a window.</summary>
/// <param name="Window">The declared term, such as <c>1h</c>.</param>
/// <param name="Start">Event time, inclusive.</param>
/// <param name="End">Event time, exclusive.</param>
/// <param name="Baseline">What it was compared with, such as <c>applications@v3</c>; null when there is none yet.</param>
/// <param name="Severity">The worst of the features.</param>
/// <param name="Verdict"><c>no_drift</c>, <c>insufficient_data</c>, <c>no_baseline</c>, <c>localising</c> (an alarm that awaits more rows), or the kind of drift.</param>
/// <param name="Cause">Such as <c>scale_change</c>.</param>
/// <param name="StartsAt">Where the change seems to begin.</param>
/// <param name="Rule">The rule of the alarm in words, with how many comparisons it accounts for.</param>
public sealed record DriftReport(
    string Endpoint, string Window, DateTimeOffset Start, DateTimeOffset End, string? Model, int ModelVersion, string? Baseline, long BaselineRows, long Rows,
    string Severity, string Verdict, string Cause, string? Feature, double? ScaleFactor, double Confidence, DateTimeOffset? StartsAt,
    IReadOnlyList<FeatureReport> Features, FeatureReport? Score, PerformanceReport Performance, string Rule, IReadOnlyList<string> Evidence);

/// <summary>One cause of trouble on an endpoint, from the first alarm to its end.</summary>
/// <param name="Status"><c>open</c> or <c>resolved</c>.</param>
/// <param name="StartsAt">Conservative: no bad row is older.</param>
/// <param name="CleanFrom">From when on rows are right again; set when resolved.</param>
/// <param name="Report">The window that tells most of it.</param>
/// <param name="Snapshot">Key of the document that was kept of it, when there is one.</param>
public sealed record Incident(
    string Id, string Endpoint, string Status, string Kind, string Cause, string? Feature, string Severity, double? Psi, double? ScaleFactor,
    string? Model, int ModelVersion, DateTimeOffset OpenedAt, DateTimeOffset StartsAt, DateTimeOffset SeenUntil, DateTimeOffset? ResolvedAt, DateTimeOffset? CleanFrom,
    string? Resolution, DriftReport? Report = null, string? Snapshot = null);

/// <summary>A monitor as it stands.</summary>
public sealed record MonitorInfo(
    string Endpoint, string Every, IReadOnlyList<string> Windows, string? Baseline, double Warn, double Alarm, string? LabelColumn, string? LabelDelay, string? ManagedBy,
    string? BaselineInUse, string Severity, DateTimeOffset? Watermark, DateTimeOffset? LastWindowEnd, int OpenIncidents);

/// <summary>A person closes an incident.</summary>
public sealed record ResolveIncidentRequest(string Reason);
