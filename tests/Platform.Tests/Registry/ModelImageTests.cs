using System.Security.Cryptography;
using System.Text.Json;
using Holdfast.Commands;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Registry;
using Holdfast.Tracking;

namespace Holdfast.Platform.Tests.Registry;

/// <summary>A version leaves as an OCI image and comes back.</summary>
[Collection("console")]
public sealed class ModelImageTests : IDisposable
{
    private static readonly Principal Someone = new(1, "someone", Role.Editor);
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_version_is_packaged_as_a_valid_image_with_how_it_was_made_and_registered_again_elsewhere()
    {
        await using var host = await TestHost.Start();
        var tracking = host.Service<TrackingService>();
        var run = await tracking.CreateRun(Someone, new NewRun("0", "fit"), Ct);
        await tracking.LogBatch(Someone, run.RunId, [], [new Param("depth", "7")], [], Ct);
        var registry = host.Service<RegistryService>();
        await registry.CreateVersion(Someone, new NewModelVersion("credit risk", Package("a"), run.RunId, "credit@v2"), Ct);
        await registry.SetAlias(Someone, "credit risk", "champion", 1, Ct);
        var (image, tar) = (Path.Combine(_folder.Path, "image"), Path.Combine(_folder.Path, "model.tar"));

        Assert.Equal(ExitCodes.Fine, await Cli.Run(["models", "package", "credit risk@champion", "--to", image, "--verify", "--server", host.Url], Ct));
        Assert.Equal(ExitCodes.Fine, await Cli.Run(["models", "package", "credit risk/1", "--to", tar, "--format", "tar", "--verify", "--server", host.Url], Ct));
        Assert.Equal(ExitCodes.Failed, await Cli.Run(["models", "package", "credit risk/1", "--to", image, "--server", host.Url], Ct));

        // The layout as its specification has it, read without the code that wrote it.
        Assert.Equal(["blobs", "index.json", "oci-layout"], Directory.GetFileSystemEntries(image).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal("1.0.0", Json(Path.Combine(image, "oci-layout")).GetProperty("imageLayoutVersion").GetString());
        var listed = Json(Path.Combine(image, "index.json")).GetProperty("manifests").EnumerateArray().Single();
        Assert.Equal("v1", listed.GetProperty("annotations").GetProperty("org.opencontainers.image.ref.name").GetString());
        var manifest = Json(Blob(image, listed));
        Assert.Equal("application/vnd.oci.image.manifest.v1+json", manifest.GetProperty("mediaType").GetString());
        var config = Json(Blob(image, manifest.GetProperty("config")));
        Assert.Equal(("linux", "layers", 2), (config.GetProperty("os").GetString(), config.GetProperty("rootfs").GetProperty("type").GetString(), config.GetProperty("history").GetArrayLength()));
        var layers = manifest.GetProperty("layers").EnumerateArray().Select(l => Blob(image, l)).ToList();
        Assert.Equal(4, Directory.GetFiles(Path.Combine(image, "blobs", "sha256")).Length);
        Assert.Equal(
            config.GetProperty("rootfs").GetProperty("diff_ids").EnumerateArray().Select(d => d.GetString()),
            layers.Select(l => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Unpacked(l)))));

        var record = await ModelImage.Open(tar, Path.Combine(_folder.Path, "opened"), Ct);
        Assert.Equal(("credit risk", 1, "credit@v2", "7"), (record.Model, record.Version, record.DatasetVersion, record.Run!.Params["depth"]));
        Assert.NotEmpty(record.Runtime.OnnxRuntime);
        Assert.Equal("constant", record.Manifest.GetProperty("backend").GetString());
        Assert.Equal(["record.json", "signature.json"], Directory.GetFiles(Path.Combine(_folder.Path, "opened", "holdfast")).Select(Path.GetFileName).Order(StringComparer.Ordinal));

        Assert.Equal(ExitCodes.Fine, await Cli.Run(["models", "import-package", image, "--name", "copy", "--server", host.Url], Ct));
        Assert.Equal(ExitCodes.Fine, await Cli.Run(["models", "import-package", tar, "--server", host.Url], Ct));
        var (first, copy) = (await registry.GetVersion(Someone, "credit risk", 1, Ct), await registry.GetVersion(Someone, "copy", 1, Ct));
        Assert.Equal(first.PackageKey, copy.PackageKey);
        Assert.Equal(first.PackageKey, (await registry.GetVersion(Someone, "credit risk", 2, Ct)).PackageKey);

        // The same version gives the same bytes.
        var again = Path.Combine(_folder.Path, "again");
        Assert.Equal(ExitCodes.Fine, await Cli.Run(["models", "package", "credit risk/1", "--to", again, "--server", host.Url], Ct));
        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(image, "index.json"), Ct), await File.ReadAllTextAsync(Path.Combine(again, "index.json"), Ct));

        // One bit turned is found, and all faults are named.
        var bytes = await File.ReadAllBytesAsync(layers[0], Ct);
        bytes[^9] ^= 1;
        await File.WriteAllBytesAsync(layers[0], bytes, Ct);
        await File.WriteAllTextAsync(layers[1], "short", Ct);
        var damaged = await Assert.ThrowsAsync<HoldfastException>(() => ModelImage.Open(image, Path.Combine(_folder.Path, "damaged"), Ct));
        Assert.Equal(["manifest: layers[0]", "manifest: layers[1]"], damaged.Faults.Select(f => f.Field));
        Assert.False(Directory.Exists(Path.Combine(_folder.Path, "damaged")));
        Assert.Equal(ExitCodes.Failed, await Cli.Run(["models", "import-package", _folder.Path, "--server", host.Url], Ct));
    }

    private string Package(string score)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder.Path, "package-" + score)).FullName;
        File.WriteAllText(Path.Combine(folder, "model.json"), """{"score": 0.1, "prediction": "0"}""");
        new ModelPackage(1, "constant", "model.json", "binary", new Signature([new SignatureField("x", "FP64")], [new SignatureField("score", "FP64")])).Write(folder);
        return folder;
    }

    private static JsonElement Json(string path)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        return document.RootElement.Clone();
    }

    /// <summary>The file of a descriptor, whose size and digest must hold.</summary>
    private static string Blob(string image, JsonElement descriptor)
    {
        var digest = descriptor.GetProperty("digest").GetString()!;
        var path = Path.Combine(image, "blobs", "sha256", digest["sha256:".Length..]);
        var bytes = File.ReadAllBytes(path);
        Assert.Equal((digest, descriptor.GetProperty("size").GetInt64()), ("sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes)), bytes.LongLength));
        return path;
    }

    private static byte[] Unpacked(string path)
    {
        using var packed = new System.IO.Compression.GZipStream(File.OpenRead(path), System.IO.Compression.CompressionMode.Decompress);
        using var content = new MemoryStream();
        packed.CopyTo(content);
        return content.ToArray();
    }
}
