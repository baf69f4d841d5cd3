using System.Globalization;
using Holdfast.Contracts;
using Holdfast.Tracking;

namespace Holdfast.Client;

/// <summary>What runs logged step by step: points, charts, histograms, texts, images and the like.</summary>
public sealed partial class RunsClient
{
    /// <summary>Points of a metric within a range, by step, time and value.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="key">The metric.</param>
    /// <param name="fromStep">The first step; may be negative and decimal.</param>
    /// <param name="toStep">The last step.</param>
    /// <param name="fromTime">The first time.</param>
    /// <param name="toTime">The last time.</param>
    /// <param name="max">Length of the page, 1 to 50,000.</param>
    /// <param name="token">The <c>next_token</c> of the page before.</param>
    /// <param name="ct">Ends the request.</param>
    public Task<PageOf<MetricPoint>> History(
        string runId, string key, decimal? fromStep = null, decimal? toStep = null, DateTimeOffset? fromTime = null, DateTimeOffset? toTime = null, int max = 50_000, string? token = null, CancellationToken ct = default) =>
        _transport.Get<PageOf<MetricPoint>>(
            Query.Path(
                Path(runId) + "/history", ("key", key), ("from_step", fromStep), ("to_step", toStep), ("from_time", Time(fromTime)), ("to_time", Time(toTime)), ("max", max), ("token", token)),
            ct);

    /// <summary>Metrics of runs as charts draw them: the last, least, greatest and mean value of each bucket. Spikes are never lost.</summary>
    /// <param name="query">Runs, metrics, positions, range, number of buckets.</param>
    /// <param name="ct">Ends the request.</param>
    public Task<SeriesAnswer> Series(SeriesQuery query, CancellationToken ct = default) => _transport.Post<SeriesAnswer>("/api/v1/runs/series", query, ct);

    /// <summary>Logs histograms and texts, at most 1,000, all or none.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="entries">Each with a key, a step, and a histogram or a text.</param>
    /// <param name="ct">Ends the request.</param>
    public Task<IReadOnlyList<MediaEntry>> LogMedia(string runId, IReadOnlyList<NewMedia> entries, CancellationToken ct = default) =>
        _transport.Post<IReadOnlyList<MediaEntry>>(Path(runId) + "/media", new MediaBatch(entries), ct);

    /// <summary>Logs an image, sound, film, table or plot at a step.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="key">Its name within the run.</param>
    /// <param name="kind">What it is.</param>
    /// <param name="content">Read to its end; not closed.</param>
    /// <param name="mediaType">Such as <c>image/png</c>.</param>
    /// <param name="step">Where in the training.</param>
    /// <param name="caption">What it shows.</param>
    /// <param name="ct">Ends the request.</param>
    public Task<MediaEntry> LogMedia(string runId, string key, MediaKind kind, Stream content, string mediaType, decimal step = 0, string? caption = null, CancellationToken ct = default) =>
        _transport.Upload<MediaEntry>(HttpMethod.Put, Query.Path($"{Path(runId)}/media/{Artifact(key)}", ("kind", Word(kind)), ("step", step), ("caption", caption)), content, mediaType, ct);

    /// <summary>What a run logged beside numbers, by name.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="ct">Ends the request.</param>
    public Task<IReadOnlyList<MediaSeries>> MediaKeys(string runId, CancellationToken ct = default) => _transport.Get<IReadOnlyList<MediaSeries>>(Path(runId) + "/media-keys", ct);

    /// <summary>Entries by step and time; histograms and texts with their content.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="key">Only of this name.</param>
    /// <param name="kind">Only of this kind.</param>
    /// <param name="sample">So many entries evenly spread over all that match, 1 to 5,000; null gives a page.</param>
    /// <param name="token">The <c>next_token</c> of the page before.</param>
    /// <param name="ct">Ends the request.</param>
    public Task<PageOf<MediaEntry>> Media(string runId, string? key = null, MediaKind? kind = null, int? sample = null, string? token = null, CancellationToken ct = default) =>
        _transport.Get<PageOf<MediaEntry>>(Query.Path(Path(runId) + "/media", ("key", key), ("kind", kind is { } k ? Word(k) : null), ("sample", sample), ("token", token)), ct);

    /// <summary>Opens the content of an entry; the caller closes it.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="id">The entry's <see cref="MediaEntry.Id"/>.</param>
    /// <param name="ct">Ends the request.</param>
    public Task<Stream> OpenMedia(string runId, long id, CancellationToken ct = default) => _transport.Download($"{Path(runId)}/media/{id.ToString(CultureInfo.InvariantCulture)}", ct);

    private static string? Time(DateTimeOffset? time) => time?.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture);

    private static string Word(MediaKind kind) => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(kind.ToString());
}
