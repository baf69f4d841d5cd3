using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Kernel;

namespace Holdfast.Demo;

/// <summary>The native API as the demo needs it. Everything that the demo makes happen, it asks for here, as any user could.</summary>
internal sealed class PlatformApi(HttpClient http)
{
    public async Task<JsonElement> Get(string path, CancellationToken ct)
    {
        using var response = await http.GetAsync("/api/v1/" + path, ct);
        return await Result(response, ct);
    }

    public async Task<JsonElement> Post(string path, object body, CancellationToken ct)
    {
        using var response = await http.PostAsJsonAsync("/api/v1/" + path, body, HoldfastJson.Options, ct);
        return await Result(response, ct);
    }

    public async Task<JsonElement> Upload(string path, string file, CancellationToken ct)
    {
        await using var stream = File.OpenRead(file);
        using var content = new StreamContent(stream);
        content.Headers.ContentType = new("application/octet-stream");
        using var response = await http.PostAsync("/api/v1/" + path, content, ct);
        return await Result(response, ct);
    }

    /// <summary>Events past a position, oldest first.</summary>
    public async Task<IReadOnlyList<JournalEvent>> Journal(long after, CancellationToken ct)
    {
        var page = await Get($"journal?after={after}&limit=1000", ct);
        return page.GetProperty("items").Deserialize<List<JournalEvent>>(HoldfastJson.Options)!;
    }

    private static async Task<JsonElement> Result(HttpResponseMessage response, CancellationToken ct)
    {
        var text = await response.Content.ReadAsStringAsync(ct);
        if (!response.IsSuccessStatusCode)
            throw new HoldfastException(ErrorCode.Internal, $"{response.RequestMessage!.Method} {response.RequestMessage.RequestUri!.PathAndQuery} answered {(int)response.StatusCode}: {text}");
        return text.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(text, HoldfastJson.Options);
    }
}
