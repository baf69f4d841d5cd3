using System.Text;

namespace Holdfast.Ui.Shell;

/// <summary>Every address of the web pages is built here, and what a page shows stands in its address.</summary>
public static class Routes
{
    public static string Home() => "/";

    public static string Search(string? q = null) => With("/search", ("q", q));

    public static string Login() => "/login";

    public static string NotFound() => "/not-found";

    /// <summary>The rest of the state of this page is written by holdfast-runs.js.</summary>
    public static string Runs(string? experiment = null, string? filter = null) => With("/runs", ("experiment", experiment), ("filter", filter));

    public static string Compare(IEnumerable<string> runs, string? tab = null, bool all = false, bool flip = false, string? value = null) =>
        With("/compare", ("tab", tab), ("all", all ? "1" : null), ("flip", flip ? "1" : null), ("value", value), ("runs", string.Join(',', runs)));

    public static string Run(string run, string? tab = null, string? path = null, string? file = null) =>
        With($"/runs/{Part(run)}", ("tab", tab == "overview" ? null : tab), ("path", path), ("file", file));

    /// <summary>A file of a run, as a browser saves it.</summary>
    public static string Artifact(string run, string path) => $"/api/v1/runs/{Part(run)}/artifacts/{string.Join('/', path.Split('/').Select(Part))}";

    public static string Traces(string? experiment = null, string? filter = null, string? words = null, string? sort = null, string? cursor = null) =>
        With("/traces", ("experiment", experiment), ("words", words), ("filter", filter), ("sort", sort), ("cursor", cursor));

    public static string Trace(string trace, string? span = null) => With($"/traces/{Part(trace)}", ("span", span));

    public static string Models(string? cursor = null) => With("/models", ("cursor", cursor));

    public static string Model(string model) => $"/models/{Part(model)}";

    public static string ModelVersion(string model, int version) => $"/models/{Part(model)}/versions/{version}";

    public static string CompareVersions(string model, int? a = null, int? b = null) =>
        With($"/models/{Part(model)}/compare", ("a", a?.ToString(System.Globalization.CultureInfo.InvariantCulture)), ("b", b?.ToString(System.Globalization.CultureInfo.InvariantCulture)));

    public static string Data(string? cursor = null) => With("/data", ("cursor", cursor));

    public static string Dataset(string dataset, string? cursor = null) => With($"/data/{Part(dataset)}", ("cursor", cursor));

    public static string DatasetVersion(string dataset, int version) => $"/data/{Part(dataset)}/versions/{version}";

    public static string Pipelines(string? pipeline = null, string? cursor = null) => With("/pipelines", ("pipeline", pipeline), ("cursor", cursor));

    public static string PipelineRun(string pipelineRun) => $"/pipelines/runs/{Part(pipelineRun)}";

    public static string Endpoints() => "/endpoints";

    public static string Endpoint(string endpoint, string? tab = null) => With($"/endpoints/{Part(endpoint)}", ("tab", tab));

    public static string Predictions(string endpoint, string? role = null, string? labelled = null, string? from = null, string? until = null, string? where = null, string? cursor = null) =>
        With($"/endpoints/{Part(endpoint)}", ("tab", "predictions"), ("role", role), ("labelled", labelled), ("from", from), ("until", until), ("where", where), ("cursor", cursor));

    public static string Rollout(string rollout) => $"/rollouts/{Part(rollout)}";

    public static string Monitors() => "/monitors";

    public static string Monitor(string endpoint, string? window = null, string? feature = null) =>
        With($"/monitors/{Part(endpoint)}", ("window", window), ("feature", feature));

    public static string Incidents(string? state = null, string? endpoint = null) =>
        With("/incidents", ("state", state), ("endpoint", endpoint));

    public static string Incident(string incident) => $"/incidents/{Part(incident)}";

    public static string Journal(string? kind = null, string? subject = null, string? before = null) =>
        With("/journal", ("kind", kind), ("subject", subject), ("before", before));

    public static string Settings() => "/settings";

    private static string Part(string value) => Uri.EscapeDataString(value);

    private static string With(string path, params ReadOnlySpan<(string Name, string? Value)> query)
    {
        var url = new StringBuilder(path);
        var mark = '?';
        foreach (var (name, value) in query)
        {
            if (!string.IsNullOrEmpty(value))
            {
                url.Append(mark).Append(name).Append('=').Append(Uri.EscapeDataString(value));
                mark = '&';
            }
        }

        return url.ToString();
    }
}
