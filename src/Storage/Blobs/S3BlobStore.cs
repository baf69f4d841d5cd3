using System.Net;
using System.Security.Cryptography;
using System.Text;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Amazon.S3.Transfer;
using Holdfast.Contracts;

namespace Holdfast.Storage.Blobs;

/// <summary>
/// Objects in a bucket of an S3-compatible store. S3 shows an object whole or not at all and answers a put when it is durable, so nothing is added to that. What
/// is read is copied to a local cache first: readers seek, and engines need files. Credentials come from where AWS's tools take them (AWS_ACCESS_KEY_ID, profiles, roles).
/// </summary>
public sealed class S3BlobStore : IBlobStore, IDisposable
{
    // Beyond it, what was not read for an hour leaves the cache, the longest unread first.
    private const long CacheBytes = 10L << 30;

    private readonly S3Address _place;
    private readonly string _cache;
    private static long _counter;
    private readonly TimeProvider _time;
    private readonly Lazy<AmazonS3Client> _client;

    /// <summary>A store at an address. Nothing is sent before the first use.</summary>
    /// <param name="place">Bucket and prefix.</param>
    /// <param name="cache">Local folder for copies of what is read; made if absent, and may be emptied at any time.</param>
    /// <param name="endpoint">Address of a server that is not AWS's; null for AWS.</param>
    /// <param name="time">When something was read; null for the system's clock.</param>
    public S3BlobStore(S3Address place, string cache, string? endpoint = null, TimeProvider? time = null)
    {
        (_place, _cache, _time) = (place, cache, time ?? TimeProvider.System);
        _client = new Lazy<AmazonS3Client>(() =>
        {
            var config = new AmazonS3Config { Timeout = TimeSpan.FromMinutes(5), MaxErrorRetry = 4 };
            if (endpoint is null)
                return new AmazonS3Client(config);
            // Other servers know buckets by path and not every checksum of AWS.
            (config.ServiceURL, config.ForcePathStyle) = (endpoint, true);
            config.AuthenticationRegion = Environment.GetEnvironmentVariable("AWS_REGION") ?? "us-east-1";
            config.RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED;
            config.ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED;
            return new AmazonS3Client(config);
        });
    }

    private AmazonS3Client Client => _client.Value;

    /// <inheritdoc />
    public void Dispose()
    {
        if (_client.IsValueCreated)
            _client.Value.Dispose();
    }

    /// <summary>Throws <see cref="ErrorCode.FailedPrecondition"/> with the remedy if the bucket cannot be reached and listed.</summary>
    public Task Check(CancellationToken ct = default) => Guarded(async () => _ = await Client.ListObjectsV2Async(new ListObjectsV2Request { BucketName = _place.Bucket, Prefix = _place.Prefix, MaxKeys = 1 }, ct));

    /// <inheritdoc />
    public async Task<long> Put(string key, Stream content, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        var to = KeyOf(key);
        // S3 wants to know the length first, and a retry reads again.
        var spool = Temporary();
        try
        {
            await using (var file = new FileStream(spool, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16, useAsync: true))
                await content.CopyToAsync(file, ct);
            using var transfer = new TransferUtility(Client);
            await Guarded(async () => await transfer.UploadAsync(new TransferUtilityUploadRequest { BucketName = _place.Bucket, Key = to, FilePath = spool }, ct));
            return new FileInfo(spool).Length;
        }
        finally
        {
            File.Delete(spool);
        }
    }

