using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Registry;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace Holdfast.Serving.Backends.Remote;

/// <summary>
/// A model that another server serves (KServe, Triton, MLServer, MLflow, another Holdfast). An attempt has a time-out; another
/// follows, after a pause, only where the server has not begun: no connection, 429, 503. When many of the latest calls failed it
/// is left alone for a while, and the next variant answers at once.
/// </summary>
internal sealed class UpstreamBackend : IBackend
{
    private const int LeastCalls = 10;
    private const long LargestAnswer = 64L << 20;
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);
    private readonly HttpClient _client;
    private readonly RemoteCall _call;
    private readonly Uri _root;
    private readonly string _host;
    private readonly ResiliencePipeline<HttpResponseMessage> _pipeline;

    public UpstreamBackend(ModelPackage package, bool isTrusted, TimeProvider? time = null)
    {
        var spec = package.Upstream!;
        // The root of v2 ends with a slash, or its last part would be replaced.
        _root = new Uri(spec.Protocol == "v2" && !spec.Url.EndsWith('/') ? spec.Url + "/" : spec.Url);
        _host = _root.Authority;
        var timeout = TimeSpan.FromMilliseconds(spec.TimeoutMs);
        _client = new HttpClient(OutboundAddress.Handler(isTrusted && spec.PrivateNetwork, timeout)) { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = LargestAnswer };
        _call = new RemoteCall(_client, new RemoteCodec(package, spec.Protocol, spec.Model, spec.Version, spec.Tensor));
        _pipeline = Pipeline(spec, timeout, time);
        Info = new BackendInfo("upstream", package.Task, package.Signature) { Style = CallStyle.Awaited, Note = $"{spec.Protocol} at {_host}" };
    }

    public BackendInfo Info { get; }

    // For callers that evaluate offline; a gateway awaits.
    public void Predict(FeatureRows rows, Span<Outcome> outcomes)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var answers = new Outcome[rows.Count];
        Task.Run(async () => await PredictAsync(rows, answers)).GetAwaiter().GetResult();
        answers.CopyTo(outcomes);
    }

    public async ValueTask PredictAsync(FeatureRows rows, Memory<Outcome> outcomes, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ct.ThrowIfCancellationRequested();
        if (rows.Count == 0)
            return;
        var body = _call.Body(rows);
        try
        {
            using var response = await _pipeline.ExecuteAsync(
                static async (state, token) => await state.Call.Send(state.Root, state.Body, token), (Call: _call, Root: _root, Body: body), ct);
            await _call.Read(response, outcomes[..rows.Count], ct);
        }
        catch (BrokenCircuitException e)
        {
            throw new HoldfastException(ErrorCode.Unavailable, $"The model server {_host} is left alone after too many failures{(e.RetryAfter is { } wait ? $", for {wait.TotalSeconds:0.0} s more" : "")}.", null, e);
        }
        catch (TimeoutRejectedException e)
        {
            throw new HoldfastException(ErrorCode.Timeout, $"The model server {_host} did not answer within {e.Timeout.TotalMilliseconds:0} ms.", null, e);
        }
        catch (HttpRequestException e)
        {
            throw e.InnerException as HoldfastException ?? new HoldfastException(ErrorCode.Unavailable, $"The model server {_host} cannot be reached: {e.HttpRequestError}.", null, e);
        }
    }

    public void Dispose() => _client.Dispose();

    private static ResiliencePipeline<HttpResponseMessage> Pipeline(UpstreamSpec spec, TimeSpan timeout, TimeProvider? time)
    {
        var builder = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = time };
        if (spec.Retries > 0)
        {
            builder.AddRetry(new RetryStrategyOptions<HttpResponseMessage>
            {
                MaxRetryAttempts = spec.Retries,
                BackoffType = DelayBackoffType.Exponential,
                Delay = TimeSpan.FromMilliseconds(20),
                UseJitter = true,
                ShouldHandle = static args => ValueTask.FromResult(IsUntouched(args.Outcome)),
                DelayGenerator = static args => ValueTask.FromResult(args.Outcome.Result?.Headers.RetryAfter?.Delta),
                OnRetry = static args =>
                {
                    args.Outcome.Result?.Dispose();
                    return ValueTask.CompletedTask;
                },
            });
        }

        return builder
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<HttpResponseMessage>
            {
                FailureRatio = spec.BreakAfter,
                MinimumThroughput = LeastCalls,
                SamplingDuration = Window,
                BreakDuration = TimeSpan.FromSeconds(spec.BreakSeconds),
                ShouldHandle = static args => ValueTask.FromResult(
                    args.Outcome.Exception is HttpRequestException or TimeoutRejectedException || (int?)args.Outcome.Result?.StatusCode is >= 500 or 429),
            })
            .AddTimeout(timeout)
            .Build();
    }

    // The server has not begun with it, so asking again cannot make it count twice.
    private static bool IsUntouched(Outcome<HttpResponseMessage> outcome) =>
        (int?)outcome.Result?.StatusCode is 429 or 503
        || outcome.Exception is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError, InnerException: not HoldfastException };
}
