namespace Holdfast.Tracking;

/// <summary>What a run logged at a step beside numbers.</summary>
public enum MediaKind
{
    /// <summary>Counts between edges.</summary>
    Histogram,

    /// <summary>A text of up to 64,000 characters.</summary>
    Text,

    /// <summary>An image: PNG, JPEG, GIF, WebP, SVG.</summary>
    Image,

    /// <summary>A sound: WAV, MP3, Ogg, FLAC.</summary>
    Audio,

    /// <summary>A film: MP4, WebM.</summary>
    Video,

    /// <summary>Rows and columns: <c>{"columns": […], "data": [[…]]}</c> in JSON, or CSV.</summary>
    Table,

    /// <summary>A chart's description in JSON, such as Plotly's or Vega's.</summary>
    Plot,
}

/// <summary>A histogram.</summary>
/// <param name="Edges">Ascending; one more than there are counts.</param>
/// <param name="Counts">How many values lie between an edge and the next; may be weights.</param>
public sealed record Histogram(IReadOnlyList<double> Edges, IReadOnlyList<double> Counts);

/// <summary>A histogram or a text to log.</summary>
/// <param name="Key">Its name within the run, as of a metric.</param>
/// <param name="Step">Where in the training.</param>
/// <param name="Timestamp">When; now when null.</param>
/// <param name="Histogram">Either this</param>
/// <param name="Text">or this.</param>
/// <param name="Caption">What it shows, up to 500 characters.</param>
public sealed record NewMedia(string Key, decimal Step = 0, DateTimeOffset? Timestamp = null, Histogram? Histogram = null, string? Text = null, string? Caption = null);

/// <summary>Body of <c>POST /api/v1/runs/{run}/media</c>: at most 1,000 entries, stored in one transaction.</summary>
public sealed record MediaBatch(IReadOnlyList<NewMedia> Entries);

/// <summary>Something that a run logged at a step.</summary>
/// <param name="Id">Names it in <c>GET /api/v1/runs/{run}/media/{id}</c>.</param>
/// <param name="Key">Its name within the run.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Step">Where in the training.</param>
/// <param name="Timestamp">When.</param>
/// <param name="MediaType">Such as <c>image/png</c>.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Path">The artifact of the run that holds it; null for histograms and texts.</param>
/// <param name="Caption">What it shows.</param>
/// <param name="Histogram">Of a histogram, itself.</param>
/// <param name="Text">Of a text, itself.</param>
public sealed record MediaEntry(
    long Id, string Key, MediaKind Kind, decimal Step, DateTimeOffset Timestamp, string MediaType, long Size, string? Path = null, string? Caption = null, Histogram? Histogram = null, string? Text = null);

/// <summary>What there is of one name.</summary>
public sealed record MediaSeries(string Key, MediaKind Kind, long Count, decimal FirstStep, decimal LastStep);
