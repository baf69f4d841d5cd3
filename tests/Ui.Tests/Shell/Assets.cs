using System.Net;
using Holdfast.Serve;

namespace Holdfast.Ui.Tests.Shell;

/// <summary>Every asset, whole and with its type: from the built executable, and from the published file when there is one.</summary>
public sealed class Assets
{
    [Fact]
    public Task The_built_executable_serves_every_asset() => EveryAssetAsync(ServerFixture.Executable());

    [Fact]
    public async Task The_published_file_alone_serves_every_asset()
    {
        var published = Environment.GetEnvironmentVariable("HOLDFAST_PUBLISHED");
        Assert.SkipWhen(string.IsNullOrEmpty(published), "HOLDFAST_PUBLISHED does not name a published executable.");
        var alone = Directory.CreateTempSubdirectory("holdfast-alone-");
        try
        {
            var file = Path.Combine(alone.FullName, Path.GetFileName(published!));
            File.Copy(published!, file);
            await EveryAssetAsync(file);
        }
        finally
        {
            alone.Delete(recursive: true);
        }
    }

    private static async Task EveryAssetAsync(string executable)
    {
        await using var server = new ServerFixture();
        await server.StartAsync(executable, ServerFixture.FreePort());
        var files = new EmbeddedFiles(typeof(EmbeddedFiles).Assembly);
        string[] needed =
        [
            "_framework/blazor.web.js", "_content/MudBlazor/MudBlazor.min.css", "_content/MudBlazor/MudBlazor.min.js",
            "_content/Vizor.ECharts/js/vizor-echarts-bundle-min.js", "_content/Holdfast.Ui/holdfast.css", "_content/Holdfast.Ui/holdfast-charts.js",
        ];
        Assert.Empty(needed.Except(files.Paths));
        foreach (var path in files.Paths)
        {
            using var answer = await server.Http.GetAsync(new Uri("/" + path, UriKind.Relative));
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal(files.GetFileInfo(path).Length, (await answer.Content.ReadAsByteArrayAsync()).Length);
            Assert.Equal(TypeOf(path), answer.Content.Headers.ContentType?.MediaType);
            Assert.NotNull(answer.Headers.ETag);

            using var again = new HttpRequestMessage(HttpMethod.Get, "/" + path);
            again.Headers.IfNoneMatch.Add(answer.Headers.ETag);
            using var unchanged = await server.Http.SendAsync(again);
            Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);
        }
    }

    private static string TypeOf(string path) => Path.GetExtension(path) switch
    {
        ".js" => "text/javascript",
        ".css" => "text/css",
        ".svg" => "image/svg+xml",
        ".map" => "application/json",
        var other => other,
    };
}