    /// <inheritdoc />
    public async Task<Stream?> Open(string key, CancellationToken ct = default) =>
        await Copy(KeyOf(key), ct) is { } path ? new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1 << 16, useAsync: true) : null;

    /// <inheritdoc />
    public async Task<BlobInfo?> Stat(string key, CancellationToken ct = default)
    {
        if (await Head(KeyOf(key), ct) is { } head)
            return new BlobInfo(key, head.ContentLength);
        return await Keys(KeyOf(key) + "/", 1, ct).AnyAsync(ct) ? new BlobInfo(key, 0, IsFolder: true) : null;
    }

    /// <inheritdoc />
    public async Task<IReadOnlyList<BlobInfo>> List(string folder, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var prefix = folder.Length == 0 ? _place.Prefix : KeyOf(folder.TrimEnd('/')) + "/";
        var found = new List<BlobInfo>();
        var request = new ListObjectsV2Request { BucketName = _place.Bucket, Prefix = prefix, Delimiter = "/" };
        do
        {
            var page = await Guarded(async () => await Client.ListObjectsV2Async(request, ct));
            found.AddRange((page.S3Objects ?? []).Where(o => o.Key != prefix).Select(o => new BlobInfo(o.Key[_place.Prefix.Length..], o.Size ?? 0)));
            found.AddRange((page.CommonPrefixes ?? []).Select(p => new BlobInfo(p[_place.Prefix.Length..].TrimEnd('/'), 0, IsFolder: true)));
            request.ContinuationToken = page.NextContinuationToken;
        }
        while (request.ContinuationToken is not null);
        return [.. found.OrderBy(b => b.Key, StringComparer.Ordinal)];
    }

    /// <inheritdoc />
    public async Task<bool> Delete(string key, CancellationToken ct = default)
    {
        var at = KeyOf(key);
        if (await Head(at, ct) is not null)
        {
            await Guarded(async () => await Client.DeleteObjectAsync(_place.Bucket, at, ct));
            return true;
        }

        var below = await Keys(at + "/", 1000, ct).Select(o => new KeyVersion { Key = o.Key }).ToListAsync(ct);
        foreach (var thousand in below.Chunk(1000))
            await Guarded(async () => await Client.DeleteObjectsAsync(new DeleteObjectsRequest { BucketName = _place.Bucket, Objects = [.. thousand], Quiet = true }, ct));
        return below.Count > 0;
    }

    /// <inheritdoc />
    public async Task<string?> LocalPath(string key, CancellationToken ct = default)
    {
        var at = KeyOf(key);
        if (await Copy(at, ct) is { } file)
            return file;
        var below = await Keys(at + "/", 1000, ct).ToListAsync(ct);
        if (below.Count == 0)
            return null;
        // A folder is named by what it holds, so a change makes another one.
        var folder = Path.Combine(_cache, Name(string.Join('\n', below.Select(o => o.Key + ' ' + o.ETag))));
        foreach (var item in below)
        {
            var path = Path.Combine(folder, BlobKey.Check(item.Key[(at.Length + 1)..]));
            if (!File.Exists(path))
                await Download(item.Key, path, ct);
            Touch(path);
        }

        return folder;
    }

    private string KeyOf(string key) => _place.Prefix + BlobKey.Check(key);

    private async IAsyncEnumerable<S3Object> Keys(string prefix, int page, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        var request = new ListObjectsV2Request { BucketName = _place.Bucket, Prefix = prefix, MaxKeys = page };
        do
        {
            var answer = await Guarded(async () => await Client.ListObjectsV2Async(request, ct));
            foreach (var item in answer.S3Objects ?? [])
                yield return item;
            request.ContinuationToken = answer.NextContinuationToken;
        }
        while (request.ContinuationToken is not null);
    }

    private Task<GetObjectMetadataResponse?> Head(string key, CancellationToken ct) => Guarded(async () =>
    {
        try
        {
            return await Client.GetObjectMetadataAsync(_place.Bucket, key, ct);
        }
        catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.NotFound && e.ErrorCode != "NoSuchBucket")
        {
            return null;
        }
    });

    // The local copy of an object, by key and content: an object that was replaced is fetched again.
    private async Task<string?> Copy(string key, CancellationToken ct)
    {
        if (await Head(key, ct) is not { } head)
            return null;
        var path = Path.Combine(_cache, Name(key + '\n' + head.ETag + '\n' + head.LastModified?.Ticks));
        if (!File.Exists(path))
            await Download(key, path, ct);
        Touch(path);
        return path;
    }

    private async Task Download(string key, string path, CancellationToken ct)
    {
        var temporary = Temporary();
        try
        {
            await Guarded(async () =>
            {
                using var answer = await Client.GetObjectAsync(_place.Bucket, key, ct);
                await using var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16, useAsync: true);
                await answer.ResponseStream.CopyToAsync(file, ct);
                if (file.Length != answer.ContentLength)
                    throw new IOException($"{_place}{key} ended after {file.Length} of {answer.ContentLength} bytes.");
            });
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }

        Trim();
    }

    private void Touch(string path) => File.SetLastAccessTimeUtc(path, _time.GetUtcNow().UtcDateTime);

    private void Trim()
    {
        var hourAgo = _time.GetUtcNow().UtcDateTime.AddHours(-1);
        var files = new DirectoryInfo(_cache).EnumerateFiles("*", SearchOption.AllDirectories).ToList();
        var total = files.Sum(f => f.Length);
        foreach (var file in files.OrderBy(f => f.LastAccessTimeUtc))
        {
            if (total <= CacheBytes || file.LastAccessTimeUtc > hourAgo)
                return;
            total -= file.Length;
            file.Delete();
        }
    }

    private string Temporary()
    {
        Directory.CreateDirectory(_cache);
        return Path.Combine(_cache, $".{Environment.ProcessId}.{Interlocked.Increment(ref _counter)}.tmp");
    }

    private static string Name(string of) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(of)));

    private Task<bool> Guarded(Func<Task> work) => Guarded(async () =>
    {
        await work();
        return true;
    });

    // What S3 says, in words that tell what to do.
    private async Task<T> Guarded<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (AmazonS3Exception e) when (e.ErrorCode == "NoSuchBucket")
        {
            throw new HoldfastException(ErrorCode.FailedPrecondition, $"There is no bucket '{_place.Bucket}'.", "Make it, or correct the address.", e);
        }
        catch (AmazonS3Exception e) when (e.StatusCode is HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized)
        {
            throw new HoldfastException(ErrorCode.FailedPrecondition, $"{_place} does not let this server in: {e.Message}", "Check the credentials (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY or a profile) and the rights to list, read, write and delete.", e);
        }
        catch (Exception e) when (e is AmazonClientException or HttpRequestException)
        {
            throw new HoldfastException(ErrorCode.Unavailable, $"{_place} cannot be reached: {e.Message.ReplaceLineEndings(" ")}", "Check the address (--s3-endpoint), the network and the credentials (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY or a profile).", e);
        }
    }
}
