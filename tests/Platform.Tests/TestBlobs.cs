using System.Diagnostics;
using System.Globalization;
using Amazon.S3;
using Holdfast.Storage.Blobs;

namespace Holdfast.Platform.Tests;

/// <summary>The stores that every blob suite runs on: <c>[MemberData(nameof(TestBlobs.Names), MemberType = typeof(TestBlobs))]</c>.</summary>
public static class TestBlobs
{
    public const string Files = "files";
    public const string S3 = "s3";

    private static readonly Lazy<Task<(string? Endpoint, string Reason)>> _server = new(Start);

    public static TheoryData<string> Names => [Files, S3];

    /// <summary>An empty store. Skips the test where no S3-compatible server can be had.</summary>
    public static async Task<IBlobStore> Open(string name, string folder) =>
        name == Files ? new FileBlobStore(Path.Combine(folder, "blobs")) : new S3BlobStore(await Bucket(), Path.Combine(folder, "cache"), await Endpoint());

    /// <summary>A new bucket with a prefix.</summary>
    public static async Task<S3Address> Bucket()
    {
        using var client = new AmazonS3Client(new AmazonS3Config { ServiceURL = await Endpoint(), ForcePathStyle = true, AuthenticationRegion = "us-east-1" });
        var name = "t" + Guid.CreateVersion7().ToString("N");
        await client.PutBucketAsync(name);
        return S3Address.Parse($"s3://{name}/some/prefix");
    }

    /// <summary>The server that <c>HOLDFAST_TEST_S3</c> names, else moto's, started once a test process and stopped with it.</summary>
    public static async Task<string> Endpoint()
    {
        var (endpoint, reason) = await _server.Value;
        if (endpoint is null)
            Assert.Skip(reason);
        return endpoint!;
    }

    private static async Task<(string? Endpoint, string Reason)> Start()
    {
        foreach (var name in new[] { "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY" })
            Environment.SetEnvironmentVariable(name, Environment.GetEnvironmentVariable(name) ?? "test");
        if (Environment.GetEnvironmentVariable("HOLDFAST_TEST_S3") is { Length: > 0 } given)
            return (given, "");
        var port = ServerProcess.FreePort();
        Process process;
        try
        {
            process = Process.Start(new ProcessStartInfo("moto_server", ["-H", "127.0.0.1", "-p", port.ToString(CultureInfo.InvariantCulture)]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return (null, "No S3-compatible server: moto_server is not installed and HOLDFAST_TEST_S3 (an address) is not set.");
        }

        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => process.Kill(entireProcessTree: true);
        var endpoint = $"http://127.0.0.1:{port}";
        using var http = new HttpClient(new SocketsHttpHandler());
        for (var patience = Stopwatch.StartNew(); patience.Elapsed < TimeSpan.FromMinutes(1);)
        {
            try
            {
                using var answer = await http.GetAsync(new Uri(endpoint + "/moto-api/"));
                return (endpoint, "");
            }
            catch (HttpRequestException) when (!process.HasExited)
            {
                await Task.Delay(100);
            }
            catch (HttpRequestException)
            {
                break;
            }
        }

        return (null, "moto_server did not start.");
    }
}
