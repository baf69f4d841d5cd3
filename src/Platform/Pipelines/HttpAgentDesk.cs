using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Holdfast.Contracts;

namespace Holdfast.Pipelines;

/// <summary>The desk of a server somewhere, over the API.</summary>
/// <param name="http">Carries address and credentials.</param>
public sealed class HttpAgentDesk(HttpClient http) : IAgentDesk
{
    /// <summary>Makes a run that this agent executes.</summary>
    public async Task<PipelineRun> Start(AgentRun run, CancellationToken ct = default) => await Post<PipelineRun>("runs", run, ct);

    /// <inheritdoc />
    public async Task<AgentOrder> Begin(string runId, CancellationToken ct)
    {
        var order = await Post<AgentOrder>($"runs/{runId}/begin", null, ct);
        // Paths on the server's machine mean nothing elsewhere.
        var here = order.Variables.Where(v => !v.Value.StartsWith('/') || File.Exists(v.Value) || Directory.Exists(v.Value)).ToDictionary(StringComparer.Ordinal);
        if (order.Variables.Keys.FirstOrDefault(k => !here.ContainsKey(k)) is { } missing)
            throw new HoldfastException(ErrorCode.Unsupported, $"The run's {missing} lies on the server's machine ({order.Variables[missing]}).", "Run the pipeline on the server, or on its machine.");
        return order with { Variables = here };
    }

    /// <inheritdoc />
    public async Task<bool> CancelRequested(string runId, CancellationToken ct) => (await Get<CancelAnswer>($"runs/{runId}/cancelled", ct))!.Cancelled;

    /// <inheritdoc />
    public Task<CachedStage?> FindCached(string runId, string key, CancellationToken ct) => Get<CachedStage>($"runs/{runId}/cached/{key}", ct);

    /// <inheritdoc />
    public async Task<IReadOnlyList<StoredOut>> StageOuts(string runId, string stage, CancellationToken ct) => await Get<List<StoredOut>>($"runs/{runId}/stages/{Uri.EscapeDataString(stage)}/outs", ct) ?? [];

    /// <inheritdoc />
    public async Task<StageTicket> BeginStage(string runId, string stage, StageStart start, CancellationToken ct) =>
        (await Post<StageTicket>($"runs/{runId}/stages/{Uri.EscapeDataString(stage)}/begin", start, ct)) with { Url = http.BaseAddress!.GetLeftPart(UriPartial.Authority) };

    /// <inheritdoc />
    public Task<StageTicket?> FindTicket(string runId, string stage, CancellationToken ct) => Task.FromResult<StageTicket?>(null);

    /// <inheritdoc />
    public async Task<bool> HasContent(string hash, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, Path($"contents/{hash}"));
        using var response = await http.SendAsync(request, ct);
        return response.StatusCode == HttpStatusCode.OK;
    }

    /// <inheritdoc />
    public Task PutContent(string hash, Stream content, CancellationToken ct) => Put($"contents/{hash}", content, ct);

    /// <inheritdoc />
    public async Task<Stream> OpenContent(string hash, CancellationToken ct)
    {
        var response = await http.GetAsync(Path($"contents/{hash}"), HttpCompletionOption.ResponseHeadersRead, ct);
        await Check(response, ct);
        return await response.Content.ReadAsStreamAsync(ct);
    }

    /// <inheritdoc />
    public Task PutLog(string runId, string stage, Stream log, CancellationToken ct) => Put($"runs/{runId}/stages/{Uri.EscapeDataString(stage)}/log", log, ct);

    /// <inheritdoc />
    public async Task FinishStage(string runId, string stage, StageOutcome outcome, CancellationToken ct)
    {
        using var response = await http.PostAsJsonAsync(Path($"runs/{runId}/stages/{Uri.EscapeDataString(stage)}/finish"), outcome, HoldfastJson.Options, ct);
        await Check(response, ct);
    }

    /// <inheritdoc />
    public Task<PipelineRun> Conclude(string runId, CancellationToken ct) => Post<PipelineRun>($"runs/{runId}/conclude", null, ct);

    private static string Path(string rest) => "/api/v1/agent/" + rest;

    private async Task<T?> Get<T>(string path, CancellationToken ct)
        where T : class
    {
        using var response = await http.GetAsync(Path(path), ct);
        await Check(response, ct);
        return response.StatusCode == HttpStatusCode.NoContent ? null : await response.Content.ReadFromJsonAsync<T>(HoldfastJson.Options, ct);
    }

    private async Task<T> Post<T>(string path, object? body, CancellationToken ct)
    {
        using var content = JsonContent.Create(body ?? new object(), body?.GetType() ?? typeof(object), options: HoldfastJson.Options);
        using var response = await http.PostAsync(Path(path), content, ct);
        await Check(response, ct);
        return (await response.Content.ReadFromJsonAsync<T>(HoldfastJson.Options, ct))!;
    }

    private async Task Put(string path, Stream body, CancellationToken ct)
    {
        using var content = new StreamContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using var response = await http.PutAsync(Path(path), content, ct);
        await Check(response, ct);
    }

    private static async Task Check(HttpResponseMessage response, CancellationToken ct)
    {
        if (response.IsSuccessStatusCode)
            return;
        using (response)
        {
            Problem? problem = null;
            if (response.Content.Headers.ContentType?.MediaType == "application/problem+json")
                problem = await response.Content.ReadFromJsonAsync<Problem>(HoldfastJson.Options, ct);
            var code = Enum.TryParse<ErrorCode>(problem?.Code?.Replace("_", "", StringComparison.Ordinal), ignoreCase: true, out var known) ? known : ErrorCode.Internal;
            throw problem?.Faults is { Count: > 0 } faults
                ? new HoldfastException(problem.Detail ?? "The server refused.", faults)
                : new HoldfastException(code, problem?.Detail ?? $"The server answered {(int)response.StatusCode} {response.ReasonPhrase}.", problem?.Hint);
        }
    }
}
