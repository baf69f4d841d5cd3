using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Registry;

namespace Holdfast.Platform.Tests.Registry;

public sealed class RegistryApiTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_package_is_uploaded_as_a_zip_and_found_by_alias()
    {
        await using var host = await TestHost.Start();
        using var made = await Upload(host, ("holdfast-model.json", Manifest()), ("model.txt", "x"));
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        var version = (await made.Content.ReadFromJsonAsync<ModelVersion>(HoldfastJson.Options, Ct))!;
        Assert.Equal(("credit risk", 1, "ready", "credit@v2"), (version.Model, version.Version, version.Status, version.DatasetVersion));
        using var alias = await host.Client.PutAsJsonAsync("/api/v1/models/credit%20risk/aliases/champion", new AliasTarget(1), HoldfastJson.Options, Ct);
        Assert.Equal(HttpStatusCode.NoContent, alias.StatusCode);
        var found = await host.Client.GetFromJsonAsync<ModelVersion>("/api/v1/models/credit%20risk/aliases/champion", HoldfastJson.Options, Ct);
        Assert.Equal(["champion"], found!.Aliases);
        Assert.Equal("x", await host.Client.GetStringAsync("/api/v1/models/credit%20risk/versions/1/files/model.txt", Ct));
        using var missing = await host.Client.GetAsync("/api/v1/models/credit%20risk/aliases/nobody", Ct);
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        Assert.Empty(Directory.EnumerateFileSystemEntries(host.Service<Holdfast.Storage.DataFolder>().Temporary));
    }

    [Theory]
    [InlineData("../../evil.txt")]
    [InlineData("/tmp/evil.txt")]
    [InlineData("a\\..\\..\\evil.txt")]
    public async Task A_name_in_the_archive_cannot_leave_the_folder(string name)
    {
        await using var host = await TestHost.Start();
        using var refused = await Upload(host, ("holdfast-model.json", Manifest()), (name, "evil"));
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Equal("Invalid path", (await host.Problem(refused)).Detail);
        using var models = JsonDocument.Parse(await host.Client.GetStringAsync("/api/v1/models", Ct));
        Assert.Equal(0, models.RootElement.GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task What_is_no_package_is_said_with_all_its_faults()
    {
        await using var host = await TestHost.Start();
        using var refused = await Upload(host, ("holdfast-model.json", """{"format": 7, "backend": "magic", "file": "none", "task": "x", "signature": {"inputs": [], "outputs": []}}"""));
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Equal(["format", "backend", "task", "file"], (await host.Problem(refused)).Faults!.Select(f => f.Field));
        using var text = new ByteArrayContent("no zip"u8.ToArray());
        text.Headers.ContentType = new MediaTypeHeaderValue("application/zip");
        using var noZip = await host.Client.PostAsync("/api/v1/models/m/versions", text, Ct);
        Assert.Equal(HttpStatusCode.BadRequest, noZip.StatusCode);
    }

    private static async Task<HttpResponseMessage> Upload(TestHost host, params (string Name, string Content)[] files)
    {
        var bytes = new MemoryStream();
        using (var archive = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, text) in files)
            {
                await using var writer = new StreamWriter(await archive.CreateEntry(name).OpenAsync(Ct));
                await writer.WriteAsync(text);
            }
        }

        using var content = new ByteArrayContent(bytes.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/zip");
        return await host.Client.PostAsync("/api/v1/models/credit%20risk/versions?dataset_version=credit@v2", content, Ct);
    }

    private static string Manifest() =>
        JsonSerializer.Serialize(new ModelPackage(1, "constant", "model.txt", "binary", new Signature([new SignatureField("x", "FP64")], [new SignatureField("score", "FP64")])), HoldfastJson.Options);
}
