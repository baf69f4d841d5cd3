using System.Text;
using Holdfast.Contracts;
using Holdfast.Kernel;

namespace Holdfast.Alerts;

/// <summary>
/// Posts to webhooks. The address is judged where it counts, on the resolved address of the connection: channels of operators may go
/// anywhere but to link-local addresses (cloud metadata), others only to public ones. No redirects, no proxy, a bounded answer.
/// </summary>
internal sealed class Webhooks : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private readonly HttpClient _operators = OutboundAddress.Client(mayBePrivate: true, Patience);
    private readonly HttpClient _others = OutboundAddress.Client(mayBePrivate: false, Patience);

    /// <summary>Null when it was accepted, else why not.</summary>
    public async Task<string?> Post(string url, string json, bool operatorOwned, CancellationToken ct) => (await Send(url, json, operatorOwned, [], ct)).Error;

    /// <summary>Posts, and says what came back.</summary>
    public async Task<Answer> Send(string url, string json, bool operatorOwned, IReadOnlyList<(string Name, string Value)> headers, CancellationToken ct)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
            return Answer.Refused("the address is no http(s) address");
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(Patience);
        try
        {
            using var content = new StringContent(json, Encoding.UTF8, "application/json");
            using var request = new HttpRequestMessage(HttpMethod.Post, uri) { Content = content };
            foreach (var (name, value) in headers)
                request.Headers.TryAddWithoutValidation(name, value);
            using var response = await (operatorOwned ? _operators : _others).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token);
            var status = (int)response.StatusCode;
            return new Answer(status, await Beginning(response.Content, patience.Token), response.IsSuccessStatusCode ? null : $"the receiver answered {status}", response.Headers.RetryAfter?.Delta, status is 408 or 429 or >= 500);
        }
        catch (HttpRequestException e)
        {
            return e.InnerException is HoldfastException refused ? Answer.Refused(refused.Message) : Answer.None("the receiver cannot be reached: " + e.HttpRequestError);
        }
        catch (IOException)
        {
            return Answer.None("the receiver broke off its answer");
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return Answer.None($"the receiver did not answer within {Patience.TotalSeconds:0} s");
        }
    }

    private static async Task<string> Beginning(HttpContent content, CancellationToken ct)
    {
        await using var stream = await content.ReadAsStreamAsync(ct);
        var buffer = new byte[4000];
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, ct);
        var text = Encoding.UTF8.GetString(buffer, 0, length);
        return text.Length <= 1000 ? text : text[..1000];
    }

    public void Dispose()
    {
        _operators.Dispose();
        _others.Dispose();
    }
}

/// <summary>What a receiver said.</summary>
/// <param name="Status">Null when there was no answer.</param>
/// <param name="Body">The beginning of the answer.</param>
/// <param name="Error">Null when it was accepted, else why not.</param>
/// <param name="RetryAfter">How long the receiver wants to be left alone.</param>
/// <param name="WorthAnotherTry">Whether the same request may do better later.</param>
internal sealed record Answer(int? Status, string? Body, string? Error, TimeSpan? RetryAfter, bool WorthAnotherTry)
{
    public bool Delivered => Error is null;

    public static Answer Refused(string why) => new(null, null, why, null, false);

    public static Answer None(string why) => new(null, null, why, null, true);
}
